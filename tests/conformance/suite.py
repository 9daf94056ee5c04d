"""All checks, run against one guard, and what came of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from . import disguised, mishaps, replies, requests, routes
from .check import Check, Context, Outcome, Verdict

VERDICTS: tuple[Verdict, ...] = ("leak", "broken", "passed", "not served")
AT_ONCE = 8
"""Checks under way at a time; those that must be alone are not counted."""


class Result(NamedTuple):
    """A check and what came of it."""

    check: Check
    outcome: Outcome


def all_checks(groups: Sequence[str] = ()) -> list[Check]:
    """Every check, or those of some groups."""
    found = [*replies.checks(), *requests.checks(), *disguised.checks(), *routes.checks(), *mishaps.checks()]
    return [check for check in found if not groups or check.group in groups]


async def run(context: Context, checks: Iterable[Check], progress: Callable[[int], None] | None = None) -> list[Result]:
    """Runs checks; what a check itself raises makes it broken rather than forgotten."""
    together = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def one(check: Check) -> Result:
        nonlocal done
        async with together:
            try:
                outcome = await check.run(context)
            except (OSError, ValueError, KeyError, TypeError) as fault:
                outcome = Outcome("broken", f"the check itself failed: {fault!r}")
        done += 1
        if progress:
            progress(done)
        return Result(check, outcome)

    checks = list(checks)
    beside = await asyncio.gather(*(one(check) for check in checks if not check.alone))
    return [*beside, *[await one(check) for check in checks if check.alone]]


def counts(results: Iterable[Result]) -> Counter[str]:
    """How often each verdict came."""
    return Counter(result.outcome.verdict for result in results)


def status(results: Sequence[Result]) -> int:
    """1 where something leaked or broke, 2 where nothing innocent passed, so that nothing is proven, else 0."""
    found = counts(results)
    if found["leak"] or found["broken"]:
        return 1
    innocent = [result for result in results if result.check.group.startswith("innocent")]
    return 0 if counts(innocent or results)["passed"] else 2


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """Everything, for machines."""
    rows = [
        {
            "check": result.check.sentence,
            "group": result.check.group,
            "cell": dict(result.check.cell),
            "verdict": result.outcome.verdict,
            "detail": result.outcome.detail,
        }
        for result in results
    ]
    return {"counts": {verdict: counts(results)[verdict] for verdict in VERDICTS}, "results": rows}


def as_text(results: Sequence[Result], most: int = 200) -> str:
    """A table by group and endpoint, and every leak and break by its sentence."""
    rows: dict[tuple[str, str], Counter[str]] = {}
    for check, outcome in results:
        rows.setdefault((check.group, check.cell.get("endpoint", "")), Counter())[outcome.verdict] += 1
    lines = [f"{'group':<18}{'endpoint':<13}" + "".join(f"{verdict:>12}" for verdict in VERDICTS)]
    lines += [
        f"{group:<18}{endpoint:<13}" + "".join(f"{found[verdict] or '.':>12}" for verdict in VERDICTS)
        for (group, endpoint), found in rows.items()
    ]
    total = counts(results)
    lines += [f"{'all':<31}" + "".join(f"{total[verdict]:>12}" for verdict in VERDICTS), ""]
    bad = [result for result in results if result.outcome.verdict in ("leak", "broken")]
    lines += [
        f"{outcome.verdict.upper()}: {check.sentence} [{' '.join(check.cell.values())}] – {outcome.detail}"
        for check, outcome in bad[:most]
    ]
    if len(bad) > most:
        lines.append(f"... and {len(bad) - most} more; --json has all of them.")
    return "\n".join(lines)
