"""How fast and how long a server is asked, by a clock that costs no time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest

from colonnade.models import Reply
from colonnade.models.pacing import FIRST_WAIT, LONGEST_WAIT, SELDOM, Limits, Pace, each
from colonnade.models.remote import Attempt, failed, to_its_end
from colonnade.records import InputError
from tests.unit.models.fake_clock import FakeTime

FINE = Attempt(Reply("Yes.", "end"))


def run(work: Callable[[], Awaitable[object]]) -> object:
    return to_its_end(work)


def paced(limits: Limits | None = None, seed: int = 0) -> tuple[Pace, FakeTime]:
    time = FakeTime()
    return Pace(limits or Limits(), seed, time.clock), time


def script(*attempts: Attempt) -> tuple[Callable[[], Awaitable[Attempt]], list[int]]:
    """A request that brings these attempts one by one, then the last again and again."""
    calls: list[int] = []

    async def request() -> Attempt:
        calls.append(len(calls))
        return attempts[min(len(calls), len(attempts)) - 1]

    return request, calls


def test_a_busy_server_is_asked_again_after_growing_waits_until_it_answers() -> None:
    pace, time = paced()
    request, calls = script(*[failed("HTTP 429", "later")] * 4, FINE)
    assert run(lambda: pace.ask(request)) == FINE
    assert len(calls) == 5
    waits = [wait for wait in time.slept if wait]
    for place, wait in enumerate(waits):
        assert FIRST_WAIT * 2**place / 2 <= wait <= FIRST_WAIT * 2**place


def test_a_server_that_is_busy_for_a_minute_loses_nothing() -> None:
    pace, time = paced()
    answered: list[int] = []

    async def one(item: int) -> None:
        async def request() -> Attempt:
            return FINE if time.now > 60 else failed("HTTP 429", "later")

        assert await pace.ask(request) == FINE
        answered.append(item)

    run(lambda: each(range(100), one, 8))
    assert sorted(answered) == list(range(100))
    assert time.now < 60 + 3 * LONGEST_WAIT


def test_a_server_is_given_up_when_patience_ends_and_the_fault_says_so() -> None:
    pace, time = paced(Limits(patience=20))
    request, calls = script(failed("HTTP 429", "later"))
    attempt = run(lambda: pace.ask(request))
    assert isinstance(attempt, Attempt)
    assert attempt.reply == Reply("", "fault", "HTTP 429, given up for want of patience (20 s)")
    assert time.now <= 20
    assert len(calls) > 3


def test_the_server_is_left_alone_for_as_long_as_it_asks() -> None:
    pace, time = paced()
    request, _ = script(failed("HTTP 429", "later", after=45), FINE)
    assert run(lambda: pace.ask(request)) == FINE
    assert time.now >= 45


def test_nobody_waits_for_a_server_that_asks_for_more_than_our_patience() -> None:
    pace, time = paced(Limits(patience=30))
    request, calls = script(failed("HTTP 429", "later", after=3600))
    run(lambda: pace.ask(request))
    assert (time.now, len(calls)) == (0, 1)


def test_what_one_item_was_told_to_wait_all_wait() -> None:
    pace, time = paced()
    asked_at: list[float] = []

    async def busy_once() -> Attempt:
        asked_at.append(time.now)
        return failed("HTTP 429", "later", after=10) if len(asked_at) == 1 else FINE

    async def one(_: int) -> None:
        await pace.ask(busy_once)

    run(lambda: each(range(5), one, 1 + 1))
    assert asked_at[0] == 0
    early = [at for at in asked_at if at < 10]
    assert len(early) <= 2, "only what was under way already"


def test_waits_are_the_same_for_the_same_seed_and_spread_for_others() -> None:
    def waits(seed: int) -> list[float]:
        pace, time = paced(seed=seed)
        request, _ = script(*[failed("HTTP 503", "later")] * 5, FINE)
        run(lambda: pace.ask(request))
        return time.slept

    assert waits(1) == waits(1)
    assert waits(1) != waits(2)


def test_no_minute_holds_more_requests_than_allowed_repetitions_included() -> None:
    pace, time = paced(Limits(concurrent=4, per_minute=30))
    asked_at: list[float] = []

    async def one(item: int) -> None:
        first = True

        async def request() -> Attempt:
            nonlocal first
            asked_at.append(time.now)
            fails, first = first and item % 5 == 0, False
            return failed("HTTP 500", "later") if fails else FINE

        await pace.ask(request)

    run(lambda: each(range(100), one, 4))
    assert len(asked_at) == 120
    for start in asked_at:
        assert sum(start <= at < start + 60 for at in asked_at) <= 30


def test_waiting_for_a_turn_is_not_held_against_an_item() -> None:
    pace, _ = paced(Limits(concurrent=1, per_minute=1, patience=100))
    request, calls = script(FINE, FINE, FINE, failed("HTTP 500", "later"), FINE)

    async def all_of_them() -> list[Attempt]:
        return [await pace.ask(request) for _ in range(4)]

    assert run(all_of_them) == [FINE] * 4
    assert len(calls) == 5


def test_no_more_requests_are_under_way_than_allowed_even_of_two_runs() -> None:
    pace, _ = paced(Limits(concurrent=3))
    under_way = most = 0

    async def request() -> Attempt:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await anyio.sleep(0.001)
        under_way -= 1
        return FINE

    async def one(_: int) -> None:
        await pace.ask(request)

    async def two_runs() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(each, range(10), one, 3)
            group.start_soon(each, range(10), one, 3)

    run(two_runs)
    assert most == 3


def test_an_answer_off_the_protocol_is_asked_for_only_a_few_times_more() -> None:
    pace, _ = paced()
    request, calls = script(failed("half a JSON", "seldom"))
    attempt = run(lambda: pace.ask(request))
    assert isinstance(attempt, Attempt)
    assert attempt.reply.fault == "half a JSON"
    assert len(calls) == 1 + SELDOM


@pytest.mark.parametrize("again", ["never", "refused"])
def test_what_cannot_help_is_not_repeated(again: str) -> None:
    pace, _ = paced()
    request, calls = script(failed("HTTP 400", again))  # type: ignore[arg-type]
    run(lambda: pace.ask(request))
    assert len(calls) == 1


def test_after_too_many_in_a_row_the_others_are_not_asked() -> None:
    pace, _ = paced(Limits(hopeless=3))
    request, calls = script(failed("HTTP 401", "refused"))

    async def all_of_them() -> list[str]:
        return [(await pace.ask(request)).reply.fault for _ in range(5)]

    assert run(all_of_them) == ["HTTP 401"] * 3 + ["not asked: 3 prompts in a row had been given up"] * 2
    assert len(calls) == 3


def test_faults_of_single_questions_never_silence_a_server_nor_do_those_that_an_answer_interrupts() -> None:
    pace, _ = paced(Limits(hopeless=2))
    never, _ = script(failed("HTTP 400"))
    mixed, _ = script(failed("HTTP 401", "refused"), FINE, failed("HTTP 401", "refused"), FINE)

    async def all_of_them() -> list[Attempt]:
        return [await pace.ask(request) for request in [never] * 9 + [mixed] * 4]

    assert not any("not asked" in attempt.reply.fault for attempt in run(all_of_them))  # type: ignore[attr-defined]


def test_a_pace_serves_one_run_after_another() -> None:
    pace, _ = paced(Limits(concurrent=1))
    request, _ = script(FINE)
    assert [run(lambda: pace.ask(request)) for _ in range(3)] == [FINE] * 3


@pytest.mark.parametrize(
    "limits", [Limits(concurrent=0), Limits(per_minute=0), Limits(patience=float("nan")), Limits(hopeless=0)]
)
def test_limits_that_let_nothing_through_are_refused(limits: Limits) -> None:
    with pytest.raises(InputError, match="lets nothing through"):
        Pace(limits)


def test_the_first_item_that_raises_stops_the_others_and_is_raised_as_it_is() -> None:
    started: list[int] = []

    async def one(item: int) -> None:
        started.append(item)
        await anyio.sleep(0)
        if item == 2:
            raise LookupError("two")

    with pytest.raises(LookupError, match="two"):
        run(lambda: each(range(100), one, 4))
    assert len(started) < 12


def test_asynchronous_work_is_done_where_a_loop_runs_already() -> None:
    async def inner() -> str:
        await anyio.sleep(0)
        return "done"

    async def notebook() -> str:
        return to_its_end(inner)

    assert anyio.run(notebook) == "done"
