"""Recognize error pages: what sources send instead of a resume, with status 200. Pure.

A title tells most of it, but people have titles too: a "Login Systems Architect" is no login page.
So a phrase counts where it is the whole of a title, or of the part of it before or behind a dash.
A phrase that is less than that counts only on a page with little text.
"""

from __future__ import annotations

import re
from html import unescape

LOGIN, SHARE, ERROR = "source_login_page", "source_share_page", "source_error_page"

# Characters. Error messages have some forty; the shortest of the resumes seen that are pages, 700.
_LITTLE = 600
_SHORT = 200

# Each ends at the end of the page when nothing else ends it, so that none is searched for twice.
_UNSEEN = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|title|noscript|template|svg|textarea|select)(?=[\s/>]).*?(?:</\1\s*>|\Z)"
    r"|<[a-z/!?][^>]*(?:>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_TITLE, _HEADING = (re.compile(rf"<{name}(?=[\s/>])", re.IGNORECASE) for name in ("title", "h1"))
_MOST = 200  # characters of a title
_PASSWORD_FIELD = re.compile(r"<input\s[^<>]*\btype\s*=\s*[\"']?password", re.IGNORECASE)
_META = re.compile(r"<meta\s[^<>]{1,400}>", re.IGNORECASE)
_REFRESH = re.compile(r"http-equiv\s*=\s*[\"']?refresh\b", re.IGNORECASE)
_TARGET = re.compile(r"\burl\s*=\s*(.+)", re.IGNORECASE | re.DOTALL)
_TO_LOGIN = re.compile(r"log-?[io]n|sign-?[io]n|sso|saml|oauth|auth", re.IGNORECASE)
_DASH = re.compile(r"\s+[-\u2013\u2014|·•»]+\s+|\s*\|\s*|:\s+")
_END = " .!?…"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_LOG_IN = r"(?:sign|log)[ -]?(?:in|on)"
_LOGINS = _any(
    rf"(?:please )?{_LOG_IN}(?: (?:to|with|or|page|form|required|screen)\b.*| ?[/&].*)?",
    r"single sign-?on|authentication (?:is )?required",
    r"anmeld(?:en|ung)|einloggen|connexion|connectez-vous|iniciar sesi[oó]n|accedi|entrar",
)
_LITTLE_LOGINS = _any(rf".* {_LOG_IN}")  # "Customer Login"

_STORES = _any(
    r"Google (?:Drive|Docs)|(?:Microsoft )?(?:OneDrive|SharePoint)(?: Online)?"
    r"|(?:Microsoft )?Word Online|iCloud Drive|Sharing Link Validation|Powered by Box",
)
# People work for these, or write with them. In a title behind a file's name it is the page of one.
_EMPLOYERS = _any(r"Dropbox|Box|WeTransfer")
_VIEWERS = _any(_EMPLOYERS.pattern, r"(?:Microsoft )?Word|Microsoft 365")
_FILE_NAME = re.compile(r"\.(?:pdf|docx?|odt|rtf|txt|html?|pages|zip|png|jpe?g)\b", re.IGNORECASE)

_THING = (
    r"(?:(?:the|this|that|your|our|an?|requested|specified|shared?|download|web|security|user) )*"
    r"(?:link|ur[li]|(?:web ?)?page|file|document|resource|object|item|session|token|key|request"
    r"|signature|download|content|attachment|blob|account)"
)
_STATE = (
    r"(?:(?:you(?: have|'ve)? requested|has|have|is|was|could|can|does|did|do|be|been|no) )*"
    r"(?:expired|timed out|time-?out|not (?:be )?(?:found|exist|available|valid)"
    r"|(?:no )?longer (?:available|valid|exists?)|moved|removed|deleted|denied|blocked|rejected"
    r"|invalid|unavailable"
    r"|(?:could not|couldn't|can't|cannot) be (?:found|satisfied|displayed|opened))"
)
_REASON = (
    r"(?:page |file )?not found|bad request|unauthori[sz]ed|forbidden|access(?: is)? denied"
    r"|permission denied|bad gateway|gateway time-?out|(?:service|site|temporarily)"
    r"(?: is)?(?: temporarily)? ?unavailable|(?:internal )?server error|too many requests"
    r"|(?:object|document) moved|moved (?:permanently|temporarily)"
    r"|method not allowed|request time-?out|authori[sz]ation required"
    r"|access to .* (?:denied|blocked)"
)
_ERRORS = _any(
    _REASON,
    rf"{_THING} {_STATE}",
    r"(?:https? )?(?:status |error )*(?:code ?)?:? ?[345]\d\d(?: error)?"
    rf"(?:,? \(?(?:{_REASON}|found|gone|see other)\)?!*1?)?",
    r"error(?: page| code:? \d+| \d+| occurred)?",
    r"(?:an |unknown |unexpected |application |runtime )+error(?: has)?(?: occurred)?",
    r"(?:sorry,? |oops\W*|whoops\W*)*(?:something went wrong|oops|whoops|sorry)",
    r"just a moment|attention required|please wait|one moment,? please|loading|redirect(?:ing)?"
    r"(?: to .*| you.*)?|you are being redirected|(?:please |you need to )?enable javascript.*",
    r"(?:scheduled|planned|under|down for|undergoing)(?: scheduled| planned)? maintenance"
    r"|maintenance mode|(?:we'll|we will) be (?:right )?back(?: soon| shortly)?",
    r"rate limit exceeded|quota exceeded|invalid (?:token|session|request|credentials|link)",
    r"zugriff verweigert|(?:seite )?nicht gefunden|accès refusé|page (?:introuvable|non trouvée)"
    r"|acceso denegado|página no encontrada|accesso negato|pagina non trovata",
)
_LITTLE_ERRORS = _any(
    r"(?:site |system |website )?maintenance|(?:oops|whoops)\b.*|.* went wrong"
    r"|error (?:loading|opening|processing|retrieving|while) .*"
)

