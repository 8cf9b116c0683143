"""The files that are made from the code: `make generated` writes them, a test compares them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from click.testing import CliRunner

from target_linkedin_resumes.target import TargetLinkedInResumes
from tests.certification.page import certification_page
from tests.docs.documents import ROOT
from tests.docs.plugin import HUB_FILE, hub_file, project_file
from tests.docs.settings_page import settings_page


def about(*options: str) -> str:
    """Give what `--about` prints, without the versions of the package and the SDK."""
    command = TargetLinkedInResumes.get_singer_command()
    printed = CliRunner().invoke(command, ["--about", *options], catch_exceptions=False).stdout
    return re.sub(r'(?i)(version"?: "?)[\w.+]+', r"\1x.y.z", printed)


FILES: dict[str, Callable[[], str]] = {
    HUB_FILE: hub_file,
    "docs/certification.md": certification_page,
    "docs/settings.md": settings_page,
    "meltano.yml": project_file,
    "tests/docs/about/about.txt": about,
    "tests/docs/about/about.json": partial(about, "--format=json"),
    "tests/docs/about/about.md": partial(about, "--format=markdown"),
}


def main() -> None:
    """Write each file that is not as it should be, and say which."""
    for name, make in FILES.items():
        path, text = ROOT / name, make()
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"wrote {name}")


if __name__ == "__main__":
    main()
