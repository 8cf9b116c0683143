"""The page follows runs of the installed target, and stays where it is meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from target_linkedin_resumes.sandbox.server import running
from tests.browser.conftest import NARROW, WIDE, Look
from tests.e2e.support import SCHEMA, Bench, line, record, state
from tests.sandbox.client import Client

SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifts.push(entry.value);
  }).observe({type: "layout-shift", buffered: true});
}"""
# By the elements themselves: what is written in one, such as the share of a limit, may change.
KEEP_PLACES = """() => {
  const place = (element) => {
    const {x, y, height} = element.getBoundingClientRect();
    return [x, y, height].join(" ");
  };
  const kept = [...document.querySelectorAll("h1, h2, h3, nav, dt, button, thead, input, svg")]
    .filter((element) => !element.closest("tbody, .empty"))
    .map((element) => [element, place(element)]);
  window.moved = () => kept
    .filter(([element, before]) => element.isConnected && place(element) !== before)
    .map(([element, before]) => [element.outerHTML.slice(0, 60), before, place(element)]);
  window.gone = () => kept.filter(([element]) => !element.isConnected)
    .map(([element]) => element.outerHTML.slice(0, 60));
  return kept.length;
}"""


def records(bench: Bench, count: int, start: int = 0) -> Iterator[bytes]:
    """A stream of records, each with a state after it."""
    name = bench.file("cv.pdf")
    yield line(SCHEMA)
    for number in range(start, start + count):
        yield line(record(f"CAND-{number:04d}", "R1", name))
        yield line(state(number + 1))


def rows(page: Page) -> list[str]:
    return page.locator("#resumes tbody a").all_text_contents()


def test_resumes_appear_while_a_run_goes_on(look: Look, bench: Bench) -> None:
    page = look()
    expect(page.get_by_text("No resume has arrived yet.")).to_be_visible()
    page.evaluate("window.same = true")
    with bench.start() as process:
        assert process.stdin is not None
        for message in records(bench, 150):
            process.stdin.write(message)
        process.stdin.flush()
        # The run is still waiting for more; what it has read so far is shown.
        expect(page.locator("#held")).to_have_text("150")
        expect(page.get_by_role("link", name="CAND-0")).to_have_count(10)
        assert process.poll() is None
        first = rows(page)
        for message in records(bench, 30, start=150):
            process.stdin.write(message)
        process.stdin.close()
        assert process.wait(60) == 0
    expect(page.locator("#held")).to_have_text("180")
    expect(page.locator("#resumes tbody a", has_text="CAND-01").first).to_be_visible()
    assert set(rows(page)) != set(first)
    expect(page.locator("#resumes .where")).to_have_text("Page 1 of 18")
    expect(page.locator("#limits dd").first).to_have_text(re.compile("180 of 10,000"))
    assert page.evaluate("window.same")  # it was never loaded anew


def test_a_fault_switched_on_by_clicking_hits_the_run(look: Look, bench: Bench) -> None:
    page = look()
    fault = page.get_by_role("switch", name="Uploads unavailable")
    expect(fault).to_have_attribute("aria-checked", "false")
    fault.click()
    expect(fault).to_have_attribute("aria-checked", "true")
    expect(page.get_by_role("status")).to_have_text("Uploads unavailable: switched on")
    bench.environment["TARGET_LINKEDIN_RESUMES_LOGLEVEL"] = "DEBUG"  # which has every retry
    finished = bench.run(records(bench, 60))
    assert finished.code == 0
    assert len(bench.held()) == 60
    hits = [e for e in bench.sandbox.journal() if e["fault"]]
    assert hits
    assert all(e["status"] == 503 and e["endpoint"] == "upload" for e in hits)
    # What the run says of its retries, what the journal holds and what the page shows agree.
    assert len(re.findall(r"the upload is tried again: LinkedIn answered 503", finished.log)) == (
        len(hits)
    )
    item = page.get_by_role("listitem").filter(has=fault)
    expect(item).to_contain_text(re.compile(rf"\b{len(hits)} hits?\b"))
    page.get_by_role("link", name="With a fault").click()
    expect(page.locator("#calls .rows tbody tr.failed")).to_have_count(min(15, len(hits)))
    expect(page.locator("#calls .rows tbody tr.failed").first).to_contain_text("503")
    page.get_by_role("switch", name="Uploads unavailable").click()
    expect(page.get_by_role("switch", checked=True)).to_have_count(0)
    again = bench.run(records(bench, 20, start=60))
    assert again.code == 0
    assert "tried again" not in again.log


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_moves_while_a_run_goes_on(look: Look, bench: Bench, size: tuple[int, int]) -> None:
    bench.sandbox.set_faults({"endpoint": "upload", "kind": "status", "status": 503, "rate": 0.2})
    page = look(size=size)
    page.evaluate(SHIFTS)
    page.wait_for_function("document.querySelector('#connection').dataset.is === 'live'")
    assert page.evaluate(KEEP_PLACES) > 30
    assert bench.run(records(bench, 120)).code == 0
    expect(page.locator("#held")).to_have_text("120")
    expect(page.locator("#calls .rows tbody tr")).to_have_count(15)
    # What a list holds takes the room that was kept for it: of all else nothing has moved.
    assert page.evaluate("window.moved()") == []
    assert page.evaluate("window.gone()") == []
    # Chromium counts a number that grows to the left; anything more would be a hundredfold.
    assert sum(page.evaluate("window.shifts")) < 0.001


