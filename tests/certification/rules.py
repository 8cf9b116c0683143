"""The rules of LinkedIn's certification that can be read, and where each is shown.

Sources are pages below :data:`PAGES`.
"""

from __future__ import annotations

from dataclasses import dataclass

PAGES = "https://learn.microsoft.com/en-us/linkedin/talent/"
_CERTIFICATION = "crm-connect/crm-connect-certification"
_RESUMES = "crm-connect/sync-crm-candidate-resumes"
_AUTH = "tests/linkedin/test_auth.py::"
_E2E = "tests/e2e/"
_REJECTS = f"{_E2E}test_rejects.py::"
_DAY = f"{_E2E}test_limits.py::"


@dataclass(frozen=True, slots=True)
class Rule:
    """What LinkedIn asks, in short, and how the target does it.

    The tests of tests/certification with the rule's name show it; ``others`` are tests that do so
    besides.
    """

    name: str
    asks: str
    source: str
    done: str
    others: tuple[str, ...] = ()


RULES = (
    Rule(
        "CRM-001",
        "The client-credentials flow works.",
        _CERTIFICATION,
        "The first call of a run asks the token endpoint for a token, form-encoded and over https;"
        " all others carry it.",
        (f"{_AUTH}test_asks_as_the_client_credentials_page_says",),
    ),
    Rule(
        "CRM-002",
        "A periodic check that a token is valid.",
        _CERTIFICATION,
        "`--check` asks LinkedIn's introspection endpoint and ends with 0 or 2. Schedule it between"
        " the runs: during a run it ends with 2, because the run uses its files. A run looks"
        " at the stored expiry of the token before each call.",
        (f"{_AUTH}test_asks_what_linkedin_thinks_of_the_token",),
    ),
    Rule(
        "CRM-003",
        "The expiry of a token is stored, and checked before each call.",
        _CERTIFICATION,
        "`expires_in` is kept with the token. The token is renewed when a tenth of its life is"
        " left, or a minute if that is less, so that no call is made with an expired token.",
        (
            f"{_AUTH}test_reads_the_life_of_a_token",
            f"{_AUTH}test_a_token_is_used_until_a_minute_before_its_end",
        ),
    ),
    Rule(
        "CRM-004",
        "A token is reused until shortly before it expires.",
        _CERTIFICATION,
        "One token serves all threads, uploads and batches of a run.",
        (f"{_AUTH}test_one_call_however_many_threads_ask",),
    ),
    Rule(
        "CRM-005",
        "After a 401, because a token has expired or was invalidated, the flow is run again.",
        _CERTIFICATION,
        "A 401 leads to one new token, however many calls receive it. Each of those calls is"
        " repeated with the new token.",
        (
            f"{_AUTH}test_many_threads_that_meet_a_refusal_cause_one_renewal",
            f"{_E2E}test_ends.py::test_a_token_that_ends_before_its_time_is_renewed",
        ),
    ),
    Rule(
        "CRM-010",
        "Each customer has their own developer application.",
        _CERTIFICATION,
        "A configuration holds one application, one organization and one contract. Each customer"
        " has their own configuration.",
    ),
    Rule(
        "Historical sync",
        "When the integration is switched on, everything in the source is sent, and the counts of"
        " both sides agree.",
        _RESUMES,
        "The first run, without a state, delivers all that the tap sends. The summary at its end"
        " says how many records were read, delivered, deleted and rejected.",
        (f"{_E2E}test_delivery.py::test_340_records_and_40_deletions_arrive_whole",),
    ),
    Rule(
        "Deletion",
        "What is deleted in the source is deleted at LinkedIn. When the contract ends, everything"
        " is deleted.",
        "recruiter-system-connect/rsc-data-deletion",
        "A deletion is carried out in whatever form it comes: a record with both ids or with only"
        " the key of its row, a row that moves, a candidate who is deleted, a list that gets"
        " shorter, a version that no longer names a resume, or an operator's `erase`. It is never"
        " dropped and never overtaken. If LinkedIn refuses it, the run stops. With"
        " `on_reject: continue` the deletion is kept, and each run ends with 3 until it is carried"
        " out.",
        (
            f"{_E2E}test_deletions.py::test_a_refused_deletion_is_kept_and_tried_again",
            f"{_E2E}test_erase.py::test_all_of_a_candidate_goes",
            f"{_REJECTS}test_a_deletion_that_linkedin_refuses_stops_a_run_that_keeps_no_rejects",
        ),
    ),
    Rule(
        "Limits",
        "Batches of at most 100 records, one after another; 10,000 records a minute and 100,000"
        " requests a day.",
        _RESUMES,
        "Batch calls go one at a time. `records_per_minute` and `requests_per_day` default to"
        " LinkedIn's limits. When the day's quota is spent, the run ends with exit code 75 and a"
        " true state.",
        (
            f"{_E2E}test_limits.py::test_linkedins_daily_quota_ends_in_exit_75_with_a_true_state",
            "tests/engine/test_throttling.py::test_no_minute_of_linkedins_holds_more_than_the_limit",
        ),
    ),
)
