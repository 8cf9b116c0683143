"""The page is whole HTML, needs nothing but itself, and can be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from target_linkedin_resumes.report.model import End, Figures, Kind
from target_linkedin_resumes.report.page import ROWS, as_html, rate_chart
from target_linkedin_resumes.report.wording import REJECTS
from tests.report.samples import PERFECT, SAMPLES, counting, rough

VOID = {"meta", "br", "line", "path"}
EACH = pytest.mark.parametrize("make", list(SAMPLES.values()), ids=list(SAMPLES))


class Reader(HTMLParser):
    """Checks that elements nest, and gathers what a page says and refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.ids: list[str] = []
        self.labelled: list[str] = []
        self.text = ""
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if tag in {"p", "li", "dd", "td"}:
            self.said.append("")
        for name, value in attrs:
            assert not name.startswith("on")
            if name in {"href", "src", "data", "action", "srcset"}:
                self.references.append(value or "")
            elif name == "id":
                self.ids.append(value or "")
            elif name == "aria-labelledby":
                self.labelled.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data
        if {"p", "li", "dd", "td"} & set(self.open):
            self.said[-1] += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def said(html: str) -> str:
    return " ".join(read(html).text.split())


@EACH
def test_a_page_needs_nothing_but_itself(make: Callable[[], Figures]) -> None:
    html = as_html(make())
    page = read(html)
    assert page.references == []
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert "url(" not in html
    assert "@import" not in html
    assert "http" not in html.replace("http-equiv", "")
    assert html.isascii() or 'charset="utf-8"' in html


@EACH
def test_a_page_has_one_heading_and_named_sections(make: Callable[[], Figures]) -> None:
    page = read(as_html(make()))
    assert page.tags.count("h1") == 1
    assert len(page.ids) == len(set(page.ids))
    assert set(page.labelled) <= set(page.ids)


def test_what_a_run_says_is_text_and_never_markup() -> None:
    end = End(Kind.STOPPED, 1, "<script>alert(1)</script> & `<b>` \"'")
    rejected = Counter({"<u>": 1})
    html = as_html(counting(replace(rough(), end=end, host="<i>"), rejected=rejected))
    assert "<script" not in html
    assert "<b>" not in html
    assert "<u>" not in html
    assert "<script>alert(1)</script> & <b> \"'" in said(html)


def test_a_stranger_learns_of_rejects_retries_and_waits() -> None:
    text = said(as_html(rough()))
    for code in rough().counters.rejected:
        assert code in text
        assert REJECTS[code].remedy.replace("`", "") in text
    for words in (
        "94 of 12,345 records could not be delivered",
        "Waited 32 s: LinkedIn asked to slow down",
        "batch_update answered 429: 200 tries",
        "same command with --input rejects.singer",
        "in rejects.singer (the setting rejects_path)",
        "LinkedIn's servers failed",
        "88 \N{MULTIPLICATION SIGN} 503",
        "was halved",
        "124 of 100,000 to tcrmCandidateResumes",
        "12,345 files uploaded, 740.7 MB, at most 64 at a time",
        "150 ms310 ms1 min",
        "The last covers all 12,345 records: the next run begins after them",
    ):
        assert words in text


@EACH
def test_nothing_is_said_twice(make: Callable[[], Figures]) -> None:
    page = read(as_html(make()))
    sentences = [
        sentence
        for text in page.said
        for sentence in re.split(r"(?<=[.:;]) ", " ".join(text.split()))
        if len(sentence) > 25
    ]
    assert len(sentences) > 3
    assert [one for one in sentences if sentences.count(one) > 1] == []


def test_calls_that_were_repeated_at_once_are_among_the_retries() -> None:
    text = said(as_html(SAMPLES["down"]()))
    assert "hireMediaUrl, connection failed: 1,259 tries" in text
    assert "upload, connection failed: 31 calls, repeated at once" in text
    assert "hireMediaUrl answered 401: 2 calls, repeated at once" in text
    refused = replace(SAMPLES["down"](), end=End(Kind.MISCONFIGURED, 2, "no"))
    assert "repeated at once" not in said(as_html(refused))
    assert "repeated at once" not in said(as_html(rough()))


