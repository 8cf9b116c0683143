"""The ledger's file: whose it is, what is in it, and who may write to it.

An SQLite database in WAL mode, mode 0600, of one customer, and of one run at a time. What is
deleted is overwritten with zeros (``secure_delete``), and the WAL is emptied when it is closed.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from target_linkedin_resumes.errors import Misconfigured, Stop
from target_linkedin_resumes.stores.owned_file import check, lock, open_private, usable

SETTING = "ledger_path"
# "lire": tells a ledger from any other SQLite database.
APPLICATION_ID = 0x6C697265
_SALT_BYTES = 16
# Each step takes a ledger from the version that is its place in this list to the next one.
STEPS = (
    """
    CREATE TABLE about (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE resumes (
        number INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        candidate_id TEXT,
        resume_id TEXT,
        stream TEXT,
        version INTEGER,
        state TEXT NOT NULL,
        sha256 BLOB,
        name BLOB,
        content_type TEXT,
        created_at INTEGER,
        urn TEXT,
        uploaded_at INTEGER,
        expires_at INTEGER,
        source TEXT,
        changed_at INTEGER NOT NULL
    );
    CREATE TABLE incomplete (stream TEXT, version INTEGER, PRIMARY KEY (stream, version))
        WITHOUT ROWID;
    CREATE TABLE recovered (
        resume BLOB PRIMARY KEY,
        fingerprint BLOB NOT NULL,
        urn TEXT NOT NULL,
        delivered_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE quota (resource TEXT PRIMARY KEY, day TEXT NOT NULL, used INTEGER NOT NULL)
        WITHOUT ROWID;
    """,
    "ALTER TABLE resumes ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;",
    # A salted hash of the bytes at the source and of how they are converted.
    "ALTER TABLE resumes ADD COLUMN origin BLOB;",
    # The row of the tap that names a resume, as a salted hash; where several do, `shared_rows` has
    # them all. `sent` says that a call may have written the record since its last deletion.
    """
    ALTER TABLE resumes ADD COLUMN row BLOB;
    ALTER TABLE resumes ADD COLUMN sent INTEGER NOT NULL DEFAULT 1;
    CREATE INDEX resumes_by_row ON resumes (row) WHERE row IS NOT NULL;
    CREATE TABLE shared_rows (key BLOB, row BLOB, PRIMARY KEY (key, row)) WITHOUT ROWID;
    CREATE INDEX shared_rows_by_row ON shared_rows (row);
    CREATE TABLE row_keys (stream TEXT PRIMARY KEY, properties TEXT NOT NULL) WITHOUT ROWID;
    ALTER TABLE recovered ADD COLUMN candidate BLOB;
    """,
)


class LedgerDB:
    """An open ledger. ``owner`` says whose it is: ``{"organization": URN, "contract": URN}``.

    ``salt`` is this ledger's own, for what it holds only as a hash. Raises :class:`Misconfigured`
    for a path that cannot be used, a file that another run uses, and one that is another
    customer's, damaged, or written by a newer version of this program.
    """

    def __init__(self, path: Path, owner: Mapping[str, str]) -> None:
        self._name = path.name
        with usable(path, SETTING):
            # SQLite's own locks go when any descriptor of the file is closed: this one is last.
            self._guard: int | None = open_private(path)
        try:
            lock(self._guard, path, SETTING)
            with readable(self._name):
                connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self.connection = self._prepared(connection, owner)
        except BaseException:
            os.close(self._guard)
            raise

    @classmethod
    def copy(cls, path: Path, owner: Mapping[str, str]) -> LedgerDB:
        """Open a copy without a name, gone when it is closed; for a run that may write nothing.

        An empty one if there is no file. Raises as the constructor does, but for files in use.
        """
        self = cls.__new__(cls)
        self._name, self._guard = path.name, None
        copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        with readable(path.name):
            if path.exists() and path.stat().st_size:
                with closing(_for_reading(path)) as db:
                    db.backup(copy)
        self.connection = self._prepared(copy, owner)
        return self

    def close(self) -> None:
        """Empty the WAL and let go of the file. Raises :class:`Stop`."""
        try:
            with self.written():
                self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            with suppress(sqlite3.Error):
                self.connection.close()
            if self._guard is not None:
                os.close(self._guard)

    @contextmanager
    def written(self) -> Iterator[sqlite3.Connection]:
        """Give the connection, and make a :class:`Stop` of what SQLite raises."""
        try:
            yield self.connection
        except sqlite3.Error as error:
            raise self.failure(error) from None

    def failure(self, error: sqlite3.Error) -> Stop:
        """Return what ends the run. SQLite's words name tables and no content."""
        if _is_damage(error):
            return _damaged(self._name)
        return Stop(
            f"setting 'ledger_path': the ledger cannot be read or written ({error}). Free some"
            " space, or change the path, and run again; the state printed last is true."
        )

    def _prepared(
        self, connection: sqlite3.Connection, owner: Mapping[str, str]
    ) -> sqlite3.Connection:
        try:
            with readable(self._name):
                version = _version(connection, self._name)
                for pragma in (
                    "journal_mode = WAL",
                    "synchronous = FULL",
                    "secure_delete = ON",
                    "temp_store = MEMORY",
                    "cache_size = -8192",  # KiB
                ):
                    connection.execute(f"PRAGMA {pragma}")
                _migrate(connection, version)
                self.salt = _claim(connection, self._name, owner)
        except BaseException:
            connection.close()
            raise
        return connection


def check_ledger(path: Path, owner: Mapping[str, str]) -> None:
    """Raise the :class:`Misconfigured` that opening the ledger would, and change nothing."""
    if check(path, SETTING) and path.stat().st_size:
        with readable(path.name), closing(_for_reading(path)) as connection:
            if _version(connection, path.name):
                _check_owner(_about(connection), path.name, owner)


def _for_reading(path: Path) -> sqlite3.Connection:
    # Without a WAL nobody writes; reading it otherwise would make files beside it.
    how = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True)


def _version(connection: sqlite3.Connection, name: str) -> int:
    """Return the version of a ledger; 0 of a file where there is nothing yet."""
    [version] = connection.execute("PRAGMA user_version").fetchone()
    [application] = connection.execute("PRAGMA application_id").fetchone()
    [tables] = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise another_program(name)
    if version > len(STEPS):
        raise Misconfigured(
            f"setting 'ledger_path': {name!r} was written by a newer version of this program"
            f" (ledger version {version}, this one knows {len(STEPS)}); update the program, or give"
            " another path"
        )
    return int(version)


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    for number, step in enumerate(STEPS[version:], version + 1):
        # A step and the number it leads to in one transaction: a kill leaves the old version.
        connection.executescript(
            f"BEGIN IMMEDIATE; {step} PRAGMA application_id = {APPLICATION_ID};"
            f" PRAGMA user_version = {number}; COMMIT;"
        )


def _claim(connection: sqlite3.Connection, name: str, owner: Mapping[str, str]) -> bytes:
    """Write down whose ledger this is, or check it; return its salt."""
    about = _about(connection)
    _check_owner(about, name, owner)
    wanted: dict[str, object] = {"salt": secrets.token_bytes(_SALT_BYTES), **owner, **about}
    if wanted != about:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", wanted.items())
        connection.execute("COMMIT")
    salt = wanted["salt"]
    if not isinstance(salt, bytes):
        raise _damaged(name)
    return salt


def _about(connection: sqlite3.Connection) -> dict[str, object]:
    return dict(connection.execute("SELECT name, value FROM about"))


def _check_owner(about: Mapping[str, object], name: str, owner: Mapping[str, str]) -> None:
    for setting, urn in owner.items():
        if about.get(setting, urn) != urn:
            raise Misconfigured(
                f"setting 'ledger_path': {name!r} belongs to {about[setting]}, and the setting"
                f" '{setting}' says {urn}; give each customer's pipeline its own ledger"
            )


def another_program(name: str) -> Misconfigured:
    """Make the error for a database that is no ledger."""
    return Misconfigured(
        f"setting 'ledger_path': {name!r} is a database of another program; give the path of a"
        " ledger, or one where there is no file yet"
    )


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Make a :class:`Misconfigured` of what SQLite raises while a ledger is opened or read."""
    try:
        yield
    except sqlite3.Error as error:
        if _is_damage(error):
            raise _damaged(name) from None
        raise Misconfigured(
            f"setting 'ledger_path': {name!r} cannot be opened ({error}); expected a path in a"
            " directory of this machine that this user may write to"
        ) from None


def _damaged(name: str) -> Misconfigured:
    return Misconfigured(
        f"setting 'ledger_path': {name!r}: the file is damaged or is no ledger; move it away and"
        " run again: what LinkedIn already holds is then sent again, and nothing is lost"
    )


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
