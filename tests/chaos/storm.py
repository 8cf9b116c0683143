"""One run under faults of every kind: a stream, a sandbox that fails by seed, and what is to hold.

Every endpoint is hit by all kinds, which share 10 % of its calls; in a heavy storm one kind,
another with each seed, hits 10 % of the calls by itself. Tokens live four seconds. Every other run
keeps a ledger.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from target_linkedin_resumes.sandbox.faults import BATCH_ONLY, KINDS
from target_linkedin_resumes.sandbox.forms import FORMS
from target_linkedin_resumes.sandbox.server import running
from tests.e2e.support import Bench, Finished, History, covered

RATE = 0.1
RECORDS = 400
KEYS = 260
TOKEN_LIFE = 4
# The client renews a token when a tenth of its life is left.
USED_LIFE = TOKEN_LIFE * 0.9
TIMEOUT = 1
ENDPOINTS = ("token", "url", "upload", "batch_update", "batch_delete")
BATCHES = ("batch_update", "batch_delete")
REFUSED = "linkedin_refused"

# The variants of each kind. A call that is never answered costs the client its whole timeout.
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "status": [
        {"status": 500, "body": "java"},
        {"status": 502, "body": "plain"},
        {"status": 503, "body": "html", "retry_after": 1},
        {"status": 504, "body": "empty"},
        {"status": 429, "body": "minute", "retry_after": 1},
        {"status": 408, "body": "json"},
    ],
    "reset_before": [{}],
    "reset_after": [{}],
    "down": [{}],
    "delay": [{"ms": 200}, {"ms": 1500 * TIMEOUT}],
    "black_hole": [{"ms": 5000}],
    "cut_short": [{}],
    "slow_body": [{"ms": 300}],
    "slow_close": [{"ms": 300}],
    "malformed": [{"form": form} for form in ("json", "html", "empty")],
    "expire_token": [{}],
    # Of the keys of a batch that is hit, so many are left out of the answer, or fail for now.
    "partial": [{"missing": 0.2, "failing": 0.2, "statuses": [409, 429, 500, 503]}],
    "key_status": [{"status": 500}],
    "poison": [{}],
    "no_tunnel": [{}, {"status": 400}],
    # But for an answer about other resumes, which has to stop a run.
    "written": [{"form": form} for form in sorted(set(FORMS) - {"others"})],
}
# LinkedIn may say 401 of a good token. Of a call that never worked, two of them in a row are the
# configuration's fault, so the first calls are spared.
FALSE_401 = {"kind": "status", "status": 401, "after": 4}
# Faults that keep the client from a token that was made.
LOST = {"reset_after", "cut_short", "malformed", "delay", "slow_body", "slow_close"}


def rules(seed: int, history: History, *, heavy: bool) -> list[dict[str, Any]]:
    """The faults of a seed."""
    kinds = sorted(VARIANTS)
    shares = dict.fromkeys(kinds, RATE / len(kinds))
    # A run makes a dozen batch calls: what is for batches alone would hardly ever hit.
    shares |= dict.fromkeys(sorted(BATCH_ONLY), RATE)
    if heavy:
        shares[kinds[seed % len(kinds)]] = RATE
    keys = sorted({history.outcome(event)[0] for event in history.events})
    made: list[dict[str, Any]] = []
    for endpoint in ENDPOINTS:
        for kind, rate in shares.items():
            if not _fits(kind, endpoint):
                continue
            variants = VARIANTS[kind]
            for variant in variants:
                rule = {"endpoint": endpoint, "kind": kind, "rate": rate / len(variants), **variant}
                if kind == "key_status":
                    rule["keys"] = [list(key) for key in keys[seed % 7 :: 7]]
                if kind == "poison":
                    rule["keys"] = [list(key) for key in keys[seed % 11 :: 11]]
                made.append(rule)
        if endpoint != "token":
            made.append({**FALSE_401, "endpoint": endpoint, "rate": RATE / len(kinds)})
    return made


def _fits(kind: str, endpoint: str) -> bool:
    """Whether a kind may be ordered: LinkedIn refusing a deletion for good must stop a run."""
    if kind == "poison":
        return endpoint == "batch_update"
    if kind in BATCH_ONLY:
        return endpoint in BATCHES
    return kind != "expire_token" or endpoint != "token"


@dataclass(frozen=True, slots=True)
class Storm:
    """What became of a run, and of the replay of its rejects."""

    seed: int
    seconds: float
    done: Finished
    replayed: Finished | None
    shown: dict[str, Any]
    journal: list[dict[str, Any]]

    @property
    def faults(self) -> int:
        """How many calls were hit."""
        return sum(entry["fault"] is not None for entry in self.journal)

    @property
    def kinds(self) -> set[str]:
        """The kinds that hit."""
        return {kind for e in self.journal if e["fault"] for kind in e["fault"].split("+")}

    def most_tokens(self) -> int:
        """How many tokens may have been made: one a life, and one for each that a fault cost."""
        lives = math.ceil(self.seconds / USED_LIFE)
        runs = 1 if self.replayed is None else 2
        lost = sum(
            bool(entry["gone"] or LOST & set((entry["fault"] or "").split("+")))
            for entry in self.journal
            if entry["endpoint"] == "token"
        )
        ended = sum(
            bool("expire_token" in entry["fault"] or entry["status"] == 401)
            for entry in self.journal
            if entry["endpoint"] != "token" and entry["fault"]
        )
        return lives + runs + lost + ended


def weather(seed: int, directory: Path, *, heavy: bool = False) -> Storm:
    """Run the command through a storm, and replay what was rejected once it is over.

    Asserts what must hold of each run; the seed is in every message.
    """
    told = f"seed {seed}"
    history = History.make(seed, events=RECORDS, keys=KEYS)
    data = directory / "linkedin"
    data.mkdir(parents=True)
    rejects = directory / "rejects.singer"
    options: dict[str, Any] = {
        "on_reject": "continue",
        "rejects_path": str(rejects),
        "request_timeout_seconds": TIMEOUT,
        "upload_concurrency": 24,
        "batch_size_rows": 20,
        "ledger_path": str(directory / "ledger.db") if seed % 2 else None,
    }
    with running(data, token_ttl=TOKEN_LIFE) as sandbox:
        bench = Bench(directory, sandbox)
        history.write(bench)
        sandbox.set_faults(*rules(seed, history, heavy=heavy), seed=seed)
        begun = time.monotonic()
        done = bench.launch(history.messages(every=7), **options)
        sandbox.set_faults()
        assert done.code == 0, f"{told}: {done.log}"
        assert covered(done.states) == RECORDS, f"{told}: {done.log}"
        assert "Traceback" not in done.log, f"{told}: {done.log}"
        replayed = None
        if rejects.exists():
            assert f'"{REFUSED}"' in rejects.read_text(), told
            replayed = bench.launch([], "--input", str(rejects), **options)
            assert replayed.code == 0, f"{told}: {replayed.log}"
            assert not rejects.exists(), told
        seconds = time.monotonic() - begun
        held = {key: resume["sha256"] for key, resume in bench.held().items()}
        expected = {key: sha for key, sha in history.expected().items() if sha is not None}
        assert held == expected, f"{told}: {held.items() ^ expected.items()}"
        storm = Storm(seed, seconds, done, replayed, sandbox.snapshot(), sandbox.journal())
    assert not storm.shown["breaches"], f"{told}: {storm.shown['breaches']}"
    assert storm.shown["highest_concurrency"]["batch"] == 1, told
    minted = storm.shown["tokens_minted"]
    assert minted <= storm.most_tokens(), f"{told}: {minted} tokens in {storm.seconds:.0f} s"
    assert storm.faults >= 20, f"{told}: only {storm.faults} faults, this proves nothing"
    return storm


assert VARIANTS.keys() == KINDS.keys(), "a kind of fault is missing here"
