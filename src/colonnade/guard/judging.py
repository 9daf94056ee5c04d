"""The judge, asked about what detectors are uncertain of: with a time limit, and a run of its own in the ruling."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import NamedTuple

from colonnade.guard.detection import Judge, Opinion
from colonnade.guard.running import Outcome
from colonnade.records import Clause, DetectorRun

JUDGE_LIMIT = 20.0
"""Seconds for the judge; it may be a large model elsewhere."""


class Question(NamedTuple):
    """What the judge is asked.

    Attributes:
        clause: whose topic it may be.
        text: what is judged.
        earlier: the turns of the conversation.
    """

    clause: Clause
    text: str
    earlier: tuple[str, ...]


async def ask_judge(judge: Judge, question: Question, limit: float = JUDGE_LIMIT) -> tuple[Opinion | None, DetectorRun]:
    """What the judge holds, and what became of asking; no opinion where it failed, and the clause's action stands."""
    opinion: Opinion | None = None
    outcome: Outcome = "ran"
    started = perf_counter()
    try:
        async with asyncio.timeout(limit):
            opinion = await judge.judge(question.clause, question.text, question.earlier)
    except TimeoutError:
        outcome = "timed out"
    except Exception:  # whatever it is, the caller goes on with the conservative action
        outcome = "failed"
    run = DetectorRun(
        name=judge.name,
        version=judge.version,
        digest=judge.digest,
        outcome=outcome,
        milliseconds=round((perf_counter() - started) * 1000, 3),
    )
    return opinion, run
