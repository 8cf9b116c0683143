"""Serves the page and what it consists of."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ..config import surface_of
from ..documents import body_of
from ..journal import failed_records, not_there
from ..pace import failed
from . import calls, files, spelling, switches
from .regions import REGIONS, View, counts

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from ..resumes import Resume
    from ..state import State

_STATIC = Path(__file__).with_name("static")
_LARGEST_FORM = 4096


class Page:
    """The page's handlers over one state."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._templates = Environment(
            loader=PackageLoader("target_linkedin_resumes.sandbox.page"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "clock": spelling.clock,
            "duration": spelling.duration,
            "instant": spelling.instant,
            "kind": files.KINDS.get,
            "moment": spelling.moment,
            "number": "{:,}".format,
            "plain": spelling.plain,
            "size": spelling.size,
        }
        self._templates.globals |= {"link": _link, "place": _place}

    def routes(self) -> list[BaseRoute]:
        """All routes: the page itself, and below ``/sandbox``."""
        return [
            Route("/", self.page),
            Route("/favicon.ico", self.icon),
            Route("/sandbox/live", self.live),
            Route("/sandbox/resume", self.resume),
            Route("/sandbox/file", self.file),
            Route("/sandbox/call", self.call),
            Route("/sandbox/switch", self.switch, methods=["POST"]),
            Mount("/sandbox/static", StaticFiles(directory=_STATIC)),
        ]

    async def page(self, request: Request) -> Response:
        """The whole page, as it is now."""
        view = _view(request)
        marks = {name: self._mark(name, view) for name in REGIONS}
        rendered = {name: self._rendered(name, request, view) for name in REGIONS}
        return self._html("page.html", view=view, regions=rendered, marks=marks)

    async def live(self, request: Request) -> Response:
        """The regions whose mark is not the one given: ``?overview=1a2b3c4d&calls=...``."""
        view = _view(request)
        changed = {}
        for name in REGIONS:
            mark = self._mark(name, view)
            if request.query_params.get(name, mark) != mark:
                changed[name] = {"mark": mark, "html": self._rendered(name, request, view)}
        total, failing = counts(self._state)
        spoken = (
            f"{len(self._state.resumes.held):,} resumes held, "
            f"{total:,} calls, {failing:,} of them failed"
        )
        return JSONResponse({"regions": changed, "spoken": spoken})

    async def resume(self, request: Request) -> Response:
        """One resume, with a preview."""
        found = self._resume(request)
        if found is None:
            return self._gone("LinkedIn does not hold this resume (any more)")
        text = None
        path = files.path_of(self._state.blobs, found.blob)
        if found.blob.content_type == files.TEXT and path.exists():
            text = files.text_of(path)
        return self._html("resume.html", resume=found, text=text, cap=files.PREVIEWED)

    async def file(self, request: Request) -> Response:
        """A resume's bytes; ``download=1`` to save them."""
        found = self._resume(request)
        path = files.path_of(self._state.blobs, found.blob) if found else None
        if found is None or path is None or not path.exists():
            return self._gone("LinkedIn does not hold this file (any more)")
        return files.served(path, found.blob, download="download" in request.query_params)

    async def call(self, request: Request) -> Response:
        """One call of the journal: ``?seq=12``."""
        entry = self._state.journal.get(_number(request, "seq", 0))
        if entry is None:
            return self._gone("The page has no such call; the whole journal is in journal.jsonl")
        return self._html(
            "call.html",
            call=entry,
            name=calls.NAMES[entry["endpoint"]],
            answer=calls.answer_of(entry),
            failed=failed(entry["status"]),
            records=calls.records_of(entry),
            failing=failed_records(entry),
            missing=not_there(entry),
            faults=calls.faults_of(entry),
            surface=surface_of(entry["endpoint"]),
        )

    async def switch(self, request: Request) -> Response:
        """Switch a fault: ``fault=NAME&on=true``; then back to the page, or JSON for its script."""
        body = await body_of(request, _LARGEST_FORM) or b""
        form = parse_qs(body.decode("ascii", errors="replace"))
        name, on = form.get("fault", [""])[0], form.get("on", [""])[0]
        title = None
        if on in {"true", "false"}:
            title = switches.switch(self._state.faults, name, on=on == "true")
        if "application/json" in request.headers.get("accept", ""):
            switched = f"{title}: switched {'on' if on == 'true' else 'off'}"
            return JSONResponse({"spoken": switched if title else "There is no such fault"})
        return RedirectResponse("/#faults", 303)

    async def icon(self, request: Request) -> Response:
        """What browsers ask for on their own."""
        del request
        return RedirectResponse("/sandbox/static/icon.svg", 301)

    def _mark(self, name: str, view: View) -> str:
        found = (self._state.beginning, REGIONS[name].mark(self._state, view))
        return f"{zlib.crc32(repr(found).encode()):08x}"

    def _rendered(self, name: str, request: Request, view: View) -> str:
        content = REGIONS[name].content(self._state, view)
        template = self._templates.get_template(f"regions/{name}.html")
        return template.render(content, view=view, base=_base(request))

    def _resume(self, request: Request) -> Resume | None:
        given = request.query_params
        return self._state.resumes.held.get(
            (
                ("dataProvider", "PARTNER"),
                ("integrationContext", given.get("organization", "")),
                ("tcrmCandidateId", given.get("candidate", "")),
                ("tcrmResumeId", given.get("resume", "")),
            )
        )

    def _html(self, name: str, status: int = 200, /, **content: Any) -> Response:
        return HTMLResponse(self._templates.get_template(name).render(content), status)

    def _gone(self, message: str) -> Response:
        return self._html("gone.html", 404, message=message)


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _view(request: Request) -> View:
    given = request.query_params
    shown = given.get("show", "")
    return View(
        query=given.get("q", "").strip(),
        page=max(1, _number(request, "page", 1)),
        shown=shown if shown in calls.FILTERS else "",
        before=_number(request, "before", 0) or None,
    )


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else default


def _place(resume: Resume) -> str:
    """The query that names a resume."""
    return urlencode(
        {
            "candidate": resume.candidate_id,
            "resume": resume.resume_id,
            "organization": resume.integration_context,
        }
    )


def _link(view: View, **changes: Any) -> str:
    """The page with another view: what is left out of ``changes`` stays."""
    given = {"q": view.query, "page": view.page, "show": view.shown, "before": view.before}
    given |= changes
    query = {name: value for name, value in given.items() if value and (name, value) != ("page", 1)}
    return f"/?{urlencode(query)}" if query else "/"
