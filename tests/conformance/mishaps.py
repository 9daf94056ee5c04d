"""What goes wrong on either side: the server dies, stalls or sends garbage, the client hangs up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import product

from .check import PASSED, Check, Context, Outcome, unserved
from .client import Answer, hang_up, request
from .faults import SPILLING, STREAM_FAULTS, WHOLE_FAULTS
from .official import complaint
from .plans import Plan, saying
from .reading import leak
from .replies import Cell, exchange, judged, understood
from .upstream import ENDPOINTS
from .words import innocent

STATUSES = (400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 529)
_HUGE = 8_000_000
_COMPLETE = {"stop", "completed"}
_TOLD_WHOLE = {"whole for a stream", "stream for a whole", "wrong content type", "huge event", "ends without DONE"}
"""Faults after which a guard may still give the whole answer, since nothing of it was lost."""


def checks() -> Iterator[Check]:
    """All checks of mishaps."""
    for endpoint in ENDPOINTS:
        for fault, what in STREAM_FAULTS.items():
            yield _fault(Cell(endpoint, True, "content", "word", 1), fault, what)
        for fault, what in WHOLE_FAULTS.items():
            yield _fault(Cell(endpoint, False, "content", "word", 1), fault, what)
        for fault, what in SPILLING.items():
            if endpoint == "responses" and fault == "index as text":
                continue
            yield _spill(Cell(endpoint, True, "content", "word", 1), fault, what)
        for status, streaming in product(STATUSES, (True, False)):
            yield _status(Cell(endpoint, streaming, "content", "word", 1), status)
        for streaming in (True, False):
            yield _client_leaves(Cell(endpoint, streaming, "content", "word", 1))


def _way(cell: Cell) -> str:
    return "stream" if cell.streaming else "whole"


async def _asked(context: Context, cell: Cell, plan: Plan) -> Answer | Outcome:
    """What the guard makes of a plan; at once what is to be said of it where it does not serve this, or leaks."""

    async def plainly() -> bool:
        return unserved(await exchange(context, cell, saying(innocent())))

    if await context.once(("served", cell), plainly):
        return Outcome("not served")
    answer = await exchange(context, cell, plan)
    found = leak(answer)
    return Outcome("leak", f"{found!r} came out") if found else answer


def _told(cell: Cell, answer: Answer) -> Outcome:
    """The client was told in good order that something went wrong."""
    if answer.status == 0 or not answer.whole:
        return Outcome("broken", answer.fault)
    if answer.status != 200:
        known = isinstance(answer.json, dict) and "error" in answer.json
        return PASSED if known else Outcome("broken", f"status {answer.status} without an error object")
    found, wrong = understood(cell, answer)
    if found is None:
        return Outcome("broken", wrong)
    if found.error or any(finish not in _COMPLETE for finish in found.finishes.values()):
        return PASSED
    raised = complaint(cell.endpoint, cell.streaming, answer)
    return Outcome("broken", raised or "a torn answer is passed off as a whole one")


def _fault(cell: Cell, fault: str, what: str) -> Check:
    async def run(context: Context) -> Outcome:
        answer = await _asked(context, cell, saying(innocent(), fault=fault))
        if isinstance(answer, Outcome):
            return answer
        outcome = _told(cell, answer)
        if outcome.verdict == "broken" and fault in _TOLD_WHOLE:
            found_read, wrong = judged(cell, answer)
            said = found_read.said.get((0, "content"), "") if found_read and not wrong else ""
            if innocent() in said or (fault == "huge event" and len(said) > _HUGE):
                return PASSED
        return outcome

    sentence = f"Where {what}, the client of {cell.endpoint} is told so in good order."
    return Check(sentence, "server's faults", {"endpoint": cell.endpoint, "way": _way(cell), "fault": fault}, run)


def _spill(cell: Cell, fault: str, what: str) -> Check:
    async def run(context: Context) -> Outcome:
        answer = await _asked(context, cell, saying(innocent(), fault=fault))
        if isinstance(answer, Outcome):
            return answer
        if not answer.whole:
            return Outcome("broken", answer.fault)
        found, wrong = understood(cell, answer)
        return Outcome("broken", wrong) if answer.status == 200 and found is None else PASSED

    sentence = f"Where {what}, it does not come out at {cell.endpoint}."
    return Check(sentence, "server's tricks", {"endpoint": cell.endpoint, "fault": fault}, run)


def _status(cell: Cell, status: int) -> Check:
    async def run(context: Context) -> Outcome:
        answer = await _asked(context, cell, saying(innocent(), status=status))
        return answer if isinstance(answer, Outcome) else _told(cell, answer)

    way = _way(cell)
    sentence = (
        f"Where the server answers {status}, the client of {cell.endpoint} ({way}) gets an error without its words."
    )
    return Check(sentence, "server's faults", {"endpoint": cell.endpoint, "way": way, "fault": str(status)}, run)


def _client_leaves(cell: Cell) -> Check:
    async def run(context: Context) -> Outcome:
        served = await _asked(context, cell, saying(innocent()))
        if isinstance(served, Outcome):
            return served
        slow = saying(innocent() * 40, chunking="word", pause=0.05 if cell.streaming else 60.0)
        case = context.upstream.plan(slow)
        body = context.body(cell.endpoint, f"What is in {case}?", **({"stream": True} if cell.streaming else {}))
        path = context.guard.base + ENDPOINTS[cell.endpoint].removeprefix("/v1")
        await hang_up(context.guard, request(context.guard, path, json.dumps(body).encode()), 0.7)
        arrived = context.upstream.arrived(case)
        closed = False
        if arrived:
            with suppress(TimeoutError):
                async with asyncio.timeout(context.guard.patience):
                    await arrived[0].closed.wait()
                    closed = True
        context.upstream.forget(case)
        if not arrived:
            return Outcome("broken", "the server was never asked")
        return PASSED if closed else Outcome("broken", "the server goes on answering nobody")

    way = _way(cell)
    sentence = f"Where the client of {cell.endpoint} ({way}) hangs up, the server is let go."
    return Check(sentence, "client hangs up", {"endpoint": cell.endpoint, "way": way}, run)