def test_a_list_is_held_while_the_pointer_is_in_it(look: Look, bench: Bench) -> None:
    page = look()
    assert bench.run(records(bench, 10)).code == 0
    expect(page.locator("#resumes tbody tr")).to_have_count(10)
    first = rows(page)
    page.locator("#resumes tbody tr").nth(3).hover()
    expect(page.locator("#resumes .waiting")).to_be_visible()
    assert bench.run(records(bench, 10, start=10)).code == 0
    expect(page.locator("#held")).to_have_text("20")
    assert rows(page) == first
    page.mouse.move(5, 5)
    expect(page.locator("#resumes .where")).to_have_text("Page 1 of 2")
    assert not set(rows(page)) & set(first)
    expect(page.locator("#resumes .waiting")).to_be_hidden()


def test_pause_stops_asking_and_resuming_catches_up(look: Look, bench: Bench) -> None:
    page = look()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#connection")).to_have_text("Paused")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    client = Client(bench.sandbox)
    with closing(client.connection):
        client.mint()
        client.update([("c", "1")], client.urn())
    page.wait_for_timeout(2500)
    assert asked == []
    expect(page.locator("#held")).to_have_text("0")
    page.get_by_role("button", name="Pause", pressed=True).click()
    expect(page.locator("#held")).to_have_text("1")
    expect(page.locator("#connection")).to_have_text("Live")


def test_a_fault_can_be_switched_while_paused(look: Look, bench: Bench) -> None:
    page = look()
    page.get_by_role("button", name="Pause").click()
    fault = page.get_by_role("switch", name="Slow answers")
    fault.click()
    expect(fault).to_have_attribute("aria-checked", "true")
    expect(page.locator("#connection")).to_have_text("Paused")


def test_what_happens_is_spoken_politely(look: Look, bench: Bench) -> None:
    page = look("about:blank")
    page.clock.install()
    page.goto(bench.sandbox.url)
    spoken = page.get_by_role("status")
    page.clock.run_for(5_000)
    client = Client(bench.sandbox)
    with closing(client.connection):
        client.mint()
        client.update([("c", "1")], client.urn())
    page.clock.run_for(5_000)
    expect(page.locator("#held")).to_have_text("1")
    assert spoken.text_content() == ""
    page.clock.run_for(15_000)
    expect(spoken).to_have_text("1 resumes held, 4 calls, 0 of them failed")


def test_a_sandbox_that_ends_is_noticed_and_so_is_the_next(
    look: Look, bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = tmp_path_factory.mktemp("other")
    with running(data) as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        with closing(Client(sandbox).connection):
            pass
        page = look(expected="ERR_CONNECTION")
        page.goto(sandbox.url)
        sandbox.set_faults({"endpoint": "url", "kind": "down"})
        expect(page.get_by_role("switch", checked=True)).to_have_count(1)
    expect(page.locator("#connection")).to_have_text("No connection")
    with running(data, port=port):
        expect(page.locator("#connection")).to_have_text("Live")
        expect(page.get_by_role("switch", checked=True)).to_have_count(0)
