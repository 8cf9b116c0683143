"""The pool of LibreOffice processes, tried with programs that behave as LibreOffice may.

What LibreOffice itself makes of documents is in `test_libreoffice.py`.
"""

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from target_linkedin_resumes.convert.converter import converter_of
from target_linkedin_resumes.convert.libreoffice import LibreOffice
from target_linkedin_resumes.convert.sanitize import PROFILE
from target_linkedin_resumes.convert.text import TextConverter
from target_linkedin_resumes.convert.workspace import Workspace, remove_leftovers
from target_linkedin_resumes.errors import Failure, Misconfigured, Reject, Retry, Stop
from target_linkedin_resumes.resumes import formats
from target_linkedin_resumes.resumes.formats import Converter, Kind
from target_linkedin_resumes.resumes.spool import MAX_SIZE
from tests.convert.documents import docx, found, odt, run

# A program for `sh`: $out is where the PDF belongs, $in the document, $profile the profile.
PROLOGUE = """#!/bin/sh
for argument; do
  case $argument in -env:UserInstallation=file://*) profile=${argument#*file://};; esac
  [ "$last" = --outdir ] && out=$argument/resume.pdf
  last=$argument
done
in=$last
"""
WELL = 'printf "%%PDF-1.4 " > "$out"; cat "$in" >> "$out"\n'


@pytest.fixture(autouse=True)
def _own_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Callable[..., LibreOffice]]:
    """Make a pool whose program does this with the document; the probe always goes well."""
    made: list[LibreOffice] = []

    def make(script: str, **options: float) -> LibreOffice:
        program = tmp_path / "soffice"
        program.write_text(
            f'{PROLOGUE}if grep -q "This is a test" "$in"; then {WELL}exit; fi\n{script}'
        )
        program.chmod(0o755)
        pool = LibreOffice(program=str(program), **options)  # type: ignore[arg-type]  # numbers of either kind
        made.append(pool)
        return pool

    yield make
    for pool in made:
        pool.close()
    assert list((tmp_path / "tmp").iterdir()) == []


def convert(pool: Converter, content: bytes = b"document", kind: Kind = formats.RTF) -> bytes:
    with pool.convert(found(content), kind) as made:
        pdf = made.body.read()
        assert made.size == len(pdf)
        return pdf


def gone(pid: int) -> bool:
    """Tell whether a process has ended; one that nobody waits for any more counts as well."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_converts(office: Callable[..., LibreOffice]) -> None:
    pool = office(WELL)
    assert pool.makes is formats.PDF
    assert convert(pool) == b"%PDF-1.4 document"


def test_a_disk_that_cannot_be_written_is_tried_again(office: Callable[..., LibreOffice]) -> None:
    pool = office(WELL, processes=1)
    room = pool._workspace.path / "0"
    shutil.rmtree(room)
    room.write_text("in the way")
    with pytest.raises(Retry, match="TMPDIR"):
        convert(pool)
    room.unlink()
    assert convert(pool) == b"%PDF-1.4 document"


def test_a_full_disk_stops_the_run(
    office: Callable[..., LibreOffice], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is met here or by LibreOffice, which says no more than that it failed."""
    pool = office("exit 1", processes=1)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 0))
        with pytest.raises(Stop, match=r"No space left.*TMPDIR"):
            convert(pool)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pool, "_attempt", full)
    with pytest.raises(Stop, match=r"No space left.*TMPDIR"):
        convert(pool)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (docx("<w:p/>"), formats.DOCX),
        (docx(f"<w:p>{run('hidden', '<w:vanish/>')}</w:p>"), formats.DOCX),
        (odt("<text:p/>"), formats.ODT),
        (odt('<text:p><draw:frame><draw:object xlink:href="./x"/></draw:frame></text:p>'),
         formats.ODT),
        (b"{\\rtf1 \\par}", formats.RTF),
        (b"<html><body><div id=root></div><script src=x.js></script>", formats.HTML),
        (b"<html><iframe src=resume.pdf></iframe><img src=https://example.com/scan.png>",
         formats.HTML),
    ],
)  # fmt: skip
def test_a_blank_document_is_refused_and_not_printed(
    office: Callable[..., LibreOffice], tmp_path: Path, content: bytes, kind: Kind
) -> None:
    pool = office(f": > {tmp_path}/printed; {WELL}")
    for converter in (pool, TextConverter()):
        with pytest.raises(Reject, match="neither text nor a picture") as caught:
            convert(converter, content, kind)
        assert caught.value.code == "conversion_failed"
    assert not (tmp_path / "printed").exists()


