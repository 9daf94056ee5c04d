"""The small workspace as fixtures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from .small_workspace import Made, build_workspace


@pytest.fixture
def make_workspace(tmp_path: Path) -> Callable[..., Made]:
    """Build the workspace, with other measurements where a test gives them."""
    return partial(build_workspace, tmp_path)


@pytest.fixture
def made(make_workspace: Callable[..., Made]) -> Made:
    """The honest workspace."""
    return make_workspace()
