from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .small_access import write_access_workspace


@pytest.fixture(scope="session")
def access_pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with people and their keys, made once."""
    home = tmp_path_factory.mktemp("access")
    write_access_workspace(home)
    return home


@pytest.fixture
def home(access_pattern: Path, tmp_path: Path) -> Path:
    """A copy of it, for one test."""
    shutil.copytree(access_pattern, tmp_path / "h")
    return tmp_path / "h"
