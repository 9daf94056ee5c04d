"""Who lets a forbidden word out of a stream: our gateway and others, by the conformance suite and by one long stream.

Usage: python benchmarks/leaks.py [--litellm PYTHON] [--nemo PYTHON] [--openai-guardrails PYTHON] [--quick] [--json]
       [--out FILE]

Each product withholds the same made-up word and number by its own check of what is said by a pattern or a keyword, in
its own default settings for streams; the settings stand below. PYTHON is the interpreter of an environment in which it
is installed. First the streaming part of ``tests/conformance`` is asked of each; then one stream of 300 words at 10 ms
a word, of which the thirtieth is forbidden. Ends with 1 where ours leaks or breaks a stream.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import gateways
from results import err, show, write
from traffic import free_port, running

# The tests are no package of the installation.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.conformance import suite
from tests.conformance.check import Check, Context
from tests.conformance.client import Answer, Guarded, ask
from tests.conformance.plans import saying
from tests.conformance.upstream import Upstream
from tests.conformance.words import NUMBER, NUMBER_PATTERN, WORD, WORD_PATTERN

WORDS, FORBIDDEN_AT, PACE = 300, 29, 0.01
PATIENCE = 30.0

LITELLM = f"""\
guardrails:
  - guardrail_name: words
    litellm_params:
      guardrail: litellm_content_filter
      mode: post_call
      default_on: true
      patterns:
        - {{pattern_type: regex, name: word, pattern: '{WORD_PATTERN}', action: BLOCK}}
        - {{pattern_type: regex, name: number, pattern: '{NUMBER_PATTERN}', action: BLOCK}}
"""
"""Its own content filter after the call, for every request; how streams are sampled is left as it is."""

NEMO = f"""\
passthrough: true
rails:
  config:
    regex_detection:
      output:
        patterns: ['{WORD_PATTERN}', '{NUMBER_PATTERN}']
  output:
    flows: [regex check output]
    streaming:
      enabled: true
"""
"""Its own regex rail on the output; streaming is switched on, and everything about it left as it is
(``stream_first: true``, chunks of 200 tokens)."""

NEMO_LAST = NEMO + "      stream_first: false\n"
"""The same, with the one setting that makes it check before it sends."""

Start = Callable[[Path, int], AbstractContextManager[Guarded]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask everybody; 1 where ours leaks or breaks."""
    parser = argparse.ArgumentParser(description="Who lets a forbidden word out of a stream.")
    parser.add_argument("--litellm", type=Path, metavar="PYTHON")
    parser.add_argument("--nemo", type=Path, metavar="PYTHON")
    parser.add_argument("--openai-guardrails", type=Path, metavar="PYTHON")
    parser.add_argument("--quick", action="store_true", help="contents of chats only")
    parser.add_argument("--json", action="store_true", help="print one JSON value instead of tables")
    parser.add_argument("--out", type=Path, help="a JSON file for all numbers")
    options = parser.parse_args(arguments)
    products: dict[str, Start] = {"nobody (the server itself)": _nobody, "colonnade": _ours}
    if options.openai_guardrails:
        products["openai-guardrails"] = _openai_guardrails(options.openai_guardrails)
    if options.litellm:
        products["LiteLLM content filter"] = _peer(gateways.litellm, options.litellm, LITELLM)
    if options.nemo:
        products["NeMo Guardrails"] = _peer(gateways.nemo, options.nemo, NEMO)
        products["NeMo Guardrails, stream_first: false"] = _peer(gateways.nemo, options.nemo, NEMO_LAST)
    checks = [check for check in suite.all_checks(("withheld", "innocent")) if _asked(check, options.quick)]
    measured = {}
    for name, start in products.items():
        err.print(f"{name} ...", markup=False)
        measured[name] = _measure(start, checks)
    if options.json:
        print(json.dumps(measured, indent=1))
    else:
        _show(measured)
    write(options.out, measured)
    ours = measured["colonnade"]
    return 1 if ours["leak"] or ours["broken"] or ours["stream"]["words"] else 0


def _asked(check: Check, quick: bool) -> bool:
    cell = check.cell
    narrow = cell["channel"] == "content" and cell["endpoint"] == "chat" and cell["n"] == "1"
    return cell["way"] == "stream" and (narrow or not quick)


