"""A file of lines: whose it is, what a killed run leaves of it, and what a full disk does."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from target_linkedin_resumes.errors import Misconfigured, Stop
from target_linkedin_resumes.stores.line_file import NEW, LineFile


def opened(path: Path) -> LineFile:
    return LineFile(path, "some_path", "a line would be lost")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_lines_are_appended_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    file = opened(path)
    assert file.empty
    file.append(b"a\nb\n")
    file.sync()
    assert list(file) == [b"a\n", b"b\n"]
    file.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_is_replaced_by_what_is_read_from_it(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    file = opened(path)
    file.append(b"a\nb\n")
    file.replace(line.upper() for line in file)
    file.append(b"c\n")
    assert path.read_bytes() == b"A\nB\nc\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    file.close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["lines"]


def test_a_replaced_file_still_belongs_to_the_run(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    file = opened(path)
    file.replace([b"a\n"])
    with pytest.raises(Misconfigured, match="in use by another run"):
        opened(path)
    file.close()
    opened(path).close()


def test_a_run_that_waited_at_the_old_file_looks_at_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"old\n")
    real_open, opens = os.open, 0

    def replaced_in_between(*arguments: object, **options: object) -> int:
        nonlocal opens
        descriptor = real_open(*arguments, **options)  # type: ignore[arg-type]
        opens += 1
        if opens == 1:
            other = tmp_path / "other"
            other.write_bytes(b"new\n")
            other.replace(path)
        return descriptor

    monkeypatch.setattr(os, "open", replaced_in_between)
    file = opened(path)
    file.append(b"more\n")
    file.close()
    assert path.read_bytes() == b"new\nmore\n"


def test_a_replacement_that_fails_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    file = opened(path)
    file.append(b"a\n" * 10)
    with largest_file(15), pytest.raises(Stop, match="a line would be lost"):
        file.replace([b"bbbbbbbbb\n"] * 3)
    file.append(b"c\n")
    file.close()
    assert path.read_bytes() == b"a\n" * 10 + b"c\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["lines"]


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"whole\ntorn")
    (tmp_path / f"lines{NEW}").write_bytes(b"half of a replacement")
    file = opened(path)
    file.append(b"next\n")
    file.close()
    assert path.read_bytes() == b"whole\nnext\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["lines"]


def test_what_is_appended_after_a_full_disk_stands_on_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    file = opened(path)
    file.append(b"first\n")
    with largest_file(9), pytest.raises(Stop, match="some_path"):
        file.append(b"second\n")
    file.append(b"third\n")
    file.close()
    assert path.read_bytes() == b"first\nthird\n"


def test_a_failed_sync_is_never_followed_by_one_that_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = opened(tmp_path / "lines")
    file.append(b"a\n")

    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(Stop, match="Input/output error"):
            file.sync()
    with pytest.raises(Stop, match="Input/output error"):
        file.sync()
    file.close()


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "lines"
    link.symlink_to(tmp_path / "elsewhere" / "real")
    file = opened(link)
    file.append(b"a\n")
    file.replace([b"b\n"])
    file.close()
    assert link.is_symlink()
    assert (tmp_path / "elsewhere" / "real").read_bytes() == b"b\n"


def test_a_path_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="setting 'some_path': the file cannot be written"):
        opened(tmp_path / "missing" / "lines")
    with pytest.raises(Misconfigured, match="regular file"):
        opened(tmp_path)


@pytest.mark.parametrize("torn", [b"{", b'{"a": 1', b"\0\0\0"])
def test_a_torn_line_is_cut_however_short_it_is(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"{}\n" + torn)
    LineFile(path, "some_path", "", begin=b'{"a":').close()
    assert path.read_bytes() == b"{}\n"


def test_the_last_line_of_a_file_that_is_another_s_is_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b'{\n "a": 1\n}')
    with pytest.raises(Misconfigured, match="holds something else"):
        LineFile(path, "some_path", "", begin=b"{")
    assert path.read_bytes() == b'{\n "a": 1\n}'
    path.unlink()


def test_a_closed_file_takes_nothing(tmp_path: Path) -> None:
    file = opened(tmp_path / "lines")
    file.close()
    with pytest.raises(Stop, match="some_path"):
        file.append(b"a\n")


def deleted(path: Path) -> None:
    path.unlink()


def truncated(path: Path) -> None:
    os.truncate(path, 3)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def replaced(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


def moved(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))


def added_to(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"another's\n")


@pytest.mark.parametrize("done", [deleted, truncated, emptied, replaced, moved, added_to])
def test_what_somebody_else_does_to_the_file_stops_the_run(
    tmp_path: Path, done: Callable[[Path], None]
) -> None:
    path = tmp_path / "lines"
    file = opened(path)
    file.append(b"first\n")
    file.sync()
    done(path)
    left = path.read_bytes() if path.exists() else None
    for act in (file.sync, lambda: file.replace([b"x\n"]), file.remove):
        with pytest.raises(Stop, match=r"'some_path': another program has .* a line would"):
            act()
    file.close()
    assert (path.read_bytes() if path.exists() else None) == left


def test_what_stands_beside_the_file_is_left_alone(tmp_path: Path) -> None:
    others = [tmp_path / name for name in ("lines.new", "lines.replay", "lines~")]
    for other in others:
        other.write_bytes(b"another's")
    file = opened(tmp_path / "lines")
    file.append(b"first\n")
    file.replace([b"second\n"])
    file.close()
    assert {other.read_bytes() for other in others} == {b"another's"}
