"""Every check of the suite can fail: a toy guard with a flaw is found out in each dimension."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from . import suite
from .check import Context
from .client import Guarded
from .suite import Result
from .toy import Toy
from .upstream import Upstream

PATIENCE = 2.5


async def examine(flaw: str, groups: tuple[str, ...]) -> list[Result]:
    upstream = Upstream()
    async with upstream.serve() as server:
        toy, failing = Toy(server, flaw), Toy(server, flaw, failing=True)
        async with toy.serve() as port, failing.serve() as failing_port:
            guard = Guarded("127.0.0.1", port, "/v1", "mock", "", PATIENCE)
            context = Context(guard, upstream, failing=guard._replace(port=failing_port))
            return await suite.run(context, suite.all_checks(groups))


def verdicts(flaw: str, *groups: str) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for check, outcome in asyncio.run(examine(flaw, groups)):
        found.setdefault(check.group, Counter())[outcome.verdict] += 1
    return found


def test_x() -> None:
    import sys
    for flaw in ("",):
        res = asyncio.run(examine(flaw, ()))
        print(suite.as_text(res, 100), file=sys.stderr)
