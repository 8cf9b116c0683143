"""Faults that are switched on and off: every one the page offers does what it says."""

from __future__ import annotations

import re

import pytest

from target_linkedin_resumes.sandbox.faults import Faults
from target_linkedin_resumes.sandbox.page.switches import PRESETS, switch, switches
from tests.sandbox.client import FORM, Client


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_rule(name: str) -> None:
    faults = Faults()
    assert switch(faults, name, on=True) == PRESETS[name].title
    assert switch(faults, name, on=True) == PRESETS[name].title
    assert [rule.definition for rule in faults.rules] == [PRESETS[name].rule]
    assert [one.name for one in switches(faults) if one.on] == [name]
    switch(faults, name, on=False)
    assert faults.rules == []
    assert not any(one.on for one in switches(faults))


@pytest.mark.parametrize("name", [n for n, one in PRESETS.items() if "rate" in one.rule])
def test_presets_hit_as_often_as_they_say(name: str) -> None:
    rule = PRESETS[name].rule
    said = PRESETS[name].meaning.partition(" in ")
    assert rule["rate"] == int(said[0]) / int(said[2].partition(" ")[0])


def test_presets_are_of_different_rules() -> None:
    rules = [str(one.rule) for one in PRESETS.values()]
    assert len(set(rules)) == len(rules)


def test_rules_of_the_api_are_shown_and_can_be_switched_off() -> None:
    faults = Faults()
    rule = {"endpoint": "url", "kind": "status", "status": 500}
    faults.load({"rules": [rule, {"endpoint": "*", "kind": "cut_short"}, PRESETS["down"].rule]})
    shown = [one for one in switches(faults) if one.on]
    assert [(one.name, one.title, one.meaning) for one in shown[1:]] == [
        ("0", "status on url", '{"status": 500}'),
        ("1", "cut_short on *", "Every call."),
    ]
    assert shown[0].name == "down"
    assert switch(faults, "0", on=True) is None
    assert switch(faults, "0", on=False) == "status"
    assert [r.definition["kind"] for r in faults.rules] == ["cut_short", "down"]
    assert switch(faults, "0", on=False) is None
    assert switch(faults, "nothing", on=False) is None


def test_the_journal_calls_a_rule_as_its_switch_does(client: Client) -> None:
    client.sandbox.set_faults({"endpoint": "url", "kind": "cut_short"})
    client.create_url()
    shown = client.call("GET", "/?show=faults").body.decode()
    assert re.findall('<td class="wide fault"><span title="(.*?)">', shown) == ["cut_short on url"]
    assert "<span>cut_short on url</span>" in shown  # the switch


def test_long_rules_are_cut_and_many_are_counted(client: Client) -> None:
    keys = [[f"candidate {n}", "1"] for n in range(1000)]
    rule = {"endpoint": "batch", "kind": "poison", "keys": keys}
    client.sandbox.set_faults(*([rule] * 25))
    page = client.call("GET", "/").body.decode()
    assert len(page) < 60_000
    assert "candidate 3" in page
    assert "candidate 999" not in page
    assert "5 more rules are in force" in page


def test_a_rule_that_is_added_leaves_the_others_as_they_are() -> None:
    faults = Faults()
    faults.load({"seed": 3, "rules": [{"endpoint": "url", "kind": "down", "rate": 0.5}] * 2})
    for _ in range(20):
        faults.choose("url")
    seen = [(rule.seen, rule.fired) for rule in faults.rules]
    faults.remove(faults.rules[0])
    switch(faults, "slow", on=True)
    switch(faults, "down", on=True)
    assert (faults.rules[0].seen, faults.rules[0].fired) == seen[1]
    assert [rule.number for rule in faults.rules] == [1, 2, 3]


def test_a_click_switches_and_leads_back(client: Client) -> None:
    sent = {"content-type": FORM}
    answer = client.call("POST", "/sandbox/switch", "fault=forbidden&on=true", sent)
    assert (answer.status, answer.headers["location"]) == (303, "/#faults")
    assert client.update([("c", "1")]).status == 403
    (entry,) = [e for e in client.sandbox.journal() if e["endpoint"] == "batch_update"]
    assert (entry["status"], entry["fault"]) == (403, "status")
    assert entry["rules"] == [PRESETS["forbidden"].rule]
    for path in ("/", "/?show=faults", f"/sandbox/call?seq={entry['seq']}"):
        shown = client.call("GET", path).body.decode()
        without_switches = re.sub('<ul class="switches">.*?</ul>', "", shown, flags=re.DOTALL)
        assert "Rights are withdrawn" in without_switches
    script = {**sent, "accept": "application/json"}
    answer = client.call("POST", "/sandbox/switch", "fault=forbidden&on=false", script)
    assert answer.document == {"spoken": "Rights are withdrawn: switched off"}
    assert client.update([("c", "1")]).status == 200


@pytest.mark.parametrize("body", ["", "fault=down", "fault=down&on=maybe", "on=true&fault=x", "é"])
def test_a_form_that_makes_no_sense_changes_nothing(client: Client, body: str) -> None:
    headers = {"accept": "application/json"}
    answer = client.call("POST", "/sandbox/switch", body.encode(), headers)
    assert answer.document == {"spoken": "There is no such fault"}
    assert client.call("GET", "/sandbox/faults").document["rules"] == []


def test_faults_are_switched_by_post_only(client: Client) -> None:
    assert client.call("GET", "/sandbox/switch?fault=down&on=true").status == 405
    assert client.call("GET", "/sandbox/faults").document["rules"] == []