@pytest.mark.parametrize(
    ("content", "kind", "hint"),
    [
        (b"{\\rtf1 " + b"{x}" * 200_000 + b"}", formats.RTF, "far more parts"),
        (b"{\\rtf1 " + b"{x" * 1_000, formats.RTF, "nested too deeply"),
        (b"<html>" + b"<b>x</b>" * 100_001, formats.HTML, "far more elements"),
        (b"<html>" + b"<div>" * 1_000 + b"x", formats.HTML, "nested too deeply"),
        (docx("<w:p/>" * 100_001), formats.DOCX, "far more elements"),
        (odt("<text:p>x</text:p>" * 100_001), formats.ODT, "far more elements"),
    ],
)
def test_what_would_take_libreoffice_too_much_memory_is_not_printed(
    office: Callable[..., LibreOffice], tmp_path: Path, content: bytes, kind: Kind, hint: str
) -> None:
    pool = office(f": > {tmp_path}/printed; {WELL}")
    with pytest.raises(Reject, match=hint) as caught:
        convert(pool, content, kind)
    assert caught.value.code == "conversion_failed"
    assert not (tmp_path / "printed").exists()


def test_its_memory_is_bounded(office: Callable[..., LibreOffice]) -> None:
    pool = office('printf "%%PDF-" > "$out"; ulimit -d >> "$out"; ulimit -v >> "$out"')
    assert convert(pool).split(b"-")[1].split() == [b"1048576", b"2097152"]


@pytest.mark.parametrize(
    ("shown", "is_fine"),
    [
        (b"<</Type/XObject/Subtype/Image/Width 1240/Height 1754>>", True),
        (b"<</Type/XObject/Subtype/Image/Width 32/Height 32>>", False),  # it was not loaded
        (b"<</Filter/FlateDecode>>\nstream\n" + zlib.compress(b"0 0 m 9 9 l f\n" * 500), True),
        (b"<</Filter/FlateDecode>>\nstream\n" + zlib.compress(b"0 0 m 9 9 l S\n" * 9), False),
        (b"<</Filter/FlateDecode>>\nstream\nnothing of the sort", False),
    ],
)
def test_a_scan_has_to_be_seen_in_the_pdf(
    office: Callable[..., LibreOffice], tmp_path: Path, shown: bytes, is_fine: bool
) -> None:
    (tmp_path / "made").write_bytes(b"%PDF-1.6 " + shown)
    pool = office(f'cat {tmp_path}/made > "$out"')
    scan = b"{\\rtf1 {\\pict\\pngblip 00}}"
    if is_fine:
        assert convert(pool, scan).startswith(b"%PDF-1.6")
    else:
        with pytest.raises(Reject, match="neither text nor a picture"):
            convert(pool, scan)
    with pytest.raises(Reject, match="only pictures in it, as in a scan; `convert: pdf`"):
        convert(TextConverter(), scan)


