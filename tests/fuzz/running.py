"""Runs one harness for a bounded time."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path


def fuzz(name: str, body: Callable[[bytes], None], seeds: Iterable[bytes]) -> None:
    """Lets atheris look for an input at which the body raises.

    Args:
        name: for the help.
        body: the harness.
        seeds: inputs to begin with.
    """
    parser = argparse.ArgumentParser(prog=f"python -m tests.fuzz.{name}")
    parser.add_argument("--seconds", type=int, default=60)
    seconds = parser.parse_args().seconds
    try:
        import atheris
    except ImportError:
        print("atheris is not installed, so nothing was fuzzed; install it and run this again.")
        return
    atheris.instrument_all()
    with tempfile.TemporaryDirectory() as folder:
        for index, seed in enumerate(seeds):
            (Path(folder) / str(index)).write_bytes(seed)
        artefacts = f"-artifact_prefix={folder}/"
        options = [f"-max_total_time={seconds}", "-max_len=8192", "-timeout=20", "-print_final_stats=1", artefacts]
        atheris.Setup([sys.argv[0], folder, *options], body)
        atheris.Fuzz()
