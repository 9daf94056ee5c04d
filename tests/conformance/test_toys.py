"""Every check of the suite can fail: a toy guard with a flaw is found out in each dimension."""

from __future__ import annotations

import asyncio
from functools import cache

import pytest

from . import suite
from .check import Check, Context
from .client import Guarded
from .disguised import FILE_KINDS, UNSOUND
from .disguises import ESCAPED, PLAIN
from .suite import Result
from .toy import FLAWS, Toy
from .upstream import Upstream

PATIENCE = 5.0
EVERY = 23
"""Of the large groups every so many checks are run; prime, so that no dimension is passed over."""
LARGE = ("withheld", "innocent", "request", "disguised", "server's faults")


DISGUISES = {*PLAIN, *ESCAPED}
RAW = {"a backslash", "hundreds of backslashes", "escaped quotes", "an escaped line feed", "another script"}
"""What hides nothing from who looks at the letters as they stand."""


def some(checks: list[Check]) -> list[Check]:
    large = [check for check in checks if check.group in LARGE]
    return [check for check in checks if check.group not in LARGE] + large[::EVERY]


async def _examine(flaw: str, checks: list[Check]) -> list[Result]:
    upstream = Upstream()
    async with upstream.serve() as server:
        toy, failing = Toy(server, flaw), Toy(server, flaw, failing=True)
        async with toy.serve() as port, failing.serve() as failing_port:
            patience = 1.5 if flaw == "keeps on" else PATIENCE
            guard = Guarded("127.0.0.1", port, "/v1", "mock", "", patience)
            context = Context(guard, upstream, failing=guard._replace(port=failing_port))
            return await suite.run(context, checks)


@cache
def examine(flaw: str, *groups: str) -> tuple[Result, ...]:
    return tuple(asyncio.run(_examine(flaw, some(suite.all_checks(groups)))))


@cache
def found(flaw: str, **cell: str) -> set[str]:
    """The verdicts of all checks for withheld spans in these cells."""
    checks = [
        check
        for check in suite.all_checks(("withheld",))
        if all(check.cell.get(key) == value for key, value in {"position": "middle", **cell}.items())
    ]
    return {result.outcome.verdict for result in asyncio.run(_examine(flaw, checks))}


def verdicts(results: tuple[Result, ...], **cell: str) -> set[str]:
    return {
        result.outcome.verdict
        for result in results
        if all(result.check.cell.get(key) == value for key, value in cell.items())
    }


def test_a_toy_without_a_flaw_lets_nothing_out_and_breaks_nothing() -> None:
    results = examine("")
    assert [str(result) for result in results if result.outcome.verdict in ("leak", "broken")] == []
    assert suite.status(results) == 0


@pytest.mark.parametrize(
    ("flaw", "group", "verdict"),
    [
        ("relays", "withheld", "leak"),
        ("relays", "request", "leak"),
        ("relays", "disguised", "leak"),
        ("relays", "unreadable", "leak"),
        ("relays", "tricks", "leak"),
        ("relays", "claims", "leak"),
        ("relays", "routes", "leak"),
        ("relays", "fail closed", "leak"),
        ("relays", "server's tricks", "leak"),
        ("relays", "innocent", "passed"),
        ("relays", "innocent, tricky", "passed"),
        ("relays", "usage", "passed"),
        ("tears", "withheld", "broken"),
        ("names the word", "withheld", "leak"),
        ("alters", "innocent", "broken"),
        ("alters", "innocent, tricky", "broken"),
        ("forgets the usage", "usage", "broken"),
        ("passes off", "server's faults", "broken"),
        ("keeps on", "client hangs up", "broken"),
        ("believes", "claims", "leak"),
        ("fails open", "fail closed", "leak"),
    ],
)
def test_a_flaw_shows_in_every_check_of_its_group(flaw: str, group: str, verdict: str) -> None:
    results = examine(flaw, group)
    assert [str(result) for result in results if result.outcome.verdict != verdict] == []
    assert suite.status(results) == (0 if verdict == "passed" else 1)


@pytest.mark.parametrize(
    ("flaw", "seen", "unseen"),
    [
        ("checks late", {"way": "stream", "n": "1"}, {"way": "whole", "n": "1"}),
        (
            "checks events alone",
            {"chunking": "character", "channel": "content", "endpoint": "chat"},
            {"chunking": "whole", "channel": "content"},
        ),
        ("reads bytes", {"chunking": "escaped", "channel": "content"}, {"chunking": "whole", "channel": "content"}),
        ("reads contents only", {"channel": "tool arguments", "n": "1"}, {"channel": "content", "n": "1"}),
        ("lets a beginning out", {"channel": "content", "n": "1"}, {"channel": "tool name"}),
        ("reads the first choice", {"position": "second choice"}, {"n": "1", "chunking": "burst"}),
    ],
)
def test_a_flaw_of_a_reader_shows_where_it_lies(flaw: str, seen: dict[str, str], unseen: dict[str, str]) -> None:
    assert found(flaw, **seen) == {"leak"}
    assert "leak" not in found(flaw, **unseen)


@pytest.mark.parametrize(
    ("flaw", "seen"),
    [
        ("reads letters as they stand", DISGUISES - {"capitals"} - RAW),
        ("reads the end only", {"hundreds of zero-width characters", "hundreds of blanks"}),
        ("reads no escapes", set(ESCAPED) - RAW),
        ("reads sound JSON only", set(UNSOUND)),
        ("reads one case", {"capitals of another script"}),
        ("believes a file", set(FILE_KINDS) - {"text/plain"}),
    ],
)
def test_a_reader_that_is_easily_deceived_is_found_out_by_every_disguise_that_deceives_it(
    flaw: str, seen: set[str]
) -> None:
    checks = [check for check in suite.all_checks(("disguised",)) if _is_tried(check)]
    results = asyncio.run(_examine(flaw, checks))
    leaking = {row.check.cell["disguise"] for row in results if row.outcome.verdict == "leak"}
    assert leaking >= seen
    assert "capitals" not in leaking, "which deceive none of them"
    assert [str(row) for row in results if row.outcome.verdict == "broken"] == []


def _is_tried(check: Check) -> bool:
    """One channel and one place of each kind are enough to deceive a toy."""
    cell = check.cell
    told = cell.get("channel") in ("content", "tool arguments") and cell["way"] == "stream"
    return cell["endpoint"] == "chat" and (told or cell.get("place", "user text") not in ("user text", "tool result"))


def test_what_is_not_served_is_neither_passed_nor_failed() -> None:
    results = examine("knows nothing", "withheld", "innocent", "request", "claims", "usage")
    assert verdicts(results) == {"not served"}
    assert suite.status(results) == 2


def test_every_flaw_is_told() -> None:
    with pytest.raises(KeyError):
        FLAWS["no such flaw"]
    assert "not served" in suite.as_text(examine("knows nothing", "usage"))
    assert suite.as_json(examine("relays", "usage"))["counts"]["passed"] == len(examine("relays", "usage"))
