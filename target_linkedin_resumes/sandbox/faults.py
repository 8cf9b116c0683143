"""Faults on order: which calls fail, and how. Pure; ``effects`` carries them out.

Every rule draws from its own random numbers, one for each call that it could hit, so that a seed
and the order of calls decide everything.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .config import ENDPOINTS, surface_of
from .forms import FORMS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Pair = tuple[str, str]
"""(candidate id, resume id)."""
Pattern = tuple[str | None, str | None]
"""The same in a rule: None stands for any, in one of the two."""


class BadFaults(ValueError):
    """A definition of faults that cannot be used; the message says what is wrong where."""


def _text(value: object) -> bool:
    return isinstance(value, str)


def _whole(smallest: int, largest: int) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return type(value) is int and smallest <= value <= largest

    return check


def _fraction(value: object) -> bool:
    return type(value) in {int, float} and 0 <= value <= 1  # type: ignore[operator] # just checked


def _one_of(*words: str) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return value in words

    return check


def _pairs(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(pair, list) and len(pair) == 2 for pair in value)
        and all(part is None or isinstance(part, str) for pair in value for part in pair)
        and [None, None] not in value
    )


def _error_statuses(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_whole(400, 599), value))


def _status(value: object) -> bool:
    return _whole(400, 599)(value) or value == 999


def _headers(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(part, str) and part.isascii() and part.isprintable()
        for item in value.items()
        for part in item
    )


def _body(value: object) -> bool:
    return isinstance(value, dict) or value in BODIES


MOST_RULES = 1000
BODIES = ("json", "minute", "day", "html", "plain", "empty", "java")
_MS = (_whole(0, 600_000), "milliseconds from 0 to 600000")
_STATUS = (_whole(400, 599), "a whole number from 400 to 599")
_KEYS = (_pairs, "a list of [candidate id, resume id], where null in one of the two is any")
_COMMON: dict[str, tuple[Callable[[object], bool], str]] = {
    "endpoint": (_one_of("*", "batch", *ENDPOINTS), f"one of *, batch, {', '.join(ENDPOINTS)}"),
    "kind": (_text, "a text"),
    "rate": (_fraction, "a number from 0 to 1"),
    "times": (_whole(1, 10**9), "a whole number from 1"),
    "after": (_whole(0, 10**9), "a whole number from 0"),
    "keys": _KEYS,
}
KINDS: dict[str, dict[str, tuple[Callable[[object], bool], str]]] = {
    "status": {
        "status": (_status, "a whole number from 400 to 599, or 999"),
        "body": (_body, f"an object, or one of {', '.join(BODIES)}"),
        "retry_after": (lambda v: _text(v) or _whole(0, 10**6)(v), "seconds or an HTTP date"),
        "headers": (_headers, "an object of names and values"),
    },
    "reset_before": {},
    "reset_after": {},
    "down": {},
    "delay": {"ms": _MS},
    "black_hole": {"ms": _MS},
    "cut_short": {},
    "slow_body": {"ms": _MS},
    "slow_close": {"ms": _MS},
    "malformed": {"form": (_one_of("json", "html", "empty"), "one of json, html, empty")},
    "partial": {
        "missing": (_fraction, "a number from 0 to 1"),
        "failing": (_fraction, "a number from 0 to 1"),
        "statuses": (_error_statuses, "a list of whole numbers from 400 to 599"),
    },
    "key_status": {"status": _STATUS},
    "poison": {},
    "expire_token": {},
    "no_tunnel": {"status": _STATUS},
    "written": {"form": (_one_of(*FORMS), f"one of {', '.join(FORMS)}")},
}
"""Every kind with the fields of its own."""

_NEEDED = {
    "status": ("status",),
    "key_status": ("status",),
    "poison": ("keys",),
    "written": ("form",),
}
_PER_KEY = frozenset({"partial", "key_status"})
BATCH_ONLY = frozenset({"partial", "key_status", "poison", "no_tunnel", "written"})
"""Kinds that are for batch calls alone."""
BEFORE = frozenset({"status", "reset_before", "down", "black_hole", "poison", "no_tunnel"})
"""Kinds that keep a call from being worked on."""


@dataclass(slots=True, eq=False)
class Rule:
    """One rule, with how often it could have hit and how often it did.

    ``number`` tells the rules in force apart.
    """

    endpoint: str
    kind: str
    rate: float
    times: int | None
    after: int
    keys: frozenset[Pattern]
    definition: dict[str, Any]
    random: random.Random
    number: int = 0
    seen: int = 0
    fired: int = 0

    def fires(self, endpoint: str, keys: Sequence[Pair]) -> bool:
        """Whether this call is hit; counts it."""
        if self.endpoint not in {"*", endpoint, surface_of(endpoint)}:
            return False
        if self.keys and not any(map(self.names, keys)):
            return False
        self.seen += 1
        drawn = self.random.random() < self.rate
        if not drawn or self.seen <= self.after or self.fired == self.times:
            return False
        self.fired += 1
        return True

    def names(self, key: Pair) -> bool:
        """Whether this rule is about a key; without keys it is about all."""
        candidate, resume = key
        return not self.keys or not self.keys.isdisjoint({key, (candidate, None), (None, resume)})

    @property
    def brief(self) -> dict[str, Any]:
        """The rule as it was given, but of its keys only how many they are."""
        return self.definition | ({"keys": len(self.keys)} if self.keys else {})

    def get(self, name: str, default: Any = None) -> Any:
        """A field of this kind's own."""
        return self.definition.get(name, default)


