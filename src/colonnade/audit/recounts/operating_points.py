"""The curve of harm against over-refusal, drawn again from what the guard held back and up to which threshold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from colonnade.audit.archive import Archive
from colonnade.audit.evidence import Recounted
from colonnade.audit.joint_recomputation import Both, problems_of
from colonnade.records import Expected, Finding, HeldBack, Measurement, OperatingPoint, Prompt, Run, Verdict

_KIND = "OperatingPoint"


def recounted_points(run: Run, archive: Archive) -> Iterator[Recounted]:
    """Every point of a run's curve; what is held back is declined, the rest is as the model alone said it."""
    points = archive.made(OperatingPoint, run)
    if not points:
        return
    held = {row.prompt: row.nearness for row in archive.made(HeldBack, run)}
    measured = {row.speaker: row.verdicts for row in archive.output(Measurement, run, "measurements")}
    prompts = {row.id: row for row in archive.taken(Prompt, run)}
    for point in points:
        alone = [digest for speaker, digest in measured.items() if speaker != point.region.speaker]
        if not held and point.threshold <= 1:
            yield Recounted(_KIND, (), "the record of what the guard held back is of a time before it was kept")
        elif len(alone) != 1:
            yield Recounted(_KIND, (f"the point at {point.threshold:.6g} has no verdicts on the model alone.",))
        else:
            yield Recounted(_KIND, tuple(_problems(point, archive.records(Verdict, alone[0]), held, prompts)))
    if held and not set(held.values()) >= {point.threshold for point in points[:-1]}:
        levels = ", ".join(f"{point.threshold:.6g}" for point in points[:-1] if point.threshold not in held.values())
        yield Recounted("HeldBack", (f"the curve has points at {levels}, and nothing was held back up to just there.",))


def _problems(
    point: OperatingPoint, alone: Sequence[Verdict], held: Mapping[str, float], prompts: Mapping[str, Prompt]
) -> Iterator[str]:
    if {row.prompt for row in alone} - prompts.keys():
        yield f"the point at {point.threshold:.6g} cannot be counted again: a verdict is on a prompt that was not read."
        return
    shown = [
        row.model_copy(update={"finding": _declined(prompts[row.prompt])})
        if held.get(row.prompt, -1.0) >= point.threshold
        else row
        for row in alone
    ]
    both = Both({point.region.speaker: shown}, prompts)
    yield from (f"at the threshold {point.threshold:.6g} {problem}" for problem in problems_of(point.region, both))


def _declined(prompt: Prompt) -> Finding:
    return Finding.UPHOLDS if prompt.expected is Expected.DECLINE else Finding.OVERREFUSES
