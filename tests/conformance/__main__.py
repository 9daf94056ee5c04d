"""Point the suite at a guard.

The guard must forward to http://127.0.0.1:UPSTREAM-PORT/v1, where the suite itself answers, and withhold in requests
and replies what matches the patterns of ``words.py`` (``--patterns`` prints them).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from . import suite, words
from .check import Context
from .client import Guarded
from .upstream import Upstream


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite; 1 on a leak or a broken answer, 2 where nothing passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--url", help="the guard, for instance http://127.0.0.1:8000/v1")
    parser.add_argument("--model", default="mock", help="the model's name at the guard")
    parser.add_argument("--upstream-port", type=int, help="where the suite listens as the model's server")
    parser.add_argument("--key-variable", help="the variable of the environment with the guard's API key")
    parser.add_argument("--failing-url", help="the same guard with a detector that fails")
    parser.add_argument("--allowed", type=int, default=0, help="characters of the span that may come out")
    parser.add_argument("--patience", type=float, default=20.0, help="seconds after which a guard counts as hanging")
    parser.add_argument("--groups", nargs="+", default=(), help="some groups of checks only")
    parser.add_argument("--list", action="store_true", help="print the sentences of all checks and end")
    parser.add_argument("--patterns", action="store_true", help="print what the guard must withhold and end")
    parser.add_argument("--json", action="store_true", help="print one JSON value instead of a table")
    options = parser.parse_args(arguments)
    if options.patterns:
        print(words.WORD_PATTERN, words.NUMBER_PATTERN, words.FOREIGN, sep="\n")
        return 0
    checks = suite.all_checks(options.groups)
    if options.list:
        print("\n".join(check.sentence for check in checks))
        return 0
    if not options.url or not options.upstream_port:
        parser.error("--url and --upstream-port are needed")
    key = os.environ.get(options.key_variable, "") if options.key_variable else ""
    guard = _guarded(options.url, options.model, key, options.patience)
    failing = _guarded(options.failing_url, options.model, key, options.patience) if options.failing_url else None
    results = asyncio.run(_run(guard, failing, options.upstream_port, options.allowed, checks))
    print(json.dumps(suite.as_json(results), indent=1) if options.json else suite.as_text(results))
    return suite.status(results)


def _guarded(url: str, model: str, key: str, patience: float) -> Guarded:
    parts = urlsplit(url)
    return Guarded(parts.hostname or "127.0.0.1", parts.port or 80, parts.path.rstrip("/"), model, key, patience)


async def _run(
    guard: Guarded, failing: Guarded | None, port: int, allowed: int, checks: list[suite.Check]
) -> list[suite.Result]:
    upstream = Upstream()

    def progress(done: int) -> None:
        if (sys.stderr.isatty() and done % 50 == 0) or done == len(checks):
            print(f"\r{done} of {len(checks)} checks", end="\n" if done == len(checks) else "", file=sys.stderr)

    async with upstream.serve(port):
        return await suite.run(Context(guard, upstream, allowed, failing), checks, progress)


if __name__ == "__main__":
    sys.exit(main())
