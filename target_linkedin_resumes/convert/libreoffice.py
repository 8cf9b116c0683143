"""`convert: pdf`: convert documents to PDF with LibreOffice.

Each process has a profile of its own that follows no link and runs no macro, an environment
without this process's variables, limits of its own, and no network where the system lets us have
that (``unshare`` of util-linux, user namespaces). A process that takes too long is killed with all
it has started.
"""

from __future__ import annotations

import errno
import os
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from target_linkedin_resumes.convert.safe_zip import TooMuch, conversion_failed
from target_linkedin_resumes.convert.sanitize import PROFILE, normalize_pdf, sanitize
from target_linkedin_resumes.convert.text import (
    has_pictures,
    nothing_to_show,
    shows_pictures,
    text_of,
)
from target_linkedin_resumes.convert.workspace import Workspace
from target_linkedin_resumes.errors import Misconfigured, Reject, Retry
from target_linkedin_resumes.resumes.formats import DOCX, HTML, ODT, PDF, RTF, Kind
from target_linkedin_resumes.resumes.spool import MAX_SIZE, Found, no_room, spooled

# Each takes one core for a second or two a document, and some 180 MiB while it runs.
PROCESSES = 2
TIMEOUT = 90
PACKAGE = "libreoffice-writer-nogui"
# Which import filter reads what; left to itself LibreOffice would guess, also other programs.
_FILTERS: Mapping[Kind, str] = {
    DOCX: "MS Word 2007 XML",
    ODT: "writer8",
    RTF: "Rich Text Format",
    HTML: "HTML (StarWriter)",
}
_NO_NETWORK = ("unshare", "--user", "--map-current-user", "--net", "--")
# Bounds of one process: no core dump, a file of 64 MiB (in blocks of 512 bytes), seconds of
# processor time, KiB of memory and of address space. Eight photographs of a page take 400 MiB.
_LIMITS = (
    f"ulimit -c 0; ulimit -f 131072; ulimit -t {TIMEOUT}; ulimit -d 1048576; ulimit -v 2097152;"
    ' exec "$@"'
)
# With fewer bytes left on the disk, a document that fails may be a good one.
_ROOM = 4 * 1024 * 1024
_PROBE = b"<html><body><p>This is a test.</p></body></html>"


