"""A Postgres of the test's own: Debian's, as an unprivileged user, with logical decoding."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_DEBIAN = Path("/usr/lib/postgresql")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "wal_level": "logical",
    "fsync": "off",
    "full_page_writes": "off",
}


@dataclass
class Database:
    """One database of the cluster."""

    port: int
    name: str

    def sql(self, *statements: str) -> str:
        """Run statements, each in a transaction of its own; gives what the last one answers."""
        out = ""
        for statement in statements:
            out = subprocess.run(
                [*self._psql(), "--command", statement], capture_output=True, text=True, check=True
            ).stdout
        return out.strip()

    def number(self, statement: str) -> int:
        """The one number that a query answers."""
        return int(self.sql(statement))

    @contextmanager
    def transaction(self, statement: str) -> Iterator[None]:
        """A transaction that stays open for the length of a ``with``, and is committed then."""
        with subprocess.Popen(
            self._psql(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as session:
            assert session.stdin is not None
            assert session.stdout is not None
            session.stdin.write(f"BEGIN; {statement}; SELECT 'open';\n")
            session.stdin.flush()
            assert session.stdout.readline() == "open\n"
            yield
            session.stdin.write("COMMIT;\n")
            session.stdin.close()
            assert session.wait(20) == 0

    def _psql(self) -> list[str]:
        options = ("--quiet", "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
        place = ("--host=127.0.0.1", f"--port={self.port}", "--username=crm")
        return ["psql", *options, *place, self.name]


@contextmanager
def cluster() -> Iterator[Database]:
    """A cluster for the length of a ``with``; gives its first database."""
    binaries = max(_DEBIAN.glob("*/bin"), key=lambda found: int(found.parent.name))
    user = "postgres" if os.geteuid() == 0 else None  # Postgres refuses to run as root
    directory = Path(tempfile.mkdtemp(prefix="crm-"))
    if user is not None:
        owner = pwd.getpwnam(user)
        os.chown(directory, owner.pw_uid, owner.pw_gid)

    def run(command: str, *arguments: str) -> None:
        subprocess.run(
            [binaries / command, "--pgdata", str(directory / "data"), *arguments],
            check=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            cwd="/",
            stdout=subprocess.DEVNULL,
        )

    port = _free_port()
    settings = {**_SETTINGS, "port": str(port), "unix_socket_directories": str(directory)}
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    try:
        run("initdb", "--auth=trust", "--username=crm", "--locale=C.UTF-8", "--no-sync")
        run("pg_ctl", "start", "--wait", "--log", str(directory / "log"), "--options", options)
        try:
            yield Database(port, "postgres")
        finally:
            run("pg_ctl", "stop", "--wait", "--mode=immediate")
    finally:
        shutil.rmtree(directory)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
