"""Links of a page lead somewhere on the site too. `make site` looks at all of them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.docs.site_hooks import on_page_content, on_page_markdown


@pytest.mark.parametrize(
    ("page", "markdown", "expected"),
    [
        ("index.md", "[a](docs/record.md#keys)", "[a](record.md#keys)"),
        ("index.md", "![a](docs/sandbox-page.png)", "![a](sandbox-page.png)"),
        ("index.md", "[docs](docs/README.md)", "[docs](index.md)"),
        ("index.md", "[a](CHANGELOG.md)", "[a](changelog.md)"),
        ("index.md", "[Apache 2.0](LICENSE)", "Apache 2.0 (`LICENSE`)"),
        ("scale.md", "[dagster.yaml](../examples/dagster.yaml)", "dagster.yaml"),
        ("record.md", "[a](../README.md#try-it)", "[a](index.md#try-it)"),
        ("recipes/README.md", "[a](../record.md)", "[a](../record.md)"),
        ("decisions/README.md", "[a](0001-b.md)", "[a](0001-b.md)"),
        ("index.md", "[a](https://example.com/docs/x.md)", "[a](https://example.com/docs/x.md)"),
        ("index.md", "[a](#below)", "[a](#below)"),
    ],
)
def test_a_link_leads_to_a_page_of_the_site(page: str, markdown: str, expected: str) -> None:
    made = on_page_markdown(markdown, SimpleNamespace(file=SimpleNamespace(src_uri=page)))
    assert made.startswith(expected)
    assert made.count("](") == expected.count("](")


def test_only_a_page_with_a_drawing_fetches_what_draws_it() -> None:
    assert on_page_content("<p>text</p>") == "<p>text</p>"
    assert "mermaid" in on_page_content('<pre class="mermaid">').partition(">")[2]
