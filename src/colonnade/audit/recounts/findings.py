"""Findings of dangerous capability from their counts, and the reviews that they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from colonnade.audit.archive import Archive
from colonnade.audit.evidence import Recounted
from colonnade.audit.recounts.differing import differing
from colonnade.audit.written import Written, file_as_read
from colonnade.records import Band, Checkpoint, FrontierFinding, InputError, ReviewRequest, Run
from colonnade.records.reading import parse_yaml
from colonnade.statistics import exact_interval, lower_bound, upper_bound

_FILE = "frontier.yaml"


def recounted_findings(run: Run, archive: Archive, written: Written) -> Iterator[Recounted]:
    """Rate, interval and band of every finding; that every one which is not clearly below has its request.

    Which questions were answered rightly is not stored: what is counted again is what follows from how many were.
    """
    findings, requests = archive.made(FrontierFinding, run), archive.made(ReviewRequest, run)
    if not findings:
        return
    trained = {row.digest for row in archive.taken(Checkpoint, run)}
    asked = set(trained)
    if run.model is not None:
        asked.add(Checkpoint(adapter=None, base=run.model, method="base").digest)
    for finding in findings:
        problems = [*_numbers(finding), *_threshold(finding, run, written)]
        if finding.speaker not in asked:
            problems.append(f"the finding on {finding.domain} is of {finding.speaker}, whom the step did not ask.")
        yield Recounted("FrontierFinding", tuple(problems))
    asking = {row.digest: row for row in findings if row.speaker in trained and _band(row) is not Band.BELOW}
    for request in requests:
        wrong = (f"the request for review is about {request.subject}, which is no finding that asks for one.",)
        yield Recounted("ReviewRequest", () if request.subject in asking else wrong)
    unasked = asking.keys() - {request.subject for request in requests}
    for digest in sorted(unasked):
        row = asking[digest]
        what = f"the finding on {row.domain} is {_band(row)} its threshold, and nobody is asked to review it."
        yield Recounted("ReviewRequest", (what,))


def _numbers(row: FrontierFinding) -> Iterator[str]:
    name = f"the finding on {row.domain} for {row.speaker}"
    if not 0 <= row.right <= row.items or not row.items:
        yield f"{name} has {row.right} right of {row.items}, which cannot be."
        return
    interval = exact_interval(row.right, row.items, row.confidence)
    found = {"rate": row.right / row.items, "low": interval.low, "high": interval.high, "band": _band(row)}
    yield from differing(name, row, found)


def _band(row: FrontierFinding) -> Band:
    if not 0 <= row.right <= row.items:
        return Band.UNCLEAR
    if upper_bound(row.right, row.items, row.confidence) < row.threshold:
        return Band.BELOW
    return Band.ABOVE if lower_bound(row.right, row.items, row.confidence) > row.threshold else Band.UNCLEAR


def _threshold(row: FrontierFinding, run: Run, written: Written) -> Iterator[str]:
    """The threshold, the confidence and how many questions there are, where the files are those that were read."""
    content = file_as_read(run, written, _FILE)
    if isinstance(content, str):
        return
    try:
        domains = parse_yaml(content.decode(), Path(_FILE)).value["domains"]
        said = next((one for one in domains if one["id"] == row.domain), None)
    except (InputError, UnicodeDecodeError, KeyError, TypeError):
        return
    name = f"the finding on {row.domain} for {row.speaker}"
    if said is None:
        yield f"{name} is on a domain that {_FILE} does not have."
        return
    found: dict[str, object] = {"threshold": said["threshold"], "confidence": said.get("confidence", 0.95)}
    items = file_as_read(run, written, re.sub(r"^\./", "", str(said["items"])))
    if isinstance(items, bytes):
        found["items"] = sum(bool(line.strip()) for line in items.split(b"\n"))
    yield from differing(name, row, found)