def test_it_gets_no_credentials(
    office: Callable[..., LibreOffice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TARGET_LINKEDIN_RESUMES_CLIENT_SECRET", "secret")
    pool = office('printf "%%PDF-" > "$out"; env >> "$out"; ls -la "$profile/.." >> "$out"')
    made = convert(pool).decode()
    assert "HOME=" in made
    assert "secret" not in made


def test_each_document_meets_the_same_settings(office: Callable[..., LibreOffice]) -> None:
    pool = office(
        'printf "%%PDF-" > "$out"; s="$profile/user/registrymodifications.xcu"; cat "$s" >> "$out";'
        ' echo changed > "$s"',
        processes=1,
    )
    assert convert(pool) == convert(pool) == b"%PDF-" + PROFILE.encode()


@pytest.mark.parametrize(
    "script",
    ["exit 1", "exit 0", "kill -SEGV $$", 'echo "no PDF" > "$out"', ': > "$out"', 'mkdir "$out.x"'],
)
def test_a_document_that_cannot_be_read(office: Callable[..., LibreOffice], script: str) -> None:
    pool = office(script, processes=1)
    for _ in range(2):  # the place in the pool is free again
        with pytest.raises(Reject) as caught:
            convert(pool)
        assert caught.value.code == "conversion_failed"


def test_a_crash_may_be_the_fault_of_the_profile(office: Callable[..., LibreOffice]) -> None:
    again = '"$profile/../../again"'
    pool = office(f"[ -e {again} ] || {{ : > {again}; kill -SEGV $$; }}; {WELL}")
    assert convert(pool) == b"%PDF-1.4 document"


def test_a_pdf_that_is_too_large(office: Callable[..., LibreOffice]) -> None:
    pool = office(f'printf "%%PDF-" > "$out"; head -c {MAX_SIZE} /dev/zero >> "$out"')
    with pytest.raises(Reject) as caught:
        convert(pool)
    assert caught.value.code == "file_too_large"


def test_a_file_without_end_is_cut_off(office: Callable[..., LibreOffice]) -> None:
    pool = office('cat /dev/zero > "$out"', processes=1)
    with pytest.raises(Reject) as caught:
        convert(pool)
    assert caught.value.code == "conversion_failed"


def test_what_takes_too_long_is_killed_with_all_it_started(
    office: Callable[..., LibreOffice], tmp_path: Path
) -> None:
    note = tmp_path / "pids"
    pool = office(f"sleep 1000 & echo $$ $! > {note}; wait", timeout=0.3, processes=1)
    with pytest.raises(Reject, match="not ready") as caught:
        convert(pool)
    assert caught.value.code == "conversion_failed"
    pids = [int(pid) for pid in note.read_text().split()]
    assert len(pids) == 2
    wait_for(lambda: all(map(gone, pids)))


def test_no_more_at_a_time_than_the_pool_is_large(
    office: Callable[..., LibreOffice], tmp_path: Path
) -> None:
    running = tmp_path / "running"
    running.mkdir()
    pool = office(
        f"cd {running}; : > $$; ls | wc -l >> ../counts; sleep 0.05; rm $$; {WELL}",
        processes=2,
    )
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(convert(pool))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [b"%PDF-1.4 document"] * 8
    counts = [int(line) for line in (tmp_path / "counts").read_text().split()]
    assert max(counts) == 2


def test_closing_ends_what_is_under_way_and_what_waits(
    office: Callable[..., LibreOffice], tmp_path: Path
) -> None:
    note = tmp_path / "pid"
    pool = office(f"echo $$ > {note}; sleep 1000", processes=1)
    failures: list[Failure] = []

    def attempt() -> None:
        try:
            convert(pool)
        except Failure as failure:
            failures.append(failure)

    threads = [threading.Thread(target=attempt) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_for(lambda: note.exists() and note.read_text().endswith("\n"))
    pool.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert [type(failure) for failure in failures] == [Retry] * 3
    wait_for(lambda: gone(int(note.read_text())))


def test_no_libreoffice_is_said_at_the_start() -> None:
    with pytest.raises(Misconfigured, match="apt-get install libreoffice-writer-nogui"):
        LibreOffice(program="no-such-office")


def test_a_libreoffice_without_writer_is_said_at_the_start(tmp_path: Path) -> None:
    program = tmp_path / "soffice"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    with pytest.raises(Misconfigured, match="cannot convert a test page"):
        LibreOffice(program=str(program))
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_directory_that_cannot_be_used_is_said_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(Misconfigured, match="TMPDIR"):
        LibreOffice(program="true")


def test_leftovers_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    code = (
        "import sys, tempfile, time; tempfile.tempdir = sys.argv[1]\n"
        "from target_linkedin_resumes.convert.workspace import Workspace\n"
        "mine = Workspace(); (mine.path / 'resume.docx').write_text('x')\n"
        "print('ready', flush=True); time.sleep(1000)"
    )
    directory = tmp_path / "tmp"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(directory)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (leftover,) = directory.iterdir()
        living = Workspace()
        remove_leftovers()
        assert leftover.exists()  # the other one lives
        process.send_signal(signal.SIGKILL)
    other = Workspace()
    assert converter_of("reject") is None  # any run removes them
    assert not leftover.exists()
    assert sorted(directory.iterdir()) == sorted([living.path, other.path])
    assert living.path.stat().st_mode & 0o777 == 0o700
    (directory / "target-linkedin-resumes-convert-link").symlink_to(tmp_path)
    (directory / "target-linkedin-resumes-convert-file").write_text("x")
    remove_leftovers()
    for workspace in (living, other):
        workspace.remove()
    assert sorted(os.listdir(directory)) == [  # noqa: PTH208 - the names are compared
        "target-linkedin-resumes-convert-file",
        "target-linkedin-resumes-convert-link",
    ]
    for path in directory.iterdir():
        path.unlink()
