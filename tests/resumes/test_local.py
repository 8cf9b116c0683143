import errno
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from target_linkedin_resumes.errors import Misconfigured, Reject, Retry
from target_linkedin_resumes.records import ResumeFile
from target_linkedin_resumes.resumes.local import WHOLE_BYTES, LocalFiles, _failure
from target_linkedin_resumes.resumes.sources import Sources
from target_linkedin_resumes.resumes.spool import MAX_SIZE
from tests.resumes.samples import DOC, DOCX, PDF, TXT


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = tmp_path / "root"
    inside.mkdir()
    return inside


@pytest.fixture
def sources(root: Path) -> Sources:
    return Sources(root)


def read(sources: Sources, location: str, filename: str | None = None) -> tuple[str, str, bytes]:
    with sources.open(ResumeFile(location, filename=filename)) as resume:
        content = resume.body.read()
        assert resume.size == len(content)
        return resume.content_type, resume.filename, content


def refused(sources: Sources, location: str) -> str:
    """The code; the message names the field and quotes nothing of the path."""
    with pytest.raises(Reject) as caught, sources.open(ResumeFile(location)):
        pytest.fail("it was opened")
    assert "field 'file'" in caught.value.message
    parts = [part for part in location.split("/") if len(part) > 4 and not part.endswith(":")]
    assert not any(part in caught.value.message for part in parts)
    return caught.value.code


@pytest.mark.parametrize(
    ("content", "content_type", "extension"),
    [
        (PDF, "application/pdf", ".pdf"),
        (DOC, "application/msword", ".doc"),
        (TXT, "text/plain", ".txt"),
    ],
)
def test_the_bytes_decide(
    root: Path, sources: Sources, content: bytes, content_type: str, extension: str
) -> None:
    (root / "cv.docx").write_bytes(content)
    assert read(sources, "cv.docx") == (content_type, "cv" + extension, content)


def test_the_records_name_goes_before_the_paths(root: Path, sources: Sources) -> None:
    (root / "068xx0001").write_bytes(PDF)
    assert read(sources, "068xx0001", "Jane Doe.docx")[1] == "Jane Doe.pdf"
    assert read(sources, "068xx0001", "..")[1] == "068xx0001.pdf"


@pytest.mark.parametrize(
    "form",
    [
        "a/cv.pdf",
        "./a/cv.pdf",
        "a//cv.pdf",
        "a/../a/cv.pdf",
        "../root/a/cv.pdf",
        "{root}/a/cv.pdf",
        "file://{root}/a/cv.pdf",
        "file://localhost{root}/a/cv.pdf",
        "FILE:{root}/a/cv.pdf",
        "file://{root}/a/c%76.pdf",
        " file://{root}/a/cv.pdf\r\n",
    ],
)
def test_forms_of_a_path(root: Path, sources: Sources, form: str) -> None:
    (root / "a").mkdir()
    (root / "a" / "cv.pdf").write_bytes(PDF)
    assert read(sources, form.format(root=root)) == ("application/pdf", "cv.pdf", PDF)


@pytest.mark.parametrize(
    "name",
    ["a b.pdf", "c#1?.pdf", "100%41.pdf", "é漢😀.pdf", "a::b.pdf", "c:d.pdf", "x\\y.pdf", "-rf"],
)
def test_awkward_names_are_names(root: Path, sources: Sources, name: str) -> None:
    (root / name).write_bytes(PDF)
    assert read(sources, name)[2] == PDF


def test_links_within_the_root_are_followed(root: Path, sources: Sources) -> None:
    (root / "2024").mkdir()
    (root / "2024" / "cv.pdf").write_bytes(PDF)
    (root / "current").symlink_to("2024")
    (root / "latest.pdf").symlink_to(root / "current" / "cv.pdf")
    assert read(sources, "current/cv.pdf")[2] == PDF
    assert read(sources, "latest.pdf")[2] == PDF


