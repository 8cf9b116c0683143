"""A small PDF that a viewer can really show: a red rectangle."""

from __future__ import annotations

_DRAWING = b"0.8 0.1 0.1 rg 60 640 300 140 re f"
_OBJECTS = (
    b"<</Type/Catalog/Pages 2 0 R>>",
    b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<>>>>",
    b"<</Length %d>>stream\n%s\nendstream" % (len(_DRAWING), _DRAWING),
)
RED = (204, 26, 26)


def red_pdf() -> bytes:
    """Give the file."""
    file, places = b"%PDF-1.4\n", []
    for number, content in enumerate(_OBJECTS, 1):
        places.append(len(file))
        file += b"%d 0 obj%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return file + (
        b"xref\n0 5\n0000000000 65535 f \n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (table, len(file))
    )
