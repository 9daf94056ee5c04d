"""The set-up of a newcomer's environment says what it does while it works."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "setup.sh"


def test_every_stage_of_the_set_up_is_said_before_it_begins(tmp_path: Path) -> None:
    shell = shutil.which("sh")
    if shell is None:
        pytest.skip("this system has no shell")
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\necho "pip $4 $5"\n')
    python.chmod(0o755)
    done = subprocess.run(  # our own script, with a Python that installs nothing
        [shell, str(SCRIPT)], env={**os.environ, "VENV": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert "two to three minutes and about 2.5 GB" in lines[0]
    assert [line[:9] for line in lines[:-1:2]] == [f"setup {stage}/5" for stage in range(1, 6)]
    assert all(line.startswith("pip ") for line in lines[1:-1:2]), "each stage has a line of its own"
    assert lines[-1].startswith("setup done")
