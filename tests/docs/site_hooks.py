"""What `make site` adds to MkDocs: pages from the top of the repository, and their links."""

from __future__ import annotations

import posixpath
import re
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Files at the top of the repository that are pages of the site too.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
}
# Left out of the site, where the navigation has the same.
_INDEX = "docs/README.md"
_MERMAID = ROOT / ".venv/mermaid/node_modules/mermaid/dist/mermaid.min.js"
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages from the top of the repository."""
    from mkdocs.structure.files import File  # where the site is not built, it is not installed

    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Have each link lead to a page of the site; what is not on it is named without a link."""
    source = page.file.src_uri
    source = {name: top for top, name in PAGES.items()}.get(source, f"docs/{source}")
    return _LINK.sub(lambda found: _link(found, source, page.file.src_uri), markdown)


def _link(found: re.Match[str], source: str, page: str) -> str:
    mark, text, target, fragment = found.groups("")
    if ":" in target:
        return found[0]
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    if path == _INDEX:
        path = "README.md"
    if path not in PAGES and not path.startswith("docs/"):
        return f"{text} (`{path}`)" if path not in text else f"`{path}`"
    place = PAGES.get(path, path.removeprefix("docs/"))
    return f"{mark}[{text}]({posixpath.relpath(place, posixpath.dirname(page) or '.')}{fragment})"


def on_page_content(html: str, **_: Any) -> str:
    """Bring Mermaid to the pages that draw with it; the theme would fetch it from elsewhere."""
    if 'class="mermaid"' not in html:
        return html
    return f'{html}<script src="assets/{_MERMAID.name}"></script>'


def on_post_build(config: Any) -> None:
    """Put Mermaid where those pages look for it."""
    shutil.copy(_MERMAID, Path(config.site_dir, "assets"))
