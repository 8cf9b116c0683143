"""Environments to install the package into, one for each Python that the machine offers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.docs.documents import ROOT

LOWEST = (3, 11)


def pythons() -> dict[str, Path]:
    """Find an interpreter for each version from 3.11 up: on the path, and among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    places = [Path(one) for one in os.environ["PATH"].split(os.pathsep)]
    places += pyenv.glob("versions/*/bin")
    found: dict[str, Path] = {}
    for path in (path for place in places for path in sorted(place.glob("python3.*"))):
        match = re.fullmatch(r"python3\.(\d+)", path.name)
        if match and (3, int(match[1])) >= LOWEST and path.name not in found and _runs(path):
            found[path.name] = path
    return dict(sorted(found.items(), key=lambda item: int(item[0].rpartition(".")[2])))


def _runs(path: Path) -> bool:
    """Whether it is the Python it is named after: pyenv's stand-ins name versions not chosen."""
    code = "import sys, venv; print('python%d.%d' % sys.version_info[:2])"
    try:
        name = subprocess.check_output([path, "-c", code], stderr=subprocess.DEVNULL, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return False
    return name.decode().strip() == path.name


@dataclass(frozen=True)
class Environment:
    """An environment of its own, outside the repository."""

    directory: Path

    @classmethod
    def create(cls, python: Path, directory: Path) -> Environment:
        """Make an empty one; pip acts on it from outside."""
        subprocess.run([python, "-m", "venv", "--without-pip", directory], check=True, timeout=60)
        return cls(directory)

    def pip(self, *arguments: str) -> None:
        """Run pip on it."""
        python = str(self.directory / "bin" / "python")
        command = [sys.executable, "-m", "pip", "--quiet", "--python", python, *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr

    def install(self, requirement: str, constraints: str) -> None:
        """Install with constraints/<constraints>.txt."""
        file = ROOT / "constraints" / f"{constraints}.txt"
        self.pip("install", "--constraint", str(file), requirement)

    def command(self, name: str) -> str:
        """Give the path of an installed command."""
        return str(self.directory / "bin" / name)

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an installed command far from the repository's sources."""
        return subprocess.run(
            [self.command(name), *arguments],
            cwd=self.directory,
            env=plain_environment(),
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )


def plain_environment() -> dict[str, str]:
    """Give the variables that a command gets: nothing of this process's Python."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COVERAGE"))}
