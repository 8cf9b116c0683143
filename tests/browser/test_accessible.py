"""axe-core finds nothing, on any of the pages, in light and dark, wide and narrow."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NARROW, WIDE, Look
from tests.docs.documents import ROOT
from tests.e2e.support import Bench
from tests.sandbox.client import Client

AXE = ROOT / ".browser" / "node_modules" / "axe-core" / "axe.min.js"
PLACE = urlencode(
    {"candidate": "C1", "resume": "R1", "organization": "urn:li:organization:1234567890"}
)
CHECK = """async () => {
  const {violations, passes} = await axe.run({resultTypes: ["violations"]});
  return {
    violations: violations.map(({id, help, nodes}) =>
      `${id}: ${help}: ${nodes.map(({html}) => html.slice(0, 200)).join(" | ")}`),
    passes: passes.length,
  };
}"""


def fill(bench: Bench) -> None:
    client = Client(bench.sandbox)
    with closing(client.connection):
        client.mint()
        location = client.upload(b"A text.", "cv.txt", "text/plain").headers["location"]
        client.update([("C1", "R1")], f"urn:li:ambryBlob:{location}")
        client.update([(f"C1-{n}", "R1") for n in range(50)], f"urn:li:ambryBlob:{location}")
        client.delete([("none", "R1")])
        client.create_url(nonsense=1)
    bench.sandbox.set_faults(
        {"endpoint": "url", "kind": "status", "status": 503},
        {"endpoint": "*", "kind": "down", "rate": 0.5, "after": 10},
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing(look: Look, bench: Bench, scheme: str, size: tuple[int, int]) -> None:
    script = Path(AXE).read_text("utf-8")
    page = look(size=size, color_scheme=scheme, expected="404 (Not Found)")
    found = {}
    for number, path in enumerate(
        [
            "/",
            "/",
            "/?q=C1",
            "/?q=nobody",
            f"/sandbox/resume?{PLACE}",
            "/sandbox/call?seq=5",
            "/sandbox/call?seq=99",
        ]
    ):
        if number == 1:
            fill(bench)
        page.goto(bench.sandbox.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.evaluate(script)
        result = page.evaluate(CHECK)
        assert result["passes"] > 10
        if result["violations"]:
            found[number, path] = result["violations"]
    assert found == {}
