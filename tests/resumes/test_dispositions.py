import time

import pytest

from target_linkedin_resumes.resumes.dispositions import disposition_name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="cv.pdf"', "cv.pdf"),
        ("attachment; filename=cv.pdf", "cv.pdf"),
        ("inline;filename=cv of mine.pdf ; size=3", "cv of mine.pdf"),
        ("ATTACHMENT; FILENAME=cv.pdf", "cv.pdf"),
        ("attachment; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf", "Résumé.pdf"),
        ("attachment; filename*=utf-8'de'R%C3%A9sum%C3%A9.pdf", "Résumé.pdf"),
        ("attachment; filename*=iso-8859-1''R%E9sum%E9.pdf", "Résumé.pdf"),
        ("attachment; filename=\"old.pdf\"; filename*=UTF-8''n%C3%A9w.pdf", "néw.pdf"),
        ("attachment; filename*=UTF-8''n%C3%A9w.pdf; filename=\"old.pdf\"", "néw.pdf"),
        ("attachment; filename*=UTF-8''%FF; filename=old.pdf", "old.pdf"),
        ("attachment; filename*=koi8-r''x; filename=old.pdf", "old.pdf"),
        ("attachment; filename*=broken; filename=old.pdf", "old.pdf"),
        ('attachment; filename="a \\"quoted\\" ; name.pdf"', 'a "quoted" ; name.pdf'),
        (
            "Résumé.pdf".join(['attachment; filename="', '"']).encode().decode("latin-1"),
            "Résumé.pdf",
        ),
        ('attachment; filename="R\xe9sum\xe9.pdf"', "Résumé.pdf"),
        ('attachment; filename="=?UTF-8?B?UsOpc3Vtw6kucGRm?="', "Résumé.pdf"),
        ('attachment; filename="=?none?Q?x?="', "=?none?Q?x?="),
        ("attachment", None),
        ("", None),
        (None, None),
        ('attachment; filename=""', None),
        ("attachment; filename=", None),
        ("attachment; name=cv.pdf", None),
    ],
)
def test_names(header: str | None, name: str | None) -> None:
    assert disposition_name(header) == name


@pytest.mark.parametrize(
    "hostile", [";a=" * 20_000, '; a="' * 20_000, ";" + " " * 60_000, '; a="' + "\\" * 60_000]
)
def test_a_hostile_header_costs_no_time(hostile: str) -> None:
    begun = time.process_time()
    disposition_name(hostile)
    assert time.process_time() - begun < 1