def test_a_run_that_delivered_nothing_has_its_chart_too() -> None:
    sample = SAMPLES["down"]()
    page = read(as_html(sample))
    text = " ".join(page.text.split())
    assert "svg" not in page.tags  # of the curve; of waits there would be
    assert "There is no curve: not one record was confirmed. What happened when, as a table" in text
    waited = sample.timeline[-1].totals._replace(throttle_seconds=5.0)
    moments = [*sample.timeline[:-1], sample.timeline[-1]._replace(totals=waited)]
    assert "svg" in read(as_html(replace(sample, timeline=moments))).tags
    chart = rate_chart(sample.timeline, 10_000)
    assert chart is not None
    assert sum(row.retried for row in chart.rows) == 1_287
    short = replace(sample, timeline=sample.timeline[:2], seconds=0.4)
    page = read(as_html(short))
    assert "svg" not in page.tags
    assert "the run took 400 ms, too short to draw one" in " ".join(page.text.split())


def test_a_reject_that_stopped_a_run_is_explained_once() -> None:
    end = End(Kind.REJECTED, 1, "candidate 'c', resume 'r': gone", "source_gone")
    stopped = replace(PERFECT, end=end, rejects_path=None)
    one = counting(stopped, rejected=Counter(source_gone=1))
    remedy = REJECTS["source_gone"].remedy.replace("`", "")
    assert said(as_html(one)).count(remedy) == 1
    two = counting(stopped, rejected=Counter(source_gone=2))
    assert "The run stops at the first" in said(as_html(two))


def test_a_dry_run_says_so() -> None:
    dry = replace(PERFECT, dry_run=True)
    text = said(as_html(counting(dry, rejected=Counter(file_empty=2))))
    assert "would be delivered" in text
    assert "A dry run prints no state" in text
    assert "The log names each of them" in text


def test_outstanding_deletions_are_the_first_of_the_figures() -> None:
    html = as_html(SAMPLES["outstanding"]())
    text = said(html)
    places = [
        text.index("3 deletions of 2 persons are outstanding."),
        text.index("deletions outstanding, of 2 persons3"),
        text.index("read12,345"),
    ]
    assert places == sorted(places)
    assert "outstanding" not in said(as_html(rough()))


def test_what_was_not_there_is_shown_and_is_no_alarm() -> None:
    text = said(as_html(rough()))
    assert "were not there40" in text
    assert "not known to the ledger" not in text
    assert "were not there" not in said(as_html(PERFECT))
    assert "not known to the ledger7" in said(as_html(counting(unknown=7)))


def test_whose_requests_are_counted_is_said() -> None:
    assert "by this run alone" in said(as_html(PERFECT))
    shared = replace(PERFECT, requests_of_day=True)
    assert "by all runs with this ledger" in said(as_html(shared))


def test_a_run_without_figures_draws_no_chart() -> None:
    assert "svg" not in read(as_html(SAMPLES["empty"]())).tags
    assert rate_chart([], 10_000) is None


def test_a_chart_has_its_limit_and_a_table_of_the_same() -> None:
    chart = rate_chart(SAMPLES["hours"]().timeline, 10_000)
    assert chart is not None
    assert chart.highest <= 10_000
    assert chart.limit_y is not None
    assert 0 < chart.limit_y < chart.highest_y < 100
    assert len(chart.rows) <= ROWS
    last = SAMPLES["hours"]().timeline[-1].totals
    assert sum(row.confirmed for row in chart.rows) == last.confirmed
    assert sum(row.waited for row in chart.rows) == pytest.approx(
        last.limit_seconds + last.throttle_seconds
    )
    assert [wait.name for wait in chart.waits] == [
        "LinkedIn asked to slow down",
        "at the limit of records a minute",
    ]


def test_a_limit_out_of_reach_does_not_flatten_the_chart() -> None:
    chart = rate_chart(SAMPLES["rough"]().timeline, 1_000_000)
    assert chart is not None
    assert chart.limit_y is None
    assert chart.highest_y < 20


# Text and what it stands on, in both schemes.
PAIRS = [
    ("text", "page"),
    ("text", "card"),
    ("quiet", "page"),
    ("quiet", "card"),
    ("accent", "card"),
    ("limit", "card"),
    *((part, f"{tone}-back") for tone in ("good", "attention", "bad") for part in ("text", tone)),
]


def schemes(html: str) -> Iterator[dict[str, str]]:
    """The colours of the light scheme and of the dark one."""
    for block in re.findall(r":root \{(.*?)\}", html, re.DOTALL)[:2]:
        yield dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_contrast_is_that_of_wcag_aa(front: str, back: str) -> None:
    both = list(schemes(as_html(PERFECT)))
    assert len(both) == 2
    for colours in both:
        lighter, darker = sorted((luminance(colours[front]), luminance(colours[back])))[::-1]
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5
