from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

import pytest

from target_linkedin_resumes.errors import Retry
from target_linkedin_resumes.http.messages import (
    BodyChanged,
    Request,
    Response,
    TimedOut,
    TransportError,
    Untrusted,
)
from target_linkedin_resumes.http.urls import parse_url
from target_linkedin_resumes.linkedin.responses import ApiResponse, Call
from target_linkedin_resumes.linkedin.session import _OUT, Session

from .fakes import NOW, Clock, answer

REQUEST = Request("POST", parse_url("https://api.linkedin.com/v2/hireMediaUrl"), {})
HERE = Request("POST", parse_url("http://127.0.0.1:8765/v2/hireMediaUrl"), {})
OUT = [
    answer(500),
    answer(503),
    answer(599),
    answer(429),
    answer(408),
    TransportError("h: connection refused"),
    TimedOut("h: timed out"),
]
WELL = [answer(200), answer(201), answer(400), answer(401), answer(403), answer(404), answer(999)]


class Endpoint:
    """Answers all with its next step, the last one for ever; notes when it was called."""

    def __init__(self, clock: Clock, *steps: Response | TransportError) -> None:
        self.steps = list(steps)
        self.clock = clock
        self.times: list[float] = []

    def send(self, request: Request) -> Response:
        del request
        self.times.append(self.clock())
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, TransportError):
            raise step
        return step


def calls(
    *steps: Response | TransportError, clock: Clock | None = None, longest_asked: float = 900
) -> tuple[Callable[..., ApiResponse], Endpoint, Session]:
    clock = clock or Clock(0.0)
    endpoint = Endpoint(clock, *steps)
    session = Session(
        endpoint, clock=clock, now=lambda: NOW, wait=clock.wait, longest_asked=longest_asked
    )

    def send(call: Call = Call.UPLOAD_URL, request: Request = REQUEST) -> ApiResponse:
        return session.send(call, request)

    return send, endpoint, session


@pytest.mark.parametrize("step", OUT)
def test_an_endpoint_that_is_out_is_left_alone(step: Response | TransportError) -> None:
    send, endpoint, _ = calls(step)
    while endpoint.clock.now < 16:
        with suppress(Retry):
            send()
        endpoint.clock.now += 0.001
    assert 3 <= len(endpoint.times) <= 20


@pytest.mark.parametrize("step", WELL)
def test_an_endpoint_that_refuses_one_request_is_not_out(step: Response) -> None:
    send, endpoint, _ = calls(step)
    for _ in range(100):
        send()
    assert endpoint.times == [0.0] * 100


def test_a_failure_of_one_call_among_successes_holds_nobody_back() -> None:
    send, endpoint, _ = calls(answer(200), answer(500), answer(200))
    for _ in range(5):
        send()
    assert endpoint.times == [0.0] * 5


@pytest.mark.parametrize(
    "error", [BodyChanged("the file is not as long as it was"), Untrusted("h: not trusted")]
)
def test_what_is_not_the_endpoints_fault_closes_nothing(error: TransportError) -> None:
    send, endpoint, _ = calls(error)
    for _ in range(5):
        send()
    assert endpoint.times == [0.0] * 5


def test_waits_as_long_as_is_asked_within_bounds() -> None:
    for asked, waited in (("7", 7.0), ("100000", 60.0), ("Mon, 99 Jan 99999999999", None)):
        send, endpoint, _ = calls(answer(429, retry_after=asked), answer(200), longest_asked=60)
        send()
        send()
        if waited is not None:
            assert endpoint.times == [0.0, waited]
        else:
            assert endpoint.times[1] <= 1


def test_each_endpoint_has_its_gate_and_both_batch_calls_share_one() -> None:
    send, endpoint, _ = calls(answer(429, retry_after="20"), answer(200))
    send(Call.BATCH_UPDATE)
    for call in (Call.TOKEN, Call.UPLOAD_URL, Call.UPLOAD):
        send(call)
    assert endpoint.times == [0.0] * 4
    send(Call.BATCH_DELETE)
    assert endpoint.times[-1] == 20


