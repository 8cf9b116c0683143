"""Faults that are switched on and off by clicking."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

from ..faults import Faults, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Preset(NamedTuple):
    """A fault that the page offers: what it is called, what it does, and its rule."""

    title: str
    meaning: str
    rule: dict[str, Any]


PRESETS: dict[str, Preset] = {
    "slow": Preset(
        "Slow answers",
        "Every call takes 2 seconds longer.",
        {"endpoint": "*", "kind": "delay", "ms": 2000},
    ),
    "throttled": Preset(
        "Too many requests",
        "1 in 5 calls gets 429, with 2 seconds to wait.",
        {
            "endpoint": "*",
            "kind": "status",
            "status": 429,
            "body": "minute",
            "retry_after": 2,
            "rate": 0.2,
        },
    ),
    "unavailable": Preset(
        "Uploads unavailable",
        "1 in 5 uploads gets 503 and a web page.",
        {"endpoint": "upload", "kind": "status", "status": 503, "body": "html", "rate": 0.2},
    ),
    "reset": Preset(
        "Connections break",
        "1 in 5 calls is reset before any work is done.",
        {"endpoint": "*", "kind": "reset_before", "rate": 0.2},
    ),
    "lost": Preset(
        "Answers get lost",
        "1 in 5 batches is carried out, but its answer never arrives.",
        {"endpoint": "batch", "kind": "reset_after", "rate": 0.2},
    ),
    "malformed": Preset(
        "Answers are cut off",
        "1 in 5 batch answers ends in the middle of its JSON.",
        {"endpoint": "batch", "kind": "malformed", "rate": 0.2},
    ),
    "partial": Preset(
        "Records fail in batches",
        "1 in 5 records fails, and 1 in 5 is missing from the answer.",
        {"endpoint": "batch", "kind": "partial"},
    ),
    "expired": Preset(
        "Tokens end early",
        "1 in 50 calls ends the life of its access token.",
        {"endpoint": "*", "kind": "expire_token", "rate": 0.02},
    ),
    "forbidden": Preset(
        "Rights are withdrawn",
        "Every batch gets 403. A client has to stop.",
        {"endpoint": "batch", "kind": "status", "status": 403},
    ),
    "quota": Preset(
        "Daily quota is spent",
        "Every batch gets 429 until tomorrow. A client has to stop.",
        {"endpoint": "batch", "kind": "status", "status": 429, "body": "day"},
    ),
    "down": Preset(
        "LinkedIn is down",
        "Every connection is closed without an answer.",
        {"endpoint": "*", "kind": "down"},
    ),
}


class Switch(NamedTuple):
    """A fault as the page shows it; ``name`` is a preset's, or a rule's number."""

    name: str
    title: str
    meaning: str
    on: bool
    seen: int
    fired: int


def switches(faults: Faults) -> Iterator[Switch]:
    """All presets, and then the rules in force that are none."""
    for name, preset in PRESETS.items():
        rules = _rules_of(faults, preset)
        seen, fired = sum(rule.seen for rule in rules), sum(rule.fired for rule in rules)
        yield Switch(name, preset.title, preset.meaning, bool(rules), seen, fired)
    offered = [preset.rule for preset in PRESETS.values()]
    for rule in faults.rules:
        if rule.definition not in offered:
            more = {k: v for k, v in rule.definition.items() if k not in {"kind", "endpoint"}}
            meaning = textwrap.shorten(
                json.dumps(more, ensure_ascii=False), 200, placeholder=" ..."
            )
            yield Switch(
                str(rule.number),
                title_of(rule.definition),
                meaning if more else "Every call.",
                True,
                rule.seen,
                rule.fired,
            )


def title_of(definition: Mapping[str, Any]) -> str:
    """What the page calls a rule."""
    offered = (preset.title for preset in PRESETS.values() if preset.rule == definition)
    return next(offered, f"{definition['kind']} on {definition['endpoint']}")


def switch(faults: Faults, name: str, *, on: bool) -> str | None:
    """Switch a fault; what it is called, None if there is none of this name.

    A rule set over the API can be switched off only. Switching twice changes nothing.
    """
    preset = PRESETS.get(name)
    if preset is None:
        found = [one for one in faults.rules if str(one.number) == name and not on]
        title = found[0].definition["kind"] if found else None
    else:
        found, title = _rules_of(faults, preset), preset.title
        if on and not found:
            faults.add(preset.rule)
    if not on:
        for rule in found:
            faults.remove(rule)
    return title


def _rules_of(faults: Faults, preset: Preset) -> list[Rule]:
    return [rule for rule in faults.rules if rule.definition == preset.rule]
