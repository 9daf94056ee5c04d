"""Runs one harness for a bounded time."""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from pathlib import Path


def fuzz(name: str, body: str, seeds: str, longest: int = 8192) -> None:
    """Lets atheris look for an input at which the body raises.

    Args:
        name: for the help.
        body: the harness, a function of ``tests.fuzz.bodies``; imported here, so that it can be instrumented.
        seeds: inputs to begin with, a list of ``tests.fuzz.seeds``.
        longest: bytes of an input.
    """
    parser = argparse.ArgumentParser(prog=f"python -m tests.fuzz.{name}")
    parser.add_argument("--seconds", type=int, default=60)
    seconds = parser.parse_args().seconds
    try:
        import atheris
    except ImportError:
        print("atheris is not installed, so nothing was fuzzed; install it and run this again.")
        return
    with atheris.instrument_imports(include=["colonnade.guard.protocol"]):
        harness = getattr(importlib.import_module("tests.fuzz.bodies"), body)
    begin = getattr(importlib.import_module("tests.fuzz.seeds"), seeds)
    with tempfile.TemporaryDirectory() as folder:
        for index, seed in enumerate(begin):
            (Path(folder) / str(index)).write_bytes(seed)
        limits = [f"-max_total_time={seconds}", f"-max_len={longest}", "-timeout=20", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], folder, *limits], harness)
        atheris.Fuzz()
