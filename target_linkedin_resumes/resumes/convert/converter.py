"""What the rest of the house sees of a conversion."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from typing import Protocol, cast

from target_linkedin_resumes.failures import Misconfigured
from target_linkedin_resumes.resumes.bodies import Found
from target_linkedin_resumes.resumes.convert.workspace import remove_leftovers
from target_linkedin_resumes.resumes.formats import Kind

# Imported when asked for: they need the extra `convert`.
_CONVERTERS = {"text": ("text", "TextConverter"), "pdf": ("office", "Office")}


class Converter(Protocol):
    """Makes documents into something LinkedIn takes. May be used by many threads at once."""

    @property
    def makes(self) -> Kind:
        """The kind of what is made."""
        ...

    def convert(self, found: Found, kind: Kind) -> AbstractContextManager[Found]:
        """Convert a document of a convertible kind.

        Raises :class:`Reject` (``conversion_failed``, ``file_too_large``) and :class:`Retry`.
        """
        ...

    def close(self) -> None:
        """Stop what is under way, and remove what was put on disk."""
        ...


def converter_of(setting: str) -> Converter | None:
    """Give what the setting `convert` asks for; None for `reject`.

    Whatever is asked for, it removes what earlier runs that were killed have left. Raises
    :class:`Misconfigured` when something that it takes is not installed.
    """
    remove_leftovers()
    if setting == "reject":
        return None
    module, name = _CONVERTERS[setting]
    try:
        made = getattr(importlib.import_module(f"{__package__}.{module}"), name)()
    except ImportError:
        raise Misconfigured(
            f"setting `convert`: {setting!r} needs packages that are not installed; run: pip"
            " install 'target-linkedin-resumes[convert]'"
        ) from None
    return cast("Converter", made)
