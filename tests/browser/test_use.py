"""Searching, looking at files, the keyboard alone, no script at all."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.conftest import NARROW, WIDE, Look
from tests.browser.pdf import RED, red_pdf
from tests.e2e.support import Bench
from tests.sandbox.client import Client

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "a&b=c",
    "مرشح",
    "\u202egnp",
    "😀👩\u200d💻",
    "x" * 400,
    "javascript:alert(1)",
]
SMALLEST = (320, 600)
SEEN = "th, td:not(.call), .second, bdi, dd, dt, p, h2, button, nav a"
CUT_OFF = f"""() => [...document.querySelectorAll("{SEEN}")]
  .filter((element) => element.scrollWidth > element.clientWidth && element.clientWidth)
  .map((element) => element.outerHTML.slice(0, 100))"""
COUNT_PIXELS = """async ([picture, [red, green, blue]]) => {
  const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const {data} = context.getImageData(0, 0, image.width, image.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue) < 9)
      count += 1;
  }
  return count;
}"""


@pytest.fixture
def client(bench: Bench) -> Iterator[Client]:
    found = Client(bench.sandbox)
    with closing(found.connection):
        found.mint()
        yield found


def put(client: Client, candidate: str, content: bytes, name: str, content_type: str) -> None:
    location = client.upload(content, name, content_type).headers["location"]
    assert client.update([(candidate, "R1")], f"urn:li:ambryBlob:{location}").status == 200


def wide_enough(page: Page) -> bool:
    page.wait_for_load_state()  # before its style is there, a page has another width
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def wait_for_red(page: Page, take: Callable[[], bytes]) -> None:
    for _ in range(60):  # the viewer draws when it is ready
        with suppress(Error):  # between two documents there is nothing to take a picture of
            if page.evaluate(COUNT_PIXELS, [base64.b64encode(take()).decode(), RED]) > 1000:
                return
        page.wait_for_timeout(500)
    pytest.fail("the PDF's red rectangle is not to be seen")


@pytest.mark.parametrize("width", [360, 703, 705, 768, 900, 961, 1280, 1361, 1440, 1920])
def test_no_width_cuts_anything_off(look: Look, client: Client, width: int) -> None:
    put(client, "CAND-000001", b"text", "cv.txt", "text/plain")
    urn = client.urn()
    client.update([(f"CAND-{n:06d}", "R1") for n in range(100)], urn)
    client.sandbox.set_faults(
        {"endpoint": "batch", "kind": "partial", "failing": 1, "missing": 0, "times": 1}
    )
    client.update([(f"CAND-{n:06d}", "R1") for n in range(100)], urn)
    page = look(size=(width, 900))
    expect(page.locator("#calls .rows tbody tr")).to_have_count(8)
    assert wide_enough(page)
    assert page.evaluate(CUT_OFF) == []


@pytest.mark.parametrize(
    ("width", "beside"),
    [(375, set()), (900, {"answer", "latency"}), (1440, {"answer", "latency", "records", "fault"})],
)
def test_records_and_faults_are_shown_at_every_width(
    look: Look, client: Client, width: int, beside: set[str]
) -> None:
    client.sandbox.set_faults({"endpoint": "batch", "kind": "partial"})
    client.update([(f"CAND-{n:02d}", "R1") for n in range(50)], client.urn())
    page = look(size=(width, 900))
    expect(page.locator("#calls .rows tbody tr")).to_have_count(4)
    for name in ("answer", "latency", "records", "fault"):
        assert page.locator(f"#calls .rows th.{name}").is_visible() == (name in beside)
    row = page.locator("#calls .rows tbody tr").first
    for words in ("200", "of 50 failed", "Records fail in batches", " ms"):
        assert row.get_by_text(words).filter(visible=True).count() == 1
    sizes = page.locator("#resumes .size").first
    assert sizes.is_visible() == (width > 375)


def test_an_id_stays_on_one_line_while_there_is_room(look: Look, client: Client) -> None:
    client.update([("CAND-000001", "R1")], client.urn())
    page = look("/sandbox/call?seq=4", size=(375, 812))
    cell = page.locator("tbody td").first
    expect(cell).to_have_text("CAND-000001")
    bdi = cell.locator("bdi").bounding_box()
    assert bdi is not None
    assert bdi["height"] < 30


def test_search_by_candidate_id(look: Look, client: Client) -> None:
    urn = client.urn()
    client.update([(f"CAND-{n:03d}", "R1") for n in range(60)], urn)
    client.delete([("CAND-041", "R1")])
    page = look()
    search = page.get_by_role("searchbox", name="Candidate id")
    search.press_sequentially("ND-04")
    expect(page.locator("#resumes tbody tr")).to_have_count(9)
    expect(page.locator("#resumes .note")).to_contain_text("9 found for “ND-04”")
    expect(page.locator("#calls .rows tbody tr")).to_have_count(2)
    expect(search).to_be_focused()
    search.fill("CAND-041")
    expect(page.get_by_text("No resume of a candidate whose id contains")).to_be_visible()
    expect(page.locator("#calls .rows tbody tr")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"/\?q=CAND-041$"))
    page.reload()
    expect(search).to_have_value("CAND-041")
    search.fill("")
    expect(page.locator("#resumes .where")).to_have_text("Page 1 of 6")


def test_pdf_is_previewed(look: Look, client: Client) -> None:
    put(client, "C1", red_pdf(), "A resume.pdf", "application/pdf")
    page = look()
    page.get_by_role("link", name="C1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Resume R1 of C1")
    frame = page.locator("iframe")
    seen = look("/sandbox/static/icon.svg")
    wait_for_red(seen, frame.screenshot)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "A resume.pdf"
    assert download.value.path().read_bytes() == red_pdf()
    page.get_by_role("link", name="Open the PDF alone").click()
    wait_for_red(seen, page.screenshot)


def test_text_is_previewed_as_text(look: Look, client: Client) -> None:
    text = "Grüße\n<script>alert(1)</script>\n<img src=x onerror=alert(1)>"
    put(client, "C1", text.encode(), "cv.txt", "text/plain")
    page = look()
    page.get_by_role("link", name="C1").click()
    assert page.locator("pre").text_content() == text
    assert page.locator("pre *").count() == 0


def test_doc_is_downloaded(look: Look, client: Client) -> None:
    content = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100)
    put(client, "C1", content, "cv.doc", "application/msword")
    page = look()
    page.get_by_role("link", name="C1").click()
    expect(page.get_by_text("A browser cannot show this type of file.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "cv.doc"
    assert download.value.path().read_bytes() == content


@pytest.mark.parametrize("size", [WIDE, NARROW, SMALLEST], ids=["wide", "narrow", "smallest"])
def test_hostile_ids_are_shown_and_do_nothing(
    look: Look, client: Client, size: tuple[int, int]
) -> None:
    client.update([(candidate, candidate) for candidate in HOSTILE], client.urn())
    page = look(size=size)
    expect(page.locator("#resumes tbody tr")).to_have_count(len(HOSTILE))
    assert wide_enough(page)
    assert page.locator("#resumes tbody img").count() == 0
    shown = [
        text.replace("<U+202E>", "\u202e")
        for text in page.locator("#resumes tbody a").all_text_contents()
    ]
    assert sorted(shown) == sorted(HOSTILE)
    for number in range(len(HOSTILE)):
        page.locator("#resumes tbody a").nth(number).click()
        expect(page.get_by_text("SHA-256")).to_be_visible()
        assert wide_enough(page)
        page.go_back()
    page.locator("#calls .rows tbody a").first.click()
    expect(page.locator("tbody tr")).to_have_count(len(HOSTILE))
    assert wide_enough(page)


def test_keyboard_alone(look: Look, client: Client) -> None:
    put(client, "C1", b"text of C1", "cv.txt", "text/plain")
    put(client, "C2", b"text of C2", "cv.txt", "text/plain")
    page = look()
    press, focused = page.keyboard.press, page.locator(":focus")
    press("Tab")
    expect(focused).to_have_text("Skip to the content")
    press("Enter")
    expect(page.locator("#main")).to_be_focused()
    press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("C1")
    expect(page.locator("#resumes tbody tr")).to_have_count(1)
    for _ in range(4):
        if page.locator("#resumes tbody a:focus").count():
            break
        press("Tab")
    expect(focused).to_have_text("C1")
    assert focused.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    press("Enter")
    expect(page.locator("pre")).to_have_text("text of C1")
    for _ in range(5):
        press("Tab")
        if focused.text_content() == "All resumes":
            break
    press("Enter")
    expect(page.get_by_role("searchbox")).to_be_visible()
    fault = page.get_by_role("switch", name="Answers get lost")
    for _ in range(80):
        press("Tab")
        if fault.evaluate("e => e === document.activeElement"):
            break
        assert focused.evaluate("e => getComputedStyle(e).outlineWidth") == "3px"
    expect(fault).to_be_focused()
    press("Space")
    expect(fault).to_have_attribute("aria-checked", "true")
    client.update([("C3", "R1")])  # the page goes on, and the focus stays
    expect(page.locator("#faults li").filter(has=fault)).to_contain_text(re.compile("[01] hits?"))
    page.wait_for_timeout(1500)
    expect(fault).to_be_focused()
    press("Enter")
    expect(fault).to_have_attribute("aria-checked", "false")


def test_it_works_without_script(look: Look, client: Client) -> None:
    put(client, "C1", b"text of C1", "cv.txt", "text/plain")
    put(client, "C2", b"text of C2", "cv.txt", "text/plain")
    page = look(java_script_enabled=False)
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    page.get_by_role("switch", name="LinkedIn is down").click()
    expect(page.get_by_role("switch", name="LinkedIn is down")).to_have_attribute(
        "aria-checked", "true"
    )
    page.get_by_role("searchbox").fill("C2")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#resumes tbody tr")).to_have_count(1)
    page.get_by_role("link", name="C2").click()
    expect(page.locator("pre")).to_have_text("text of C2")


def test_motion_is_left_out_where_it_is_not_wanted(look: Look) -> None:
    duration = "e => getComputedStyle(e, '::after').transitionDuration"
    assert look().locator(".knob").first.evaluate(duration) == "0.12s"
    still = look(reduced_motion="reduce")
    assert still.locator(".knob").first.evaluate(duration) == "0s"