def test_who_waits_gives_up_where_another_finds_the_endpoint_still_out() -> None:
    """So that its record's tries count, and `retry_seconds` ends the run."""
    clock, others = Clock(0.0), [100.0]
    endpoint = Endpoint(clock, answer(429, retry_after="100"))

    def wait(seconds: float) -> None:
        clock.wait(seconds)
        if others and clock() >= others[0]:
            others.pop()
            session.send(Call.UPLOAD_URL, REQUEST)

    session = Session(endpoint, clock=clock, now=lambda: NOW, wait=wait)
    session.send(Call.UPLOAD_URL, REQUEST)
    with pytest.raises(Retry, match="is failing") as error:
        session.send(Call.UPLOAD_URL, REQUEST)
    assert (error.value.cause, error.value.retry_after) == ("hireMediaUrl 429", 100)
    assert endpoint.times == [0.0, 100.0]


def test_nobody_waits_once_the_run_is_to_end() -> None:
    send, endpoint, session = calls(answer(429, retry_after="100"))
    send()
    session.stop_waiting()
    with pytest.raises(Retry):
        send()
    assert endpoint.clock() == 0


def test_a_spent_quota_does_not_close_a_gate() -> None:
    day = {"status": 429, "message": "throttle APPLICATION DAY limit for calls is reached"}
    send, endpoint, _ = calls(answer(429, day))
    for _ in range(3):
        send()
    assert endpoint.times == [0.0] * 3


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_an_outage_is_said_once_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    send, endpoint, _ = calls(*[answer(200), *[answer(503)] * 6, answer(200)])
    while len(endpoint.times) < 9:
        send()
    levels = [(level, text.partition(" (")[0]) for level, text in lines(caplog)]
    assert levels == [
        ("WARNING", f"LinkedIn answered 503 to hireMediaUrl: {_OUT}"),
        ("INFO", "hireMediaUrl works again"),
    ]


def test_a_failure_among_successes_is_no_outage_to_speak_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    send, _, _ = calls(answer(200), answer(500), answer(200))
    for _ in range(3):
        send()
    assert not caplog.records


@pytest.mark.parametrize(
    ("request_", "advice"),
    [(HERE, "Sandbox or proxy: check whether it runs"), (REQUEST, "check the network, the proxy")],
)
def test_that_no_call_ever_succeeded_is_an_error_after_five_seconds(
    request_: Request, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    send, endpoint, _ = calls(TransportError("h: connection refused"))
    send(request=request_)
    assert [level for level, _ in lines(caplog)] == ["WARNING"]
    while endpoint.clock() < 120:
        with suppress(Retry):  # which waits it draws is left to chance
            send(request=request_)
        endpoint.clock.now += 1
    errors = [text for level, text in lines(caplog) if level == "ERROR"]
    assert len(errors) == 1
    assert "hireMediaUrl: h: connection refused: no call has succeeded yet" in errors[0]
    assert advice in errors[0]


def test_that_no_call_ever_succeeded_is_said_while_it_waits(
    caplog: pytest.LogCaptureFixture,
) -> None:
    send, endpoint, _ = calls(answer(503, retry_after="60"), answer(200))
    send()
    send()
    assert endpoint.times == [0.0, 60.0]
    assert [level for level, _ in lines(caplog)] == ["WARNING", "ERROR"]


@pytest.mark.parametrize(("seconds", "said"), [(4.9, 0), (5.0, 1), (60.0, 1)])
def test_that_the_first_call_hangs_is_said_while_it_does(
    seconds: float, said: int, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(0.0)

    class Hanging:
        def send(self, request: Request) -> Response:
            del request
            clock.wait(seconds)
            for _ in range(3):
                session.look()  # as the thread that looks at the clock does
            return answer(200)

    session = Session(Hanging(), clock=clock)
    session.look()
    session.send(Call.TOKEN, HERE)
    session.look()
    errors = [text for level, text in lines(caplog) if level == "ERROR"]
    assert len(errors) == said
    for text in errors:
        assert text.startswith("token: 127.0.0.1 has not answered for 5 s: no call has succeeded")
        assert "check whether it runs on this machine" in text


def test_after_a_success_an_outage_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    send, endpoint, _ = calls(answer(200), answer(503))
    while endpoint.clock() < 60:
        with suppress(Retry):
            send()
        endpoint.clock.now += 1
    assert {level for level, _ in lines(caplog)} == {"WARNING"}
