"""Make the converter that the setting `convert` asks for. The surface of this folder."""

from __future__ import annotations

import importlib
from typing import cast

from target_linkedin_resumes.convert.workspace import remove_leftovers
from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.resumes.formats import Converter

# Imported when asked for: they need the extra `convert`.
_CONVERTERS = {"text": ("text", "TextConverter"), "pdf": ("libreoffice", "LibreOffice")}


def converter_of(setting: str) -> Converter | None:
    """Return the converter for a value of the setting `convert`; None for `reject`.

    Also remove what earlier runs that were killed have left, for any value. Raises
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
