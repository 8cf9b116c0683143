from __future__ import annotations

import pytest

from target_linkedin_resumes.errors import Failure, Reject, Retry, Stop
from target_linkedin_resumes.resumes.spool import NotModified
from target_linkedin_resumes.resumes.standings import Gates, NotAsked, Standing

DENIED = Reject("source_denied", "field 'file': the source denies access (401)")
GONE = Reject("source_gone", "field 'file': there is nothing at the URL")
FORMAT = Reject("unsupported_format", "field 'file': the file is an image")
THROTTLED = Retry("field 'file': the source throttles (403)")


class Bench:
    """A listed source under a clock that the test moves, with waits without chance."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.gates = Gates(900, lambda: self.now, lambda wait: wait)
        self.standing = Standing("file_sources[2]", self.gates, 900)
        self.asked = 0

    def fetch(self, location: str, raised: Exception | None = None) -> Failure | None:
        try:
            with self.standing.fetching(location):
                self.asked += 1
                if raised is not None:
                    raise raised
        except NotModified:
            return None
        except Failure as failure:
            return failure
        return None


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_files_that_are_denied_now_and_then_are_rejects(bench: Bench) -> None:
    for number in range(100):
        ended = bench.fetch(f"/{number}", DENIED)
        assert isinstance(ended, Reject)
        if number % 9 == 8:
            assert bench.fetch(f"/good-{number}") is None


def test_one_file_that_is_denied_again_and_again_is_one(bench: Bench) -> None:
    for _ in range(100):
        assert isinstance(bench.fetch("/a", DENIED), Reject)


@pytest.mark.parametrize("sign", [None, NotModified(), FORMAT])
def test_what_shows_that_the_source_works(bench: Bench, sign: Exception | None) -> None:
    for number in range(100):
        assert isinstance(bench.fetch(f"/{number}", DENIED), Reject)
        bench.fetch(f"/good-{number}", sign)


@pytest.mark.parametrize(
    "code", ["source_denied", "source_login_page", "source_error_page", "source_unreachable"]
)
def test_a_source_that_refuses_everything_stops_the_run_and_makes_few_rejects(
    bench: Bench, code: str
) -> None:
    ended: list[Failure | None] = []
    while not isinstance(ended[-1] if ended else None, Stop):
        ended += [bench.fetch(f"/{number}", Reject(code, "refused")) for number in range(20)]
        bench.now += 5
    assert sum(isinstance(one, Reject) for one in ended) == 9
    [stop] = {str(one) for one in ended if isinstance(one, Stop)}
    assert "setting `file_sources[2]`" in stop
    assert "Last reason: refused" in stop
    assert 1900 <= bench.now <= 1970  # retry_seconds, and no more than a wait
    assert bench.asked < 60


def test_a_source_that_works_again_goes_on(bench: Bench) -> None:
    for number in range(20):
        bench.fetch(f"/{number}", DENIED)
    bench.now += 600
    assert isinstance(bench.fetch("/a", DENIED), Retry)
    bench.now += 60
    assert bench.fetch("/b") is None
    bench.now += 600
    assert isinstance(bench.fetch("/a", DENIED), Reject)
    assert bench.fetch("/c") is None


def test_a_source_that_throttles_all_it_is_asked_for_stops_the_run(bench: Bench) -> None:
    for number in range(20):
        assert bench.fetch(f"/{number}", THROTTLED) is THROTTLED
    bench.now += 900
    stop = bench.fetch("/a", THROTTLED)
    assert isinstance(stop, Stop)
    assert "throttles" in stop.message


def test_a_few_files_that_can_never_be_had_stop_nothing(bench: Bench) -> None:
    for number in range(9):
        for _ in range(3):
            assert bench.fetch(f"/{number}", THROTTLED) is THROTTLED
            assert isinstance(bench.fetch(f"/{number}-x", NotAsked("spared")), NotAsked)
    bench.now += 2000
    assert bench.fetch("/0", THROTTLED) is THROTTLED


def test_what_is_of_a_file_alone_says_nothing_of_the_source(bench: Bench) -> None:
    damaged = Retry("field 'file': the source sent a damaged gzip body", of_file=True)
    for number in range(100):
        assert bench.fetch(f"/{number}", damaged) is damaged
        bench.fetch(f"/gone-{number}", GONE)
    bench.now += 2000
    assert bench.fetch("/a", damaged) is damaged


def test_of_many_hosts_the_latest_are_known(bench: Bench) -> None:
    for number in range(1001):
        with bench.gates.call(f"host-{number}", "a") as call:
            call.failed(60)
    with pytest.raises(NotAsked), bench.gates.call("host-1000", "a"):
        pytest.fail("it was asked")
    with bench.gates.call("host-0", "a"):
        pass
