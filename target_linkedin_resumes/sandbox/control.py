"""The sandbox's own endpoints: health, state, journal, faults, reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .documents import body_of, read_json
from .faults import BadFaults
from .page.guard import Guard
from .page.routes import Page

if TYPE_CHECKING:
    from starlette.requests import Request

    from .state import State

_PAGE = 1000
_LARGEST_PAGE = 100_000
_LARGEST_FAULTS = 1024 * 1024


class Control:
    """Handlers over one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def application(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/healthz", self.health),
                Route("/sandbox/state", self.state),
                Route("/sandbox/journal", self.journal),
                Route("/sandbox/faults", self.faults, methods=["GET", "POST", "DELETE"]),
                Route("/sandbox/reset", self.reset, methods=["POST"]),
                *Page(self._state).routes(),
            ],
            middleware=[Middleware(Guard)],
        )

    async def health(self, request: Request) -> Response:
        """``{"status": "ok"}``."""
        del request
        return JSONResponse({"status": "ok"})

    async def state(self, request: Request) -> Response:
        """What is held and what was counted; ``?resumes=false`` leaves the resumes out."""
        with_resumes = request.query_params.get("resumes", "true") != "false"
        return JSONResponse(self._state.snapshot(resumes=with_resumes))

    async def journal(self, request: Request) -> Response:
        """Entries after ``after`` (0), at most ``limit`` (1000)."""
        try:
            after = int(request.query_params.get("after", "0"))
            limit = int(request.query_params.get("limit", str(_PAGE)))
        except ValueError:
            return _wrong("after and limit: expected whole numbers")
        if after < 0 or not 1 <= limit <= _LARGEST_PAGE:
            return _wrong(f"after: expected 0 or more; limit: expected 1 to {_LARGEST_PAGE}")
        return Response(self._state.journal.page(after, limit), media_type="application/json")

    async def faults(self, request: Request) -> Response:
        """The rules in force; POST replaces them, DELETE ends them."""
        faults = self._state.faults
        if request.method == "DELETE":
            faults.clear()
        elif request.method == "POST":
            body = await body_of(request, _LARGEST_FAULTS)
            if body is None:
                return _wrong(f"faults: expected at most {_LARGEST_FAULTS} bytes", 413)
            try:
                faults.load(read_json(body))
            except BadFaults as wrong:
                return _wrong(str(wrong))
            except ValueError:
                return _wrong("faults: expected JSON, not nested deeply")
        return JSONResponse(faults.shown())

    async def reset(self, request: Request) -> Response:
        """Forget everything but the settings."""
        del request
        self._state.reset()
        return JSONResponse({"status": "ok"})


def _wrong(message: str, status: int = 400) -> Response:
    return JSONResponse({"error": message}, status_code=status)
