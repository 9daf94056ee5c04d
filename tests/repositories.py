"""Repositories of git, for tests of what stands in a history."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def git(folder: Path, *arguments: str) -> None:
    """Do this in a folder, as somebody who is nobody."""
    found = shutil.which("git")
    assert found
    who = ("-c", "user.name=a test", "-c", "user.email=test@example.invalid")
    subprocess.run([found, *who, *arguments], cwd=folder, check=True, capture_output=True)