def test_only_what_is_no_plain_path_is_resolved(
    root: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resolving costs more than opening."""
    (root / "a").mkdir()
    (root / "a" / "cv.pdf").write_bytes(PDF)
    (root / "link.pdf").symlink_to("a/cv.pdf")
    (root / "linked").symlink_to("a")
    resolved: list[str] = []
    resolve = os.path.realpath

    def counted(path: Path) -> str:
        resolved.append(str(path.relative_to(root)))
        return resolve(path)

    monkeypatch.setattr(os.path, "realpath", counted)
    for plain in ("a/cv.pdf", "./a/cv.pdf", "a//cv.pdf"):
        assert read(sources, plain)[2] == PDF
    assert resolved == []
    others = ["link.pdf", "linked/cv.pdf", "a/../a/cv.pdf", f"{root}/a/cv.pdf"]
    for other in others:
        assert read(sources, other)[2] == PDF
    assert resolved == [*others[:3], "a/cv.pdf"]


def test_the_root_may_be_a_link(tmp_path: Path, root: Path) -> None:
    (root / "cv.pdf").write_bytes(PDF)
    (tmp_path / "link").symlink_to(root)
    linked = Sources(tmp_path / "link")
    assert read(linked, "cv.pdf")[2] == PDF
    assert read(linked, f"{tmp_path}/link/cv.pdf")[2] == PDF


@pytest.mark.parametrize(
    "location",
    [
        "../outside.pdf",
        "a/../../outside.pdf",
        "missing/../../outside.pdf",
        "{tmp}/outside.pdf",
        "/etc/passwd",
        "//etc/passwd",
        "/proc/self/environ",
        "/proc/self/cwd/outside.pdf",
        "/dev/stdin",
        "file:///etc/passwd",
        "file://{tmp}/outside.pdf",
        "file://{root}/..%2foutside.pdf",
        "file://{root}/%2e%2e/outside.pdf",
        "link.pdf",
        "linked/outside.pdf",
        "chain.pdf",
        "linked/none-there.pdf",
        "../root-beside/outside.pdf",
        "{root}-beside/outside.pdf",
        "looped.pdf",
    ],
)
def test_nothing_outside_is_read(
    tmp_path: Path, root: Path, sources: Sources, location: str
) -> None:
    (root / "a").mkdir()
    (tmp_path / "root-beside").mkdir()
    for directory in (tmp_path, tmp_path / "root-beside"):
        (directory / "outside.pdf").write_bytes(PDF)
    (root / "link.pdf").symlink_to(tmp_path / "outside.pdf")
    (root / "linked").symlink_to("..")
    (root / "chain.pdf").symlink_to("link.pdf")
    (root / "looped.pdf").symlink_to("looped.pdf")
    assert refused(sources, location.format(tmp=tmp_path, root=root)) == "outside_root"


def test_a_directory_swapped_for_a_link_is_not_followed(tmp_path: Path, root: Path) -> None:
    (tmp_path / "cv.pdf").write_bytes(PDF)
    (root / "a").mkdir()
    (root / "a" / "cv.pdf").write_bytes(PDF)
    files = LocalFiles(root)
    directory_parts = files._parts("a/cv.pdf")
    (root / "a" / "cv.pdf").unlink()
    (root / "a").rmdir()
    (root / "a").symlink_to(tmp_path)
    with pytest.raises(NotADirectoryError):
        files._open_below(directory_parts)
    file_parts = (root / "cv.pdf").relative_to(root).parts
    (root / "cv.pdf").symlink_to(tmp_path / "cv.pdf")
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is what tells
        files._open_below(file_parts)
    assert caught.value.errno == errno.ELOOP


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("absent.pdf", "file_missing"),
        ("absent/cv.pdf", "file_missing"),
        ("here.pdf/cv.pdf", "file_missing"),
        ("n" * 300, "file_missing"),
        ("d/" * 3000 + "cv.pdf", "file_missing"),
        ("dangling.pdf", "file_missing"),
        ("folder", "not_a_file"),
        ("folder/", "not_a_file"),
        (".", "not_a_file"),
        ("pipe", "not_a_file"),
        ("sock3t", "not_a_file"),
        ("nul\0byte.pdf", "invalid_source"),
        ("half\ud800surrogate.pdf", "invalid_source"),
        ("file://fileserver/share/cv.pdf", "unsupported_source"),
        ("file:relative.pdf", "invalid_source"),
        ("file:///nul%00byte.pdf", "invalid_source"),
        ("ftp://example.com/cv.pdf", "unsupported_source"),
        ("gopher://example.com/cv.pdf", "unsupported_source"),
    ],
)
def test_what_is_no_file_is_told(root: Path, sources: Sources, location: str, code: str) -> None:
    (root / "here.pdf").write_bytes(PDF)
    (root / "folder").mkdir()
    (root / "dangling.pdf").symlink_to("nowhere.pdf")
    os.mkfifo(root / "pipe")  # opening it would wait for a writer for ever
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(root)  # the address of a socket is short
        server.bind("sock3t")
        os.chdir(here)
        assert refused(sources, location) == code


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything; permissions can be tested as somebody else only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("closed", ["a/cv.pdf", "a"])
def test_a_file_that_may_not_be_read(closed: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        (root / "a").mkdir()
        (root / "a" / "cv.pdf").write_bytes(PDF)
        (root / closed).chmod(0)
        with as_nobody():
            assert refused(Sources(root), "a/cv.pdf") == "file_unreadable"
        (root / closed).chmod(0o700)


def test_a_directory_that_may_be_passed_but_not_listed() -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        (root / "a").mkdir()
        (root / "a" / "cv.pdf").write_bytes(PDF)
        (root / "a" / "cv.pdf").chmod(0o644)
        (root / "a").chmod(0o311)
        with as_nobody():
            assert read(Sources(root), "a/cv.pdf")[2] == PDF


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENOMEM])
def test_what_may_pass_is_tried_again(number: int) -> None:
    failure = _failure(OSError(number, os.strerror(number), "secret-name.pdf"))
    assert isinstance(failure, Retry)
    assert "secret-name" not in failure.message


def test_the_root_must_be_a_directory(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"`file_root`.*no-such.*no directory"):
        Sources(tmp_path / "no-such")


def test_size_is_bounded(root: Path, sources: Sources) -> None:
    (root / "most.txt").write_bytes(b"a" * MAX_SIZE)
    assert len(read(sources, "most.txt")[2]) == MAX_SIZE
    (root / "more.txt").write_bytes(b"a" * (MAX_SIZE + 1))
    assert refused(sources, "more.txt") == "file_too_large"
    (root / "none.pdf").touch()
    assert refused(sources, "none.pdf") == "file_empty"


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shorten(path: Path) -> None:
    os.truncate(path, 20)


def rewrite(path: Path) -> None:
    before = path.stat()
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


@pytest.mark.parametrize("change", [append, shorten, rewrite])
def test_a_file_that_is_written_to_meanwhile_is_tried_again(
    root: Path, sources: Sources, change: Callable[[Path], None]
) -> None:
    (root / "cv.pdf").write_bytes(PDF.replace(b"trailer", b" " * WHOLE_BYTES + b"trailer"))
    with sources.open(ResumeFile("cv.pdf")) as resume:
        assert resume.body.read(10) == PDF[:10]
        change(root / "cv.pdf")
        with pytest.raises(Retry, match="changed"):
            resume.body.read()


@pytest.mark.parametrize("change", [append, shorten, rewrite])
def test_of_a_small_file_what_was_looked_at_is_sent(
    root: Path, sources: Sources, change: Callable[[Path], None]
) -> None:
    (root / "cv.pdf").write_bytes(PDF)
    with sources.open(ResumeFile("cv.pdf")) as resume:
        change(root / "cv.pdf")
        assert resume.body.read() == PDF
        resume.body.seek(0)
        assert resume.body.read() == PDF


@pytest.mark.parametrize("change", [append, shorten, rewrite])
def test_a_small_file_that_is_written_to_while_it_is_opened_is_tried_again(
    root: Path,
    sources: Sources,
    change: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (root / "cv.pdf").write_bytes(PDF)

    def read_late(descriptor: int, size: int, position: int) -> bytes:
        change(root / "cv.pdf")
        return read_at(descriptor, size, position)

    read_at = os.pread
    monkeypatch.setattr(os, "pread", read_late)
    with pytest.raises(Retry, match="changed"):  # noqa: SIM117 - by opening it
        with sources.open(ResumeFile("cv.pdf")):
            pass


def test_a_file_that_vanishes_once_open_is_sent(root: Path, sources: Sources) -> None:
    (root / "cv.pdf").write_bytes(PDF)
    with sources.open(ResumeFile("cv.pdf")) as resume:
        (root / "cv.pdf").unlink()
        assert resume.body.read() == PDF


def test_no_descriptor_is_left_open(root: Path, sources: Sources) -> None:
    (root / "cv.pdf").write_bytes(PDF)
    (root / "cv.docx").write_bytes(DOCX)
    (root / "a").mkdir()
    before = os.listdir("/proc/self/fd") if Path("/proc").is_dir() else []  # noqa: PTH208 - a list of names is compared
    for location in ("cv.pdf", "cv.docx", "a", "a/b/c", "../x", "absent"):
        try:
            read(sources, location)
        except Reject:
            continue
    after = os.listdir("/proc/self/fd") if Path("/proc").is_dir() else []  # noqa: PTH208 - as above
    assert after == before


def test_nothing_personal_shows_in_a_representation(root: Path, sources: Sources) -> None:
    (root / "Jane Doe.pdf").write_bytes(PDF)
    file = ResumeFile("Jane Doe.pdf", filename="Jane.pdf")
    with sources.open(file) as resume:
        assert "Jane" not in repr(resume)


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        ("Ren\u00e9e/R\u00e9sum\u00e9.pdf", "Rene\u0301e/Re\u0301sume\u0301.pdf"),
        ("Rene\u0301e/Re\u0301sume\u0301.pdf", "Ren\u00e9e/R\u00e9sum\u00e9.pdf"),
        ("Rene\u0301e/R\u00e9sum\u00e9.pdf", "Ren\u00e9e/Re\u0301sume\u0301.pdf"),
        ("\ud55c\uae00.pdf", "\u1112\u1161\u11ab\u1100\u1173\u11af.pdf"),
        # In neither form: names pieced together, and macOS leaves some characters as they are.
        ("Rene\u0301e R\u00e9sum\u00e9.pdf", "Ren\u00e9e R\u00e9sum\u00e9.pdf"),
        ("Rene\u0301e R\u00e9sum\u00e9.pdf", "Rene\u0301e Re\u0301sume\u0301.pdf"),
        ("\u212bngstr\u00f6m/a\u0307\u0323.pdf", "\u00c5ngstro\u0308m/\u1ea1\u0307.pdf"),
        ("\uac00\u1112\u1161.pdf", "\uac00\ud558.pdf"),
        ("\uf900.pdf", "\u8c48.pdf"),
    ],
)
@pytest.mark.parametrize("form", ["{path}", "{root}/{path}", "x/../{path}", "file://{root}/{url}"])
def test_a_name_in_another_unicode_form_is_found(
    root: Path, sources: Sources, there: str, asked: str, form: str
) -> None:
    (root / "x").mkdir()
    (root / there).parent.mkdir(exist_ok=True)
    (root / there).write_bytes(PDF)
    assert read(sources, form.format(path=asked, root=root, url=quote(asked)))[2] == PDF


def test_another_unicode_form_leads_nowhere_else(root: Path, sources: Sources) -> None:
    (root.parent / "\u00e9.pdf").write_bytes(PDF)
    assert refused(sources, "../e\u0301.pdf") == "outside_root"
    (root / "\u00e9.pdf").symlink_to(root.parent / "\u00e9.pdf")
    assert refused(sources, "e\u0301.pdf") == "outside_root"


@pytest.mark.parametrize(
    ("asked", "differs"),
    [("CV-A.PDF", True), ("D/cv.pdf", True), ("\uff43v-a.pdf", True), ("cv-b.pdf", False)],
)
def test_a_name_in_another_case_is_told(
    root: Path, sources: Sources, asked: str, differs: bool
) -> None:
    (root / "d").mkdir()
    (root / "cv-a.pdf").write_bytes(PDF)
    with pytest.raises(Reject) as caught, sources.open(ResumeFile(asked)):
        pytest.fail("it was opened")
    assert caught.value.code == "file_missing"
    assert ("differs in upper and lower case" in caught.value.message) is differs
    assert "cv-a" not in caught.value.message


def test_a_directory_is_listed_once_however_many_files_are_missing(
    root: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[Path] = []
    scandir = os.scandir

    def counted(path: Path) -> Iterator[os.DirEntry[str]]:
        listed.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counted)
    (root / "cv.pdf").write_bytes(PDF)
    for number in range(25):
        assert refused(sources, f"CV-{number}.pdf") == "file_missing"
        assert refused(sources, "CV.pdf") == "file_missing"
    assert len(listed) == 1


def test_a_file_that_comes_later_is_found(root: Path, sources: Sources) -> None:
    os.utime(root, ns=(0, 0))
    assert refused(sources, "Ren\u00e9e R\u00e9sum\u00e9.pdf") == "file_missing"
    (root / "Rene\u0301e R\u00e9sum\u00e9.pdf").write_bytes(PDF)
    assert read(sources, "Ren\u00e9e R\u00e9sum\u00e9.pdf")[2] == PDF


@pytest.mark.parametrize(
    "name", ["data: analyst.pdf", "data:analyst.pdf", "Data: a, b.pdf", "data:", "data: x, y, z"]
)
def test_a_name_that_begins_like_a_data_uri_is_a_name(
    root: Path, sources: Sources, name: str
) -> None:
    (root / name).write_bytes(PDF)
    assert read(sources, name)[2] == PDF