# How a short text begins that is a message. Where the phrase ends, the sentence does, or says for
# whom or why.
_REST = (
    r"(?=[\s'\"\])]*(?:$|[.,:;!?(\n\u2013\u2014-])"
    r"|\s+(?:to|for|by|on|at|from|because|due|while|when|please|you)\b)"
)
_LEAD = r"[\s\"'(\[]*(?:(?:sorry|oops|whoops|error|warning|http)[\s,.!:-]*)?"
_MESSAGES = re.compile(
    rf"{_LEAD}(?:(?:{_ERRORS.pattern}){_REST}"
    r"|(?:php )?(?:fatal|parse) error\b|(?:php )?warning ?: \w+\(|traceback \(most recent|uncaught "
    r"|cannot (?:get|post) /|upstream connect error|no healthy upstream|default backend"
    r"|you (?:do not|don't) have (?:permission|access)|you need (?:permission|access)"
    r"|authentication failed|(?:null|none|nil|nan|n/?a|undefined|found|gone|see other)\W*$)",
    re.IGNORECASE,
)
# What programs write in the place of bytes.
_OBJECT = re.compile(
    r"\s*(?:\[object \w+\]|\[[BC]@[0-9a-f]{4,16}|(?:system\.)?byte\[\]|\(?blob\)?"
    r"|<[\w. ]{1,60}\bat 0x[0-9a-f]+>)\s*",
    re.IGNORECASE,
)
_LOGIN_MESSAGES = re.compile(
    rf"{_LEAD}(?:please {_LOG_IN}\b|you (?:must|need to|have to) (?:be logged|{_LOG_IN})"
    rf"|{_LOG_IN} (?:to continue|required)|authentication (?:is )?required|not logged in)",
    re.IGNORECASE,
)


def page_code(page: str, *, whole: bool) -> str | None:
    """Return the reject code of an HTML page that is no resume; None for one that may be.

    ``page`` is its beginning; ``whole`` tells whether that is all of it.
    """
    if _PASSWORD_FIELD.search(page):
        return LOGIN
    text = _seen(page)
    little = whole and len(text) <= _LITTLE
    title = _seen(_start_of(page, _TITLE).partition("<")[0])
    heading = _seen(_start_of(page, _HEADING).partition("</")[0])
    code = _title_code(title or heading, little=little)
    if not little:
        return code
    return _refresh_code(page) or code or _title_code(heading, little=True) or text_code(text)


def text_code(text: str) -> str | None:
    """Return the reject code of a short text that is a message of a source; None for another."""
    if _OBJECT.fullmatch(text):
        return ERROR
    if "<" in text:
        text = _seen(text)
    text = text.strip()
    if len(text) >= _SHORT:
        return None
    if _LOGIN_MESSAGES.match(text):
        return LOGIN
    return ERROR if _MESSAGES.match(text) else None


def _title_code(title: str, *, little: bool) -> str | None:
    whole = title.strip(_END)
    pieces = [piece.strip(_END) for piece in _DASH.split(title)]
    parts = (whole, first := pieces[0], last := pieces[-1])
    if any(map(_LOGINS.fullmatch, parts)) or (little and any(map(_LITTLE_LOGINS.fullmatch, parts))):
        return LOGIN
    if any(map(_STORES.fullmatch, parts)) or (little and _EMPLOYERS.fullmatch(first)):
        return SHARE
    if _VIEWERS.fullmatch(last) and _FILE_NAME.search(title):
        return SHARE
    if any(map(_ERRORS.fullmatch, parts)) or (little and _LITTLE_ERRORS.fullmatch(whole)):
        return ERROR
    return None


def _refresh_code(page: str) -> str | None:
    """Tell a page that leads on to another at once."""
    for tag in _META.findall(page):
        target = _TARGET.search(tag)
        if target is not None and _REFRESH.search(tag):
            return LOGIN if _TO_LOGIN.search(target[1]) else ERROR
    return None


def _start_of(page: str, start: re.Pattern[str]) -> str:
    """Return what follows the first tag of its kind."""
    tag = start.search(page)
    begin = page.find(">", tag.end()) + 1 if tag else 0
    return page[begin : begin + _MOST] if begin else ""


def _seen(page: str) -> str:
    """Return the text of a page, as nearly as it takes to count it."""
    return " ".join(unescape(_UNSEEN.sub(" ", page)).split())
