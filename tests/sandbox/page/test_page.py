"""The page over HTTP: what it shows, and that nothing it is given can do anything."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from target_linkedin_resumes.sandbox.page.regions import Chart, chart
from target_linkedin_resumes.sandbox.server import Running, running
from target_linkedin_resumes.sandbox.state import State
from tests.sandbox.client import PDF, Client

ORGANIZATION = "urn:li:organization:1234567890"
HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "' onfocus=alert(1) autofocus='",
    "a&b=c&amp;d",
    "{{ 7 * 7 }}{% raw %}",
    "مرشح-ب",
    "\u202egnp",
    "😀👩\u200d💻",
    " two  spaces ",
    "x" * 300,
    "</title></textarea></style>",
    "javascript:alert(1)",
    "../../etc/passwd",
]

ONE = {"keys": [["c", "1"]]}


class Elements(HTMLParser):
    """The elements of a document with their attributes, and its text."""

    def __init__(self, document: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(document.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"

    def hrefs(self, part: str) -> list[str]:
        found = [attributes.get("href") or "" for tag, attributes in self.elements if tag == "a"]
        return [href for href in found if part in href]


def show(client: Client, path: str, status: int = 200) -> Elements:
    answer = client.call("GET", path.partition("#")[0])
    assert answer.status == status, answer.body
    return Elements(answer.body)


def place(candidate: str, resume: str = "1") -> str:
    return urlencode({"candidate": candidate, "resume": resume, "organization": ORGANIZATION})


def live(client: Client, query: str) -> dict[str, dict[str, str]]:
    regions: dict[str, dict[str, str]] = client.call("GET", f"/sandbox/live?{query}").document[
        "regions"
    ]
    return regions


def unnumbered(state: State) -> dict[str, Any]:
    """Give the first call as it may be written into the journal again."""
    entry = state.journal.get(1)
    assert entry is not None
    del entry["seq"]
    return entry


def test_empty_sandbox_says_how_to_begin(client: Client) -> None:
    client.sandbox.reset()
    page = show(client, "/")
    assert "No resume has arrived yet." in page.text
    assert f"{client.sandbox.url}/oauth/v2/accessToken" in page.text
    assert "sandbox-secret" not in page.text
    assert "No call has come in yet." in page.text


def test_page_shows_what_is_held_and_was_asked(client: Client) -> None:
    urn = client.urn()
    client.update([("c", "1"), ("c", "2")], urn)
    client.delete([("c", "2"), ("c", "3")])
    page = show(client, "/")
    assert page.hrefs("/sandbox/resume?") == [f"/sandbox/resume?{place('c')}"]
    assert page.hrefs("/sandbox/call?") == [f"/sandbox/call?seq={n}" for n in (5, 4, 3, 2, 1)]
    text = " ".join(page.text.split())
    assert "Resumes held 1 Files uploaded 1 Calls 5 Failed calls 0 Failed records 0 " in text
    assert "Were not there 1" in text
    assert "Records in 60 s 4 of 10,000" in text
    assert "Batches today 2 of 100,000" in text
    assert "2 records, 1 was not there" in text


def test_page_is_no_call(client: Client, sandbox: Running) -> None:
    before = len(sandbox.journal())
    for path in ("/", "/sandbox/live", "/favicon.ico", "/sandbox/static/page.css"):
        client.call("GET", path)
    assert len(sandbox.journal()) == before


@pytest.mark.parametrize("candidate", HOSTILE)
def test_ids_are_text_and_nothing_else(client: Client, candidate: str) -> None:
    client.update([("plain", "1")], client.urn())
    before = [tag for tag, _ in show(client, "/").elements]
    client.sandbox.reset()
    client.mint()
    client.update([(candidate, "1")], client.urn())
    page = show(client, "/")
    assert [tag for tag, _ in page.elements] == before
    (href,) = page.hrefs("/sandbox/resume?")
    assert href == f"/sandbox/resume?{place(candidate)}"
    resume = show(client, href)
    assert "All resumes" in resume.text
    found = show(client, "/?" + urlencode({"q": candidate}))
    assert found.hrefs("/sandbox/resume?") == [href]
    assert client.call("GET", "/sandbox/file?" + place(candidate)).body == PDF
    for shown in (page, resume, found, show(client, "/sandbox/call?seq=4")):
        assert not [a for _, a in shown.elements if any(name.startswith("on") for name in a)]
        assert [a for tag, a in shown.elements if tag == "script"] in (
            [],
            [{"src": "/sandbox/static/page.js", "defer": None}],
        )


def test_no_document_has_styles_or_scripts_inline(client: Client) -> None:
    client.update([("c", "1")], client.urn())
    for path in ("/", f"/sandbox/resume?{place('c')}", "/sandbox/call?seq=4"):
        page = show(client, path)
        assert not [a for _, a in page.elements if "style" in a]
        assert "style" not in [tag for tag, _ in page.elements]


def test_search_finds_exact_ids_first(client: Client) -> None:
    urn = client.urn()
    client.update([("C-1", "1")], urn)
    client.update([(f"C-1{n}", "1") for n in range(99)], urn)
    first = show(client, "/?q=C-1")
    assert first.hrefs("/sandbox/resume?")[0] == f"/sandbox/resume?{place('C-1')}"
    assert len(first.hrefs("/sandbox/resume?")) == 10
    assert "Page 1 of 10" in first.text
    assert show(client, "/?q=C-1&page=10").hrefs("/sandbox/resume?")
    assert not show(client, "/?q=c-1").hrefs("/sandbox/resume?")
    assert "Capital and small letters differ" in show(client, "/?q=c-1").text


def test_search_shows_the_batches_that_name_a_candidate(client: Client) -> None:
    urn = client.urn()
    client.update([('näh"1', "1"), ("other", "1")], urn)
    client.update([("other", "2")], urn)
    client.delete([('näh"1', "1")])
    page = show(client, "/?" + urlencode({"q": 'äh"1'}))
    assert page.hrefs("/sandbox/call?") == [f"/sandbox/call?seq={n}" for n in (6, 4)]
    # What stands elsewhere in an entry is no candidate's id.
    assert not show(client, "/?q=batch_update").hrefs("/sandbox/call?")


def test_search_that_finds_too_many_says_so(tmp_path: Path) -> None:
    with running(tmp_path, records_per_minute=100_000) as sandbox:
        client = Client(sandbox)
        client.mint()
        urn = client.urn()
        for start in range(0, 1100, 100):
            client.update([(f"C-{n:04d}", "1") for n in range(start, start + 100)], urn)
        assert "More than 1,000 found for" in " ".join(show(client, "/?q=C-").text.split())
        assert "100 found for" in " ".join(show(client, "/?q=C-05").text.split())
        pages = show(client, "/?page=110")
        assert pages.hrefs("/sandbox/resume?")[-1] == f"/sandbox/resume?{place('C-0000')}"
        assert show(client, "/?page=9999").hrefs("/sandbox/resume?")
        client.connection.close()


def test_journal_is_paged_and_filtered(client: Client) -> None:
    client.sandbox.set_faults({"endpoint": "url", "kind": "status", "status": 503, "times": 2})
    for _ in range(20):
        client.create_url()
    client.update([("c", "1")], "urn:li:ambryBlob:/none.pdf")
    assert [int(h.partition("=")[2]) for h in show(client, "/").hrefs("call?")] == list(
        range(22, 7, -1)
    )
    (older,) = show(client, "/").hrefs("before=")
    assert [int(h.partition("=")[2]) for h in show(client, older).hrefs("call?")] == list(
        range(7, 0, -1)
    )
    failed = [int(h.partition("=")[2]) for h in show(client, "/?show=failed").hrefs("call?")]
    assert failed == [3, 2]
    records = [int(h.partition("=")[2]) for h in show(client, "/?show=records").hrefs("call?")]
    assert records == [22]
    faults = [int(h.partition("=")[2]) for h in show(client, "/?show=faults").hrefs("call?")]
    assert faults == [3, 2]


def test_a_hundred_thousand_resumes_are_shown_in_part(tmp_path: Path) -> None:
    with running(tmp_path) as sandbox:
        client = Client(sandbox)
        client.mint()
        client.update([("C", "1")], client.urn())

        def fill(state: State) -> None:
            ((_, first),) = state.resumes.held.items()
            for number in range(100_000):
                resume = replace(first, candidate_id=f"C-{number}")
                state.resumes.held[("tcrmCandidateId", resume.candidate_id),] = resume

        sandbox.ask(fill)
        page = client.call("GET", "/").body
        assert len(page) < 40_000
        assert "Page 1 of 10,001" in Elements(page).text
        assert len(client.call("GET", "/sandbox/live?resumes=-").body) < 10_000
        assert show(client, "/?page=10001").hrefs("/sandbox/resume?") == [
            f"/sandbox/resume?{place('C')}"
        ]
        client.connection.close()


def test_a_search_of_the_journal_goes_on_where_it_left_off(
    client: Client, sandbox: Running
) -> None:
    def fill(state: State) -> None:
        entry = unnumbered(state)
        for _ in range(25_000 - 1):
            state.journal.append(entry)

    sandbox.ask(fill)
    assert len(client.call("GET", "/").body) < 40_000
    page = show(client, "/?show=faults")
    text = " ".join(page.text.split())
    assert "None of the calls 5,001 to 25,000 was hit by a fault." in text
    (older,) = page.hrefs("before=")
    assert older == "/?show=faults&before=5001#journal-title"
    rest = show(client, older)
    assert "None of the calls 1 to 5,000 was hit by a fault." in " ".join(rest.text.split())
    assert "Of calls 1 to 5,000" in " ".join(rest.text.split())
    assert rest.hrefs("before=") == []


def test_calls_that_are_in_the_file_only_are_spoken_of(client: Client, sandbox: Running) -> None:
    def fill(state: State) -> None:
        entry = {**unnumbered(state), "filler": "x" * 1_000_000}
        for _ in range(70):
            state.journal.append(entry)

    sandbox.ask(fill)
    text = " ".join(show(client, "/").text.split())
    assert "71 calls, those before 5 in journal.jsonl only" in text
    assert "Not here" in show(client, "/sandbox/call?seq=4", 404).text
    assert "Call 5: token" in " ".join(show(client, "/sandbox/call?seq=5").text.split())


@pytest.mark.parametrize(
    "query",
    ["page=x", "page=-1", "page=" + "9" * 5000, "before=0", "before=%C2%B2", "show=<b>", "q=%00"],
)
def test_queries_that_make_no_sense_are_survived(client: Client, query: str) -> None:
    assert "Resumes held" in show(client, f"/?{query}").text


def test_call_shows_its_records(client: Client) -> None:
    client.update([("c", "1")], client.urn())
    client.delete([("c", "1"), ("no such", "2")])
    text = " ".join(show(client, "/sandbox/call?seq=5").text.split())
    assert "Call 5: batch delete" in text
    assert "c 1 204" in text
    assert "no such 2 404, was not there" in text
    assert "Records 2 records, 1 was not there" in text
    assert "POST in place of a longer request (tunnelled)" in text
    assert "could not be read" not in text


@pytest.mark.parametrize(
    ("endpoint", "status", "failed"),
    [
        ("batch_delete", 404, False),
        ("batch_delete", 410, False),
        ("batch_delete", 409, True),
        ("batch_delete", 400, True),
        ("batch_delete", 414, True),
        ("batch_delete", 504, True),
        ("batch_update", 404, True),
        ("batch_update", 410, True),
    ],
)
def test_a_deletion_of_what_is_not_there_is_no_failure(
    client: Client, endpoint: str, status: int, failed: bool
) -> None:
    client.sandbox.set_faults({"endpoint": "batch", "kind": "key_status", "status": status})
    call = client.delete if endpoint == "batch_delete" else client.update
    call([("c", "1")])
    call([("c", "1"), ("d", "1")])
    page = show(client, "/")
    text = " ".join(page.text.split())
    assert f"Failed records {3 if failed else 0} " in text
    assert ("Were not there 3" in text) is not failed
    assert ("failed: c" if failed else "not there: c") in text
    assert ("2 of 2 failed" if failed else "2 records, 2 were not there") in text
    assert any("bad" in (a.get("class") or "").split() for tag, a in page.elements) is failed
    records = show(client, "/?show=records").hrefs("call?")
    assert records == (["/sandbox/call?seq=3", "/sandbox/call?seq=2"] if failed else [])
    rows = [
        a.get("class") for tag, a in show(client, "/sandbox/call?seq=2").elements if tag == "tr"
    ]
    assert rows[1:] == ["failed" if failed else None]


def test_a_deletion_that_was_left_out_of_an_answer_is_a_failure(client: Client) -> None:
    client.sandbox.set_faults({"endpoint": "batch", "kind": "partial", "missing": 1})
    client.delete([("c", "1")])
    text = " ".join(show(client, "/").text.split())
    assert "Failed records 1 " in text
    assert "Were not there" not in text
    assert show(client, "/?show=records").hrefs("call?") == ["/sandbox/call?seq=2"]


def test_a_call_that_failed_and_a_record_that_failed_are_told_apart(client: Client) -> None:
    urn = client.urn()
    client.sandbox.set_faults({"endpoint": "batch", "kind": "partial", "missing": 1, "times": 1})
    client.update([("a", "1"), ("b", "1")], urn)
    client.sandbox.set_faults({"endpoint": "batch", "kind": "key_status", "status": 409, **ONE})
    client.update([("c", "1")], urn)
    client.sandbox.set_faults({"endpoint": "batch", "kind": "status", "status": 503})
    client.update([("d", "1"), ("e", "1")], urn)
    page = show(client, "/")
    text = " ".join(page.text.split())
    assert "Failed calls 1 Failed records 3" in text
    assert "batch update 3 1" in text
    rows = [a.get("class") for tag, a in page.elements if tag == "tr"][-6:]
    assert rows == ["failed", *[None] * 5]
    assert text.count("2 of 2 failed") == 2  # in its column, and below the call in a narrow window
    assert text.count("failed: c") == 2
    for shown, found in (("failed", ["6"]), ("records", ["5", "4"])):
        hrefs = show(client, f"/?show={shown}").hrefs("call?")
        assert [href.rpartition("=")[2] for href in hrefs] == found
    for shown, words in (("failed", "that failed names"), ("records", "with failed records names")):
        text = show(client, f"/?show={shown}&q=zz").text
        assert f"None of the calls 1 to 6 {words}" in " ".join(text.split())


def test_a_record_that_was_left_out_of_an_answer_is_no_success(client: Client) -> None:
    urn = client.urn()
    client.sandbox.set_faults({"endpoint": "batch", "kind": "partial", "missing": 1, **ONE})
    client.update([("b", "1"), ("c", "1")], urn)
    page = show(client, "/sandbox/call?seq=4")
    text = " ".join(page.text.split())
    assert "b 1 204 c 1 204, left out of the answer" in text
    assert [a.get("class") for tag, a in page.elements if tag == "tr"][1:] == [None, "failed"]
    assert "Records 1 of 2 failed" in text


def test_calls_without_records_are_shown(client: Client) -> None:
    client.sandbox.set_faults({"endpoint": "batch", "kind": "status", "status": 503})
    client.update([("c", "1")])
    client.batch("POST", "/v2/tcrmCandidateResumes", "nonsense", {})
    assert "not worked on" in show(client, "/sandbox/call?seq=2").text
    assert "could not be read as a batch" in show(client, "/sandbox/call?seq=3").text
    client.call("GET", "/v2/unknown")
    assert "unknown" in show(client, "/sandbox/call?seq=4").text
    assert "unknown" in show(client, "/").text


@pytest.mark.parametrize("path", ["call?seq=99", "call?seq=0", "call", "resume", "file", "file?x"])
def test_what_is_not_there_is_said(client: Client, path: str) -> None:
    assert "Not here" in show(client, f"/sandbox/{path}", 404).text


def test_breaches_are_listed_with_their_rule(client: Client) -> None:
    assert "None so far" in show(client, "/").text
    client.create_url(nonsense=1)
    text = " ".join(show(client, "/").text.split())
    assert "malformed_url_request 1 hireMediaUrl takes the documented fields" in text


def test_every_clients_limits_are_shown(tmp_path: Path) -> None:
    clients = {f"<customer {n}>": f"secret number {n}" for n in range(60)}
    with running(tmp_path, clients=clients, requests_per_day={"batch": 4, "url": 9}) as sandbox:
        client = Client(sandbox)
        text = " ".join(show(client, "/").text.split())
        assert "Client <customer 9>" in text
        assert "Client <customer 10>" not in text
        assert "50 more clients are not shown" in text
        client.mint(client_id="<customer 57>", client_secret="secret number 57")
        client.create_url()
        assert "Limits used Client <customer 57>" in " ".join(show(client, "/").text.split())
        assert "Uploads today 0 no limit" in text
        assert "Batches today 0 of 4" in text
        assert "secret number" not in text
        client.connection.close()


def test_chart_draws_each_second_to_scale(tmp_path: Path) -> None:
    now = 1_000_000.5
    with running(tmp_path, clock=lambda: now) as sandbox:

        def draw(state: State) -> Chart:
            for _ in range(30):
                state.pace.add("url", 201, now - 120, 5)
            for status in (201, None):
                state.pace.add("url", status, now - 1, 5)
            return chart(state)

        drawn = sandbox.ask(draw)
    # 50 calls are 40 high; a failed one is drawn at least 2 high, below the others.
    assert drawn == Chart("M0 40V16h.8V40z M119 38V38h.8V38z", "M119 40V38h.8V40z", 50, 2, 30)


@pytest.mark.parametrize(("most", "top"), [(0, 10), (10, 10), (11, 20), (21, 50), (51, 100)])
def test_chart_has_a_round_top(tmp_path: Path, most: int, top: int) -> None:
    def draw(state: State) -> Chart:
        for _ in range(most):
            state.pace.add("url", 201, 999, 5)
        return chart(state)

    with running(tmp_path, clock=lambda: 1000.0) as sandbox:
        assert sandbox.ask(draw).top == top


# Live


def test_live_gives_what_changed_and_nothing_else(client: Client) -> None:
    page = show(client, "/")
    regions = [a for _, a in page.elements if "data-region" in a]
    marks = {str(a["data-region"]): a["data-mark"] for a in regions}
    assert set(marks) == {*("overview", "resumes", "pace", "calls", "limits", "faults", "breaches")}
    still = {name: mark for name, mark in marks.items() if name != "pace"}
    query = urlencode(still)
    assert live(client, query) == {}
    client.update([("c", "1")], client.urn())
    changed = live(client, query)
    assert set(changed) == {"overview", "resumes", "calls", "limits"}
    again = urlencode({name: region["mark"] for name, region in changed.items()})
    assert live(client, again) == {}
    assert "/sandbox/resume?" in changed["resumes"]["html"]
    assert set(live(client, urlencode({"faults": marks["faults"], "resumes": "-"}))) == {"resumes"}


def test_live_notices_faults_and_a_reset(client: Client) -> None:
    marks = {name: region["mark"] for name, region in live(client, "faults=-&resumes=-").items()}
    client.sandbox.set_faults({"endpoint": "url", "kind": "down"})
    assert set(live(client, urlencode(marks))) == {"faults"}
    client.sandbox.reset()
    assert set(live(client, urlencode(marks))) == {"faults", "resumes"}


def test_live_is_the_page_as_it_would_be_rendered(client: Client) -> None:
    client.update([("c<1>", "1")], client.urn())
    html = client.call("GET", "/?q=c%3C").body.decode()
    for name, region in live(client, "q=c%3C&resumes=-&calls=-&limits=-").items():
        assert region["html"].strip() in html, name


def test_live_sums_up_in_words(client: Client) -> None:
    client.call("GET", "/v2/unknown")
    spoken = client.call("GET", "/sandbox/live").document["spoken"]
    assert spoken == "0 resumes held, 2 calls, 1 of them failed"


# Files


def test_pdf_is_shown_in_a_frame_of_the_page_only(client: Client) -> None:
    client.update([("c", "1")], client.urn())
    page = show(client, f"/sandbox/resume?{place('c')}")
    (frame,) = [a for tag, a in page.elements if tag == "iframe"]
    assert frame["src"] == f"/sandbox/file?{place('c')}"
    answer = client.call("GET", unescape(str(frame["src"])))
    assert answer.body == PDF
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("inline")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'self'; sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("content", "name", "content_type"),
    [
        (b"<html><script>alert(1)</script>", "cv.txt", "text/plain"),
        (bytes.fromhex("d0cf11e0a1b11ae1"), "cv.doc", "application/msword"),
    ],
)
def test_other_files_are_only_ever_saved(
    client: Client, content: bytes, name: str, content_type: str
) -> None:
    location = client.upload(content, name, content_type).headers["location"]
    client.update([("c", "1")], f"urn:li:ambryBlob:{location}")
    answer = client.call("GET", f"/sandbox/file?{place('c')}")
    assert answer.body == content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert "sandbox" in answer.headers["content-security-policy"]
    page = show(client, f"/sandbox/resume?{place('c')}")
    assert not {"script", "html"} & {tag for tag, _ in page.elements[1:]}
    assert "iframe" not in [tag for tag, _ in page.elements]


def test_file_names_are_no_headers(client: Client) -> None:
    name = 'a"; filename="b.exe\r\nx-evil: 1.pdf'
    location = client.upload(filename=name).headers["location"]
    client.update([("c", "1")], f"urn:li:ambryBlob:{location}")
    answer = client.call("GET", f"/sandbox/file?{place('c')}&download=1")
    assert answer.headers["content-disposition"] == (f"attachment; filename*=utf-8''{quote(name)}")
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("Grüße <b>".encode(), "Grüße <b>"),
        ("\ufeffGrüße".encode(), "Grüße"),
        ("Grüße".encode("cp1252"), "Grüße"),
        ("Grüße".encode("utf-16"), "Grüße"),
        ("Grüße".encode("utf-16-be").join([b"\xfe\xff", b""]), "Grüße"),
        (b"\xff\xfeC", "ÿþC"),
    ],
)
def test_texts_are_shown(client: Client, content: bytes, shown: str) -> None:
    location = client.upload(content, "cv.txt", "text/plain").headers["location"]
    client.update([("c", "1")], f"urn:li:ambryBlob:{location}")
    answer = client.call("GET", f"/sandbox/resume?{place('c')}").body.decode()
    (text,) = re.findall(r"<pre[^>]*>(.*?)</pre>", answer, re.DOTALL)
    assert unescape(text) == shown
    assert "The first 64 KiB" not in answer


def test_long_texts_are_cut_and_it_is_said(client: Client) -> None:
    # The cut goes through the middle of a character.
    content = b"x" + "ü".encode() * 60_000
    location = client.upload(content, "cv.txt", "text/plain").headers["location"]
    client.update([("c", "1")], f"urn:li:ambryBlob:{location}")
    answer = client.call("GET", f"/sandbox/resume?{place('c')}").body.decode()
    (text,) = re.findall(r"<pre[^>]*>(.*?)</pre>", answer, re.DOTALL)
    assert text == "x" + "ü" * (32 * 1024 - 1)
    assert "The first 64 KiB" in answer


def test_file_that_was_removed_from_the_disk_is_gone(client: Client) -> None:
    client.update([("c", "1")], client.urn())
    for file in (client.sandbox.data / "blobs").glob("*/*"):
        file.unlink()
    assert show(client, f"/sandbox/file?{place('c')}", 404)
    assert show(client, f"/sandbox/resume?{place('c')}")