def _measure(start: Start, checks: Sequence[Check]) -> dict[str, Any]:
    """The suite's verdicts on spans that must be withheld, and what became of the long stream."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="leaks-") as folder, start(Path(folder), port) as guard:
        results, streams = asyncio.run(_ask(guard, port, checks))
    withheld = [result for result in results if result.check.group == "withheld"]
    innocent = [result for result in results if result.check.group == "innocent"]
    leaking = Counter(
        f"{result.check.cell['endpoint']}: {result.check.cell['channel']}"
        for result in withheld
        if result.outcome.verdict == "leak"
    )
    found = suite.counts(withheld)
    return {
        "cells": len(withheld),
        **{verdict: found[verdict] for verdict in suite.VERDICTS},
        "innocent broken": suite.counts(innocent)["broken"],
        "leaking": dict(leaking.most_common()),
        "broken, for instance": next((row.outcome.detail for row in results if row.outcome.verdict == "broken"), ""),
        "stream": streams,
    }


async def _ask(guard: Guarded, port: int, checks: Sequence[Check]) -> tuple[list[suite.Result], dict[str, Any]]:
    upstream = Upstream()
    async with upstream.serve(port):
        if guard.port == 0:
            guard = guard._replace(port=port)

        async def stream() -> Answer:
            words = [f"word{number}" for number in range(WORDS)]
            words[FORBIDDEN_AT] = WORD
            case = upstream.plan(saying(" ".join(words), chunking="word", pause=PACE))
            body = {"model": guard.model, "messages": [{"role": "user", "content": f"Read {case}."}], "stream": True}
            return await ask(guard, body, "/chat/completions")

        await stream()  # what is made at first use is made now
        shown = _stream(await stream())
        return await suite.run(Context(guard, upstream), checks), shown


def _stream(answer: Answer) -> dict[str, Any]:
    """How many words came from the forbidden one on, when the first text came, and how the stream ended."""
    pieces = re.findall(r'"content":\s*"((?:[^"\\]|\\.)*)"', answer.text)
    said = json.loads('"' + "".join(pieces) + '"')
    before, found, after = said.partition(WORD)
    first = None
    for seconds, size in answer.times:
        if re.search(r'"content":\s*"[^"]', answer.body[:size].decode("utf-8", "replace")):
            first = round(seconds * 1e3)
            break
    if not answer.whole:
        end = f"torn: {answer.fault}"
    elif '"error"' in answer.text:
        end = "error event" + (", [DONE]" if "data: [DONE]" in answer.text else "")
    else:
        end = "[DONE]" if "data: [DONE]" in answer.text else "no closing event"
    finish = re.findall(r'"finish_reason":\s*"(\w+)"', answer.text)
    end += f", {finish[-1]}" if finish else ""
    clean = len(re.findall(r"word\d+", before))
    return {"words": 1 + len(after.split()) if found else 0, "clean words": clean, "first text ms": first, "end": end}


@contextmanager
def _nobody(_folder: Path, _port: int) -> Iterator[Guarded]:
    yield Guarded("127.0.0.1", 0, "/v1", "mock", "", PATIENCE)


@contextmanager
def _ours(folder: Path, port: int) -> Iterator[Guarded]:
    """Ours with a clause of two patterns, and the log on; nothing else is said."""
    mine = free_port()
    command = [
        sys.executable,
        "-m",
        "tests.conformance.ours",
        "--port",
        str(mine),
        "--upstream-port",
        str(port),
        "--log",
        str(folder / "log"),
    ]
    with running(command, f"http://127.0.0.1:{mine}/v1/models", 60, folder=gateways.HERE, log=folder / "ours.txt"):
        yield Guarded("127.0.0.1", mine, "/v1", "mock", "", PATIENCE)


def _peer(start: Any, python: Path, settings: str) -> Start:
    @contextmanager
    def started(folder: Path, port: int) -> Iterator[Guarded]:
        with ExitStack() as stack:
            peer = stack.enter_context(start(python, folder, port, more=settings))
            yield Guarded("127.0.0.1", peer.target.port, "/v1", "mock", "", PATIENCE)

    return started


def _openai_guardrails(python: Path) -> Start:
    @contextmanager
    def started(folder: Path, port: int) -> Iterator[Guarded]:
        mine, script = free_port(), Path(__file__).parent / "wrapped" / "openai_guardrails.py"
        command = [str(python), str(script), str(mine), str(port), WORD, NUMBER]
        none = {"PYTHONPATH": ""}
        with running(command, f"http://127.0.0.1:{mine}/", 120, environment=none, log=folder / "wrapped.txt"):
            yield Guarded("127.0.0.1", mine, "/v1", "mock", "", PATIENCE)

    return started


def _show(measured: dict[str, Any]) -> None:
    columns = ("streams of the suite", "cells", *suite.VERDICTS, "innocent broken", "leaks, for instance")
    rows = [
        (name, *(row[column] for column in columns[1:-1]), ", ".join(list(row["leaking"])[:3]) or "–")
        for name, row in measured.items()
    ]
    notes = [
        "A cell is a span in one channel, cut in one way, in one or several choices, at one endpoint. Broken: nothing"
        " leaked, but the stream does not end as the protocol says. Not served is neither a pass nor a failure.",
    ]
    show("Forbidden spans in streams", columns, rows, notes)
    columns = (
        "one stream, 300 words at 10 ms",
        "words from the forbidden one on",
        "clean words",
        "first text ms",
        "how it ends",
    )
    rows = [(name, *row["stream"].values()) for name, row in measured.items()]
    show("The thirtieth word is forbidden", columns, rows)


if __name__ == "__main__":
    sys.exit(main())
