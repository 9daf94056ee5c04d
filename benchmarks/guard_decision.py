"""What a ruling of the guard costs: by the length of the text, alone and beside a thread that is busy.

Usage: python benchmarks/guard_decision.py [--workspace DIR] [--rounds N] [--out FILE]

Requests and windows of replies, made of everyday sentences whose words the guard has seen before, as most words of most
texts are. A word that it has not seen costs as much as another text, once. Beside them the encoder alone, which any
detector that reads texts by their meaning has to pay.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import perf_counter, thread_time
from typing import Any, NamedTuple

from colonnade.guard import Guard, Who
from colonnade.guard.detection.material import everyday
from colonnade.guard.detection.windows import windows
from colonnade.models import adapter
from colonnade.pipeline.service import build_guard
from colonnade.pipeline.workspace import open_workspace
from colonnade.records import Ruling
from results import show, write

LENGTHS = (7, 20, 40, 400)
"""Words: of a question, of a window of a reply, of a longer request, of a page."""

TEXTS = 20
SEED = 1

Rule = Callable[[str], Awaitable[object]]


class Cost(NamedTuple):
    """Microseconds for one text.

    Attributes:
        fastest: of the ruling thread's processor time, in the round that other work disturbed least.
        processor: the same, in the middle round.
        clock: until the ruling is there, in the middle round.
    """

    fastest: float
    processor: float
    clock: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write where a file is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Path("examples/assistant"))
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--out", type=Path, help="write all numbers into this JSON file")
    options = parser.parse_args(arguments)
    guard, encoder = build_guard(open_workspace(options.workspace)), adapter("static")()
    who = Who("", guard.table.tiers[0], guard.table.purposes[0])
    allowed = asyncio.run(guard.rule("request", "hello", who))

    async def encoded(text: str) -> object:
        return encoder.encode([text])

    ways: dict[str, Rule] = {
        "request": lambda text: guard.rule("request", text, who),
        "window of a reply": lambda text: guard.rule_window((text,), who, allowed),
        "the encoder alone": encoded,
    }
    rows, found = [], {}
    for count in LENGTHS:
        texts = texts_of(count)
        pieces = sum(len(windows(text)) for text in texts) / len(texts)
        costs = {name: measured(rule, texts, options.rounds) for name, rule in ways.items()}
        for name, (alone, beside) in costs.items():
            times = alone.fastest / costs["the encoder alone"][0].fastest
            rows.append((count, f"{pieces:.1f}", name, *map(round, (*alone, *beside)), f"{times:.1f}"))
        found[count] = {"windows": pieces, "about nothing": about_nothing(guard, texts, who), **costs}
    show(
        f"one ruling, {len(guard.detectors)} detectors, {len({cell.topic for cell in guard.table.cells})} topics",
        (
            *("words", "windows", "of", "fastest", "middle", "by the clock"),
            *("busy: fastest", "middle", "by the clock", "times the encoder"),
        ),
        rows,
        (
            "Microseconds of the ruling thread, in its fastest and its middle round; busy: another thread counts.",
            f"Of {TEXTS} texts each, no topic is found in "
            + ", ".join(f"{found[count]['about nothing']} of {count} words" for count in LENGTHS)
            + ".",
        ),
    )
    write(options.out, {"microseconds": found})
    return 0


def texts_of(count: int) -> list[str]:
    """Texts of so many words, in sentences of some fifteen, as prose has them."""
    draw = random.Random(SEED)  # noqa: S311 - repeatable, not secret
    texts = []
    for _ in range(TEXTS):
        said = draw.choices(everyday(), k=1 + count // 2)
        joined = [part if place % 3 == 2 else part.rstrip(".?!") for place, part in enumerate(said)]
        texts.append(" ".join(" ".join(joined).split()[:count]))
    return texts


def about_nothing(guard: Guard, texts: Sequence[str], who: Who) -> int:
    """How many of the texts no clause is about."""
    rulings: list[Ruling] = [asyncio.run(guard.rule("request", text, who)) for text in texts]
    return sum(ruling.topic is None for ruling in rulings)


def measured(rule: Rule, texts: Sequence[str], rounds: int) -> tuple[Cost, Cost]:
    """Alone, then beside a busy thread."""
    alone = asyncio.run(_rounds(rule, texts, rounds))
    with busy():
        return alone, asyncio.run(_rounds(rule, texts, rounds))


async def _rounds(rule: Rule, texts: Sequence[str], rounds: int) -> Cost:
    for text in texts:
        await rule(text)
    processor, clock = [], []
    gc.collect()
    for _ in range(rounds):
        began, used = perf_counter(), thread_time()
        for text in texts:
            await rule(text)
        processor.append((thread_time() - used) / len(texts) * 1e6)
        clock.append((perf_counter() - began) / len(texts) * 1e6)
    return Cost(min(processor), median(processor), median(clock))


@contextmanager
def busy() -> Iterator[None]:
    """A thread that wants the interpreter all the time, as one that writes a log does now and then."""
    done = Event()

    def work() -> Any:
        counted = 0
        while not done.is_set():
            counted += 1

    thread = Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
