"""A Meltano project, driven by Meltano's own command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tests.docs.documents import ROOT

MELTANO = ROOT / ".venv-meltano" / "bin" / "meltano"
TARGET = "target-linkedin-resumes"
# What `pip_url: -e .` of the repository's own project installs from.
TREE = ("target_linkedin_resumes", "examples", "pyproject.toml", "README.md", "LICENSE")
PREFIX = "TARGET_LINKEDIN_RESUMES_"


@dataclass
class Ran:
    """What one of Meltano's commands left behind; ``log`` is its JSON log, line by line."""

    code: int
    out: str
    log: list[dict[str, Any]]

    def said(self, plugin: str = TARGET) -> list[str]:
        """What a plugin logged."""
        return [line["event"] for line in self.log if line.get("string_id") == plugin]

    @property
    def exit_code(self) -> int | None:
        """The target's exit code, as its last log line says it in a field of its own."""
        codes = [line["exit_code"] for line in self.log if "exit_code" in line]
        return int(codes[-1]) if codes else None

    @property
    def text(self) -> str:
        """The whole log, to be shown when a test fails."""
        return "\n".join(str(line.get("event")) for line in self.log)


@dataclass
class Project:
    """A directory with a `meltano.yml`, and the variables that Meltano is run with."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def copy_of_repository(cls, directory: Path) -> Project:
        """The repository as a fresh clone: its own `meltano.yml`, not a letter changed."""
        directory.mkdir()
        shutil.copy(ROOT / "meltano.yml", directory)
        for name in TREE:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, directory / name)
        return cls(directory)

    @classmethod
    def of_user(cls, directory: Path, definition: Path) -> Project:
        """A user's project with the loader's block of the repository, as its comment says.

        ``definition`` is a `meltano.yml` that lacks the loader.
        """
        directory.mkdir()
        project = yaml.safe_load(definition.read_text("utf-8"))
        (loader,) = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))["plugins"]["loaders"]
        loader["pip_url"] = f"{ROOT}[s3]"
        project["plugins"]["loaders"] = [loader]
        (directory / "meltano.yml").write_text(yaml.safe_dump(project, sort_keys=False))
        return cls(directory)

    def having(self, **variables: Any) -> Project:
        """The same project with more variables; what is no text is given as JSON."""
        more = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in variables.items()
        }
        return replace(self, environment={**self.environment, **more})

    def loading(self, **settings: Any) -> Project:
        """The same project with settings of the target."""
        return self.having(**{PREFIX + name.upper(): value for name, value in settings.items()})

    def run(self, *arguments: str, command: str = "run", **settings: Any) -> Ran:
        """Run one of Meltano's commands to its end, with settings of the target."""
        with self.loading(**settings).start(*arguments, command=command) as process:
            return ended(process)

    @contextmanager
    def start(self, *arguments: str, command: str = "run") -> Iterator[subprocess.Popen[str]]:
        """Start a command as a process group of its own; it is killed if it still runs."""
        process = subprocess.Popen(
            [MELTANO, "--log-format=json", command, *arguments],
            cwd=self.directory,
            env={**_clean(os.environ), **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def state(self, tap: str) -> dict[str, Any]:
        """The state that Meltano keeps for a tap and the target; empty if there is none."""
        project = yaml.safe_load((self.directory / "meltano.yml").read_text("utf-8"))
        name = f"{project['default_environment']}:{tap}-to-{TARGET}"
        ran = self.run("get", name, command="state")
        assert ran.code == 0, ran.text
        return dict(json.loads(ran.out or "{}").get("singer_state", {}))


def ended(process: subprocess.Popen[str]) -> Ran:
    """Wait for a command of Meltano's and read what it said."""
    out, log = process.communicate(timeout=120)
    lines = [line for line in log.splitlines() if line.startswith("{")]  # not click's "Aborted!"
    return Ran(process.returncode, out, [json.loads(line) for line in lines])


def checked(ran: Ran, code: int = 0) -> Ran:
    """A run whose loader ended with this code; Meltano makes 1 of all that are not 0."""
    assert (ran.code, ran.exit_code) == (min(code, 1), code), ran.text
    return ran


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without what would change a project or the target."""
    ours = ("MELTANO_", "TAP_", "TARGET_", "COVERAGE", "VIRTUAL_ENV")
    return {name: text for name, text in environment.items() if not name.startswith(ours)}
