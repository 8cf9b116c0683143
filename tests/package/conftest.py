"""Says at the end of `make test-package` on which Pythons the package was installed."""

from __future__ import annotations

import pytest

from tests.package.pythons import pythons


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the interpreters that there were."""
    if terminalreporter.config.option.markexpr == "package":
        for name, path in pythons().items():
            terminalreporter.write_line(f"{name}: {path}")
