"""The command `target-linkedin-resumes`."""

from __future__ import annotations

import sys

from target_linkedin_resumes.errors import Misconfigured
from target_linkedin_resumes.singer.standard_streams import open_missing
from target_linkedin_resumes.target import TargetLinkedInResumes


def main() -> None:
    """Run the command; raises SystemExit with one of the documented exit codes."""
    try:
        open_missing()
        TargetLinkedInResumes.command()()
    except Misconfigured as error:  # raised before there is a log
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