class LibreOffice:
    """A pool of LibreOffice processes. See :class:`Converter`.

    ``processes`` run at a time, each for at most ``timeout`` seconds. ``program`` is looked for in
    PATH. Raises :class:`Misconfigured` when it is not there or cannot convert.
    """

    makes = PDF

    def __init__(
        self, *, processes: int = PROCESSES, timeout: float = TIMEOUT, program: str = "soffice"
    ) -> None:
        path = shutil.which(program)
        if path is None:
            raise Misconfigured(
                f"setting `convert`: 'pdf' needs LibreOffice, and there is no {program!r} in PATH;"
                f" run: apt-get install {PACKAGE}"
            )
        self._timeout = timeout
        self._program = path
        self._isolation = _isolation()
        self._running: set[int] = set()
        self._lock = threading.Lock()
        self._closed = False
        try:
            self._workspace = Workspace()
        except OSError as error:
            raise Misconfigured(
                "setting `convert`: 'pdf' needs a directory for temporary files, and the one of the"
                f" variable TMPDIR cannot be used ({error.strerror})"
            ) from None
        self._slots: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        for index in range(processes):
            self._slots.put(self._workspace.path / str(index))
        try:
            self._probe()
        except BaseException:
            self.close()
            raise

    def convert(self, found: Found, kind: Kind) -> AbstractContextManager[Found]:
        """See :class:`Converter`."""
        return spooled(self._pdf(found, kind), found.name)

    def close(self) -> None:
        """Kill what is under way and remove all files."""
        with self._lock:
            self._closed = True
            for group in self._running:
                _kill(group)
        self._slots.put(None)
        self._workspace.remove()

    def _probe(self) -> None:
        """Convert something at once: without Writer, LibreOffice would refuse every document."""
        with self._free_slot() as slot:
            try:
                self._attempts(slot, _PROBE, HTML)
            except Reject:
                raise Misconfigured(
                    f"setting `convert`: 'pdf': LibreOffice ({self._program}) cannot convert a"
                    f" test page; run: apt-get install {PACKAGE}"
                ) from None

    def _pdf(self, found: Found, kind: Kind) -> Generator[bytes, None, None]:
        with self._free_slot() as slot:
            # In here, so that no more documents are unpacked than are converted.
            content, only_pictures = sanitize(found, kind), _only_pictures(found, kind)
            pdf = self._attempts(slot, content, kind)
            if only_pictures and not shows_pictures(pdf):
                raise nothing_to_show()
            yield normalize_pdf(pdf)

    @contextmanager
    def _free_slot(self) -> Iterator[Path]:
        """Wait for a free slot: a directory with a profile, for one process at a time."""
        slot = self._slots.get()
        if slot is None:
            self._slots.put(None)  # for the next thread that waits
            raise _run_ended()
        try:
            yield slot
        finally:
            self._slots.put(slot)

    def _attempts(self, slot: Path, content: bytes, kind: Kind) -> bytes:
        """Convert; a crash may be the profile's fault, so a second attempt has a new one."""
        for _ in range(2):
            try:
                pdf = self._attempt(slot, content, kind)
            except OSError as error:
                if self._closed:
                    raise _run_ended() from None
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise no_room(error.strerror) from None
                raise Retry(
                    "converting in the directory for temporary files (TMPDIR) failed"
                    f" ({error.strerror})"
                ) from None
            if pdf is not None:
                return pdf
            if self._closed:
                raise _run_ended()
            # On a full disk LibreOffice says no more than that it failed.
            if shutil.disk_usage(self._workspace.path).free < _ROOM:
                raise no_room(os.strerror(errno.ENOSPC))
            shutil.rmtree(slot, ignore_errors=True)
        raise conversion_failed("LibreOffice cannot read it; it may be damaged or need a password")

    def _attempt(self, slot: Path, content: bytes, kind: Kind) -> bytes | None:
        profile, work = slot / "profile", slot / "work"
        settings = profile / "user" / "registrymodifications.xcu"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        settings.parent.mkdir(parents=True, exist_ok=True)
        # LibreOffice writes into its settings; each document meets them as they were.
        settings.write_text(PROFILE, encoding="utf-8")
        source = work / f"resume{kind.extension}"
        source.write_bytes(content)
        options = ("--headless", "--norestore", "--nolockcheck", "--nodefault")
        try:
            code = self._run(
                [
                    *options,
                    f"-env:UserInstallation={profile.as_uri()}",
                    f"--infilter={_FILTERS[kind]}",
                    *("--convert-to", "pdf:writer_pdf_Export"),
                    *("--outdir", str(work)),
                    str(source),
                ],
                work,
            )
            return _result(work / "resume.pdf") if code == 0 else None
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _run(self, arguments: Sequence[str], work: Path) -> int:
        command = [*self._isolation, "sh", "-c", _LIMITS, "sh", self._program, *arguments]
        with self._lock:
            if self._closed:
                raise _run_ended()
            process = subprocess.Popen(  # noqa: S603 - the arguments are ours, no shell reads them
                command,
                cwd=work,
                env=_environment(work),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._running.add(process.pid)
        try:
            return process.wait(self._timeout)
        except subprocess.TimeoutExpired:
            raise conversion_failed(
                f"LibreOffice was not ready after {self._timeout} seconds"
            ) from None
        finally:
            # What it has started may have survived it.
            _kill(process.pid)
            process.wait()
            with self._lock:
                self._running.discard(process.pid)


def _only_pictures(found: Found, kind: Kind) -> bool:
    """Tell whether a document has no text; raises :class:`Reject` if it has no pictures either.

    What is too much for text is too much for LibreOffice, which has no bounds of its own.
    """
    try:
        text = text_of(found, kind)
    except TooMuch:
        raise
    except Reject:
        return False  # what is too odd for text may still be printed
    if not text and not has_pictures(found, kind):
        raise nothing_to_show()
    return not text


def _result(path: Path) -> bytes | None:
    """Read what was made; a byte more than LinkedIn takes shows that it is too large."""
    try:
        with path.open("rb") as file:
            pdf = file.read(MAX_SIZE + 1)
    except FileNotFoundError:
        return None
    return pdf if pdf.startswith(b"%PDF-") else None


def _environment(work: Path) -> dict[str, str]:
    """Return what a program needs; this process's own variables hold credentials."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(work),
        "TMPDIR": str(work),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "SAL_USE_VCLPLUGIN": "svp",
    }


def _isolation() -> tuple[str, ...]:
    """Return the command that takes the network away, if the system has it and allows it."""
    try:
        tried = subprocess.run(  # noqa: S603 - a constant
            [*_NO_NETWORK, "true"], check=False, capture_output=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return _NO_NETWORK if tried.returncode == 0 else ()


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _run_ended() -> Retry:
    return Retry("field 'file': the run ends before the document is converted")
