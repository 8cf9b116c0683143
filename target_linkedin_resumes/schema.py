"""The settings: names, kinds, defaults and what they mean. Each stands once, here."""

from __future__ import annotations

from typing import Any

BLOB_TTL_UNITS = ("MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR")


def _string(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _integer(default: int | None, lowest: int, highest: int, description: str) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "integer",
        "minimum": lowest,
        "maximum": highest,
        "description": description,
    }
    return schema if default is None else {**schema, "default": default}


def _choice(default: str, choices: tuple[str, ...], description: str) -> dict[str, Any]:
    return {
        "type": "string",
        "enum": list(choices),
        "default": default,
        "description": description,
    }


def _flag(description: str) -> dict[str, Any]:
    return {"type": "boolean", "default": False, "description": description}


_SECRET = {"secret": True, "writeOnly": True}

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["client_id", "client_secret", "organization", "contract"],
    "properties": {
        "client_id": _string("Client id of the customer's LinkedIn application.", **_SECRET),
        "client_secret": _string(
            "Client secret of that application (OAuth 2.0 client credentials).", **_SECRET
        ),
        "organization": _string(
            "The customer's organization: `urn:li:organization:N` or N. Sent as"
            " `integrationContext`."
        ),
        "contract": _string(
            "The customer's hiring contract: `urn:li:contract:N` or N. Sent as `hiringContext`."
        ),
        "api_url": _string(
            "LinkedIn's API: https, or http on this machine's loopback.",
            default="https://api.linkedin.com",
        ),
        "token_url": _string(
            "LinkedIn's token endpoint: https, or http on this machine's loopback.",
            default="https://www.linkedin.com/oauth/v2/accessToken",
        ),
        "fields": {
            "type": "object",
            "description": (
                "Which field of the tap's records serves for which of this target's: a name, a"
                " dotted path, a template such as `https://host/{id}`, or a list of which the first"
                " that is not null serves. Under a stream's name, an object for that stream alone."
            ),
        },
        "only": {
            "type": "object",
            "description": (
                'Only records with these values are resumes: `{"type": "resume"}`; a list allows'
                " several. Under a stream's name, an object for that stream alone."
            ),
        },
        "file_root": _string(
            "Local files are read below this directory and nowhere else, symbolic links included;"
            " the working directory unless given."
        ),
        "file_sources": {
            "type": "array",
            "description": (
                "Credentials for what starts with a prefix, and trust in it also where it is a"
                ' private address: `[{"prefix": "https://crm.example.com/", "headers":'
                ' {"Authorization": "Bearer ..."}}]`; `storage_options` instead of `headers` for'
                " s3://, gs://, az://, abfs:// and sftp://."
            ),
            "items": {
                "type": "object",
                "required": ["prefix"],
                "properties": {
                    "prefix": {"type": "string"},
                    "headers": {"type": "object"},
                    "storage_options": {"type": "object"},
                },
            },
            **_SECRET,
        },
        "convert": _choice(
            "reject",
            ("reject", "text", "pdf"),
            "DOCX, ODT, RTF and HTML: `reject` them, or make plain `text` or a `pdf` of them. Both"
            " need the extra `convert`, and `pdf` needs LibreOffice.",
        ),
        "blob_ttl": {
            "type": "object",
            "description": (
                "LinkedIn removes the file after this time, e.g."
                ' `{"duration": 72, "unit": "HOUR"}`; kept unless given. Units: '
                + ", ".join(BLOB_TTL_UNITS)
                + "."
            ),
            "required": ["duration", "unit"],
            "properties": {
                "duration": {"type": "integer", "minimum": 1},
                "unit": {"type": "string", "enum": list(BLOB_TTL_UNITS)},
            },
        },
        "batch_size_rows": _integer(100, 1, 100, "Changes in one batch call."),
        "batch_max_age_seconds": _integer(
            60,
            1,
            86_400,
            "A batch that is not full goes out after this many seconds, also while the tap is"
            " silent.",
        ),
        "upload_concurrency": _integer(
            64,
            1,
            256,
            "The most uploads at a time; how many there really are adapts to LinkedIn's answers.",
        ),
        "records_per_minute": _integer(
            10_000,
            1,
            1_000_000,
            "Never more records than this in any 60 seconds; deletions count. LinkedIn's limit"
            " unless given.",
        ),
        "requests_per_day": _integer(
            100_000,
            1,
            100_000_000,
            "No more batch calls than this in a day, which begins at 00:00 UTC; each run counts for"
            " itself, unless `ledger_path` has it know the earlier ones. LinkedIn's limit unless"
            " given.",
        ),
        "on_quota": _choice(
            "stop",
            ("stop", "wait"),
            "When the day's quota is spent: `stop` with exit code 75, or `wait` until 00:00 UTC.",
        ),
        "request_timeout_seconds": _integer(
            60, 1, 3600, "How long LinkedIn or a file's source may stay silent during a call."
        ),
        "retry_seconds": _integer(
            900, 0, 86_400, "How long one change may be retried before the run stops."
        ),
        "shutdown_grace_seconds": _integer(
            20, 0, 3600, "What is in flight gets this long after SIGTERM or SIGINT."
        ),
        "on_reject": _choice(
            "fail",
            ("fail", "continue"),
            "A record that cannot be delivered as it is: `fail` stops with the state before it,"
            " `continue` keeps it in `rejects_path` and goes on.",
        ),
        "rejects_path": _string(
            "Singer file of the rejects, replayed with `--input`; required by `continue`."
        ),
        "max_rejects": _integer(None, 0, 10**9, "More rejects than this many stop the run."),
        "fail_on_rejects": _flag("Exit with 3 instead of 0 when rejects were written."),
        "audit_path": _string(
            "JSON lines of each delivery and deletion that LinkedIn confirmed: when, ids as keyed"
            " hashes, LinkedIn's request id. Wants `audit_key`."
        ),
        "audit_key": _string(
            "The key of those hashes, 32 characters or more; one and the same for the life of the"
            " file. Whoever has it finds a candidate's lines again.",
            **_SECRET,
        ),
        "audit_retain_days": _integer(
            None,
            1,
            36_500,
            "Lines of `audit_path` and records in `rejects_path` that are older are dropped when a"
            " run starts; kept unless given.",
        ),
        "report_path": _string(
            "HTML report of the run, with a JSON file of the same name beside it; written at the"
            " end, also when the run fails."
        ),
        "ledger_path": _string(
            "SQLite file of what LinkedIn holds, one for each customer's pipeline: unchanged"
            " resumes are not sent again, what a crash left half-done is not uploaded again, and"
            " ACTIVATE_VERSION deletes what the tap no longer names."
        ),
        "resend": _choice(
            "changed",
            ("changed", "always"),
            "With `ledger_path`: send the resumes that have `changed`, or `always` all.",
        ),
        "max_deletes": _string(
            "A run stops before it deletes more resumes than this: a number, or with `ledger_path`"
            " a share such as `20%` of the resumes that the ledger held when the run began; a share"
            " counts only the deletions of those. Of deletion markers the one past the limit stops"
            " the run, of ACTIVATE_VERSION the first one where all would be too many. An"
            " ACTIVATE_VERSION that comes before its records deletes nothing without this setting."
        ),
        "dry_run": _flag(
            "Everything but the writes to LinkedIn: files are fetched and checked, and the summary"
            " says what would be sent. No state is printed."
        ),
    },
}
