"""Masking of secrets and personal data in every log line, whoever writes it.

The messages of this project hold none by construction; this is for the lines of libraries and for
mistakes. It works on the finished text, tracebacks and JSON lines included.

Names of streams and properties come from the input: control characters in them, which a terminal
would obey or take for the end of the line, are escaped.
"""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Iterable

MASK = "***"

# What follows the host may name a file, and a query may be a credential.
_URL = re.compile(
    r"\b([a-z][a-z0-9+.-]*://)(?:[^\s/@\"'<>\\]*@)?([^\s/?#\"'<>\\]*)(?:[/?#][^\s\"'<>\\]+|/)?",
    re.I,
)
_TARGET = re.compile(r"\b(GET|POST|PUT|DELETE|HEAD|PATCH) /[^\s\"']*")
_BEARER = re.compile(r"\b(bearer|basic|zoho-oauthtoken)\s+[^\s\"',}]+", re.I)
_NAME = r"\w*(?:secret|password|token|authorization|signature|api_?key)\w*"
_SECRETLY_NAMED = re.compile(
    rf"(\b{_NAME}\s*=\s*|\\?[\"']{_NAME}\\?[\"']\s*:\s*(?=\\?[\"']))"
    r"(?:(\\?[\"'])(?:(?!\2).)*\2|[^\s,;}&\"'\\]+)",
    re.I,
)
# A short secret would mask ordinary words; no real one is that short.
_SHORTEST = 6
# C0, DEL, C1, and the two that Unicode has to end lines.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_NEWLINE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class MaskingFormatter(logging.Formatter):
    """Format as another formatter does, mask secrets and personal data, keep a message one line.

    ``secrets`` are masked wherever they stand.
    """

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        known = sorted({s for s in secrets if len(s) >= _SHORTEST}, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known))) if known else None

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, masked. Called by the handler."""
        # A formatter keeps the text of a traceback on the record, for the next handler to print.
        try:
            text = self._inner.format(self._escaped(record))
        except Exception as error:  # noqa: BLE001 - logging would print the arguments as they are
            text = f"{record.name}: a line is left out, it has no form ({type(error).__name__})"
        # The message is one line by now: the newlines that are left are those of a traceback.
        return _CONTROL_BUT_NEWLINE.sub(_escape, self.mask(text))

    def _escaped(self, record: logging.LogRecord) -> logging.LogRecord:
        message = record.getMessage()
        if not _CONTROL.search(message):
            return record
        record = copy.copy(record)
        # Masked before: once escaped, they would end what the mask takes for a URL.
        record.msg, record.args = _CONTROL.sub(_escape, self.mask(message)), None
        return record

    def mask(self, text: str) -> str:
        """Give a text with secrets, paths and queries of URLs, and credentials masked."""
        if self._secrets is not None:
            text = self._secrets.sub(MASK, text)
        text = _URL.sub(_mask_url, text)
        text = _TARGET.sub(rf"\1 {MASK}", text)
        text = _BEARER.sub(rf"\1 {MASK}", text)
        return _SECRETLY_NAMED.sub(_mask_value, text)


def _escape(match: re.Match[str]) -> str:
    r"""Write ``\n`` or ``\u001b``, as JSON does, so that a line of JSON stays one."""
    return "\\n" if match[0] == "\n" else f"\\u{ord(match[0]):04x}"


def _mask_url(match: re.Match[str]) -> str:
    scheme, host = match[1], match[2]
    behind = match.end() - match.end(2)
    return scheme + host + (f"/{MASK}" if behind > 1 else "")


def _mask_value(match: re.Match[str]) -> str:
    quote = match[2] or ""
    return match[1] + quote + MASK + quote


def silence_loggers(names: Iterable[str]) -> None:
    """Silence these loggers at every level: of libraries whose lines name files."""
    for name in names:
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False


def mask_logs(secrets: Iterable[str] = ()) -> None:
    """Mask the lines of every handler there is. Call it again once more secrets are known."""
    known = list(secrets)
    loggers = [logging.getLogger(name) for name in list(logging.root.manager.loggerDict)]
    for logger in (logging.root, *loggers):
        for handler in logger.handlers:
            inner = handler.formatter or logging.Formatter()
            if isinstance(inner, MaskingFormatter):
                inner = inner._inner  # noqa: SLF001 - its own kind
            handler.setFormatter(MaskingFormatter(inner, known))
