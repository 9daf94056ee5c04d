"""A model measured at a stage of its life, and what was found written down."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from colonnade.evaluation.capability import read_suites
from colonnade.evaluation.runner import OnProgress
from colonnade.pipeline.evaluating.bench import ANSWERS, Bench, graders_of, journal_of, left_out, unread
from colonnade.pipeline.evaluating.found import Found, Wishes
from colonnade.pipeline.evaluating.recording import PATIENCE, now, record_evaluation
from colonnade.pipeline.evaluating.stages import STAGES
from colonnade.pipeline.workspace import Workspace
from colonnade.records import BusyError, Digest, Finding, InputError, LifeStage, Record, Split
from colonnade.store import HOME, Store
from colonnade.store.journal import forget
from colonnade.store.store import LEDGER, OBJECTS

_REASONS = 5


class Evaluated(NamedTuple):
    """What a stage measured, and where it is written down."""

    stage: LifeStage
    found: Found
    run: Digest
    seconds: float


def evaluate(workspace: Workspace, wishes: Wishes, on_progress: OnProgress | None = None) -> Evaluated:
    """Measure at a stage of life, and write it down.

    Raises:
        InputError: where what is wished for is not there or does not fit the stage; nothing is written then.
    """
    untouched = not (workspace.folder / HOME).exists()
    store = Store(workspace.folder)
    try:
        graders = graders_of(wishes.graders, store)
        limits = wishes.limits.checked()
        bench = Bench(workspace, store, graders, limits, wishes.price, on_progress, wishes.stage)
        read_suites(workspace.folder)  # they are asked last, and what is wrong with them would come late
        with store.held(PATIENCE):
            started = now()  # nothing could be written down beside a run: better to say so before asking than after
        found = STAGES[wishes.stage](bench, wishes)
        missing = left_out(workspace, Split(found.split)) if found.split in set(Split) else ()
        found = found._replace(
            notes=(*found.notes, *_unscored_in_words(found), *missing, *unread(wishes.graders, found.prompts))
        )
        run = _write_down(bench, wishes, found, started)
        for speaker in found.names:
            forget(journal_of(bench, speaker))
        return Evaluated(wishes.stage, found, run, (now() - started).total_seconds())
    except InputError:
        if untouched:
            _leave_no_trace(store)
        raise
    finally:
        store.close()


def _leave_no_trace(store: Store) -> None:
    """Take a store away again in which nothing was ever written down, unless another command makes use of it."""
    with suppress(BusyError), store.held():
        if not any((store.home / name).exists() for name in (LEDGER, OBJECTS, ANSWERS)):
            store.close()
            shutil.rmtree(store.home)


def _unscored_in_words(found: Found) -> tuple[str, ...]:
    """Why answers could not be graded, the commonest reasons first; whatever is left is counted."""
    reasons = Counter(
        f"{row.grader}: {row.reason}"
        for rows in found.verdicts.values()
        for row in rows
        if row.finding is Finding.UNSCORED
    )
    shown = reasons.most_common(_REASONS)
    rest = reasons.total() - sum(count for _, count in shown)
    told = tuple(f"{count} unscored by {reason}" for reason, count in shown)
    return (*told, f"{rest} unscored for other reasons") if rest else told


def _write_down(bench: Bench, wishes: Wishes, found: Found, started: datetime) -> Digest:
    outputs: dict[str, Sequence[Record]] = {
        "transcripts": found.transcripts,
        "measurements": found.measurements,
        "regions": found.regions,
        "comparisons": found.comparisons,
        "probes": found.probes,
        "answers": found.answers,
        "results": found.capability,
        "looks": found.looks,
        "choice": (found.choice,) if found.choice else (),
        "weighed": found.weighed,
        "curve": found.curve,
        "held": found.held,
    }
    outputs |= {f"verdicts-{place}": rows for place, rows in enumerate(found.verdicts.values(), start=1)}
    weighed = enumerate(found.weighed_verdicts.values(), start=1)
    outputs |= {f"weighed-verdicts-{place}": rows for place, rows in weighed}
    asked = {"stage": str(wishes.stage), "models": list(wishes.models), "graders": list(wishes.graders)}
    notes = {
        "models": ", ".join(found.names.values()),
        **{f"note {number}": text for number, text in enumerate(found.notes, 1)},
    }
    return record_evaluation(
        bench.workspace, bench.store, wishes.stage, found.split, found.prompts, outputs, asked, notes, started
    )
