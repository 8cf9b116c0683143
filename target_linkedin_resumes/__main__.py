"""The command `target-linkedin-resumes`."""

from __future__ import annotations

import sys

from target_linkedin_resumes.target import TargetLinkedInResumes


def main() -> None:
    """Run the command; raises SystemExit with one of the documented exit codes."""
    cli = TargetLinkedInResumes.cli
    try:
        cli()
    except (OSError, ValueError) as error:
        # Raised while --config is read: the SDK does not catch what is wrong with the file.
        reason = error.strerror if isinstance(error, OSError) else "not valid JSON"
        sys.stderr.write(f"--config: the file cannot be read: {reason or type(error).__name__}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