@dataclass(slots=True)
class Hit:
    """What befalls one call: at most one rule for the whole of it, any number for its keys."""

    rule: Rule | None = None
    per_key: list[Rule] = field(default_factory=list)

    @property
    def rules(self) -> list[Rule]:
        """All of them."""
        return [self.rule, *self.per_key] if self.rule else self.per_key

    @property
    def kinds(self) -> str | None:
        """The kinds, for the journal."""
        return "+".join(rule.kind for rule in self.rules) or None

    def verdicts(self, keys: Iterable[Pair]) -> dict[Pair, int | None]:
        """Keys that are not treated as usual: the status they fail with.

        None stands for a key that is worked on and then left out of the answer.
        """
        given: dict[Pair, int | None] = {}
        for rule in self.per_key:
            for key in keys:
                if rule.kind == "key_status":
                    if rule.names(key):
                        given.setdefault(key, rule.get("status"))
                    continue
                drawn, status = rule.random.random(), rule.random.random()
                if not rule.names(key):
                    continue
                missing = rule.get("missing", 0.2)
                statuses = rule.get("statuses", [429, 500, 503])
                if drawn < missing:
                    given.setdefault(key, None)
                elif drawn < missing + rule.get("failing", 0.2):
                    given.setdefault(key, statuses[int(status * len(statuses))])
        return given


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self.seed = 0
        self.rules: list[Rule] = []
        self.changes = 0
        """How often rules were put in force or ended."""

    def clear(self) -> None:
        """Let everything work again."""
        self.rules = []
        self.changes += 1

    def load(self, document: object) -> None:
        """Put rules in force instead of those before. Raises BadFaults and then changes nothing.

        ``document`` is ``{"seed": 7, "rules": [{"endpoint": ..., "kind": ..., ...}]}``.
        """
        if not isinstance(document, dict):
            raise BadFaults("faults: expected an object with seed and rules")
        unknown = set(document) - {"seed", "rules"}
        if unknown:
            raise BadFaults(f"faults: unknown field {', '.join(sorted(map(str, unknown)))}")
        seed, given = document.get("seed", 0), document.get("rules", [])
        if type(seed) is not int:
            raise BadFaults("seed: expected a whole number")
        if not isinstance(given, list) or len(given) > MOST_RULES:
            raise BadFaults(f"rules: expected a list of at most {MOST_RULES}")
        self.rules = [_rule(rule, index, seed) for index, rule in enumerate(given)]
        self.seed = seed
        self.changes += 1

    def add(self, definition: object) -> None:
        """Put one more rule in force, after the others. Raises BadFaults."""
        number = max((rule.number for rule in self.rules), default=-1) + 1
        self.rules.append(_rule(definition, number, self.seed))
        self.changes += 1

    def remove(self, rule: Rule) -> None:
        """End one rule; the counts of the others go on."""
        self.rules.remove(rule)
        self.changes += 1

    def shown(self) -> dict[str, Any]:
        """The rules as they were given, with their counts."""
        return {
            "seed": self.seed,
            "rules": [
                {**rule.definition, "seen": rule.seen, "fired": rule.fired} for rule in self.rules
            ],
        }

    def choose(self, endpoint: str, keys: Sequence[Pair] = (), *, tunnelled: bool = False) -> Hit:
        """What befalls this call. The first rule that fires for the whole call wins."""
        hit = Hit()
        for rule in self.rules:
            if rule.kind in _PER_KEY:
                if rule.fires(endpoint, keys):
                    hit.per_key.append(rule)
            elif rule.kind == "no_tunnel" and not tunnelled:
                continue
            elif hit.rule is None and rule.fires(endpoint, keys):
                hit.rule = rule
        return hit


def _rule(given: object, index: int, seed: int) -> Rule:
    where = f"rules[{index}]"
    if not isinstance(given, dict):
        raise BadFaults(f"{where}: expected an object")
    kind = given.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadFaults(f"{where}.kind: expected one of {', '.join(KINDS)}")
    fields = _COMMON | KINDS[kind]
    for name in ("endpoint", *_NEEDED.get(kind, ())):
        if name not in given:
            raise BadFaults(f"{where}.{name}: missing")
    for name, value in given.items():
        if name not in fields:
            raise BadFaults(f"{where}.{name}: {kind} has no such field")
        check, expected = fields[name]
        if not check(value):
            raise BadFaults(f"{where}.{name}: expected {expected}")
    endpoint: str = given["endpoint"]
    if kind in BATCH_ONLY and surface_of(endpoint) != "batch":
        raise BadFaults(f"{where}.endpoint: {kind} is for batch, batch_update or batch_delete")
    return Rule(
        endpoint=endpoint,
        kind=kind,
        rate=given.get("rate", 1),
        times=given.get("times"),
        after=given.get("after", 0),
        keys=frozenset((pair[0], pair[1]) for pair in given.get("keys", ())),
        definition=dict(given),
        random=random.Random(f"{seed}:{index}"),  # noqa: S311 - not for secrets, and repeatable
        number=index,
    )
