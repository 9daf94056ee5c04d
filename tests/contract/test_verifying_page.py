"""Every kind of record stands in the table of what verifying does about it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from colonnade import records
from colonnade.audit.inventory import INVENTORY
from colonnade.audit.recognition import _KINDS
from colonnade.records import Record

PAGE = Path(__file__).parents[2] / "docs" / "verifying.md"
STORED_ELSEWHERE = {"RewardWeights", "JudgeWeights"}
"""Records of the room of graders, of which the pipeline stores one each."""


def kinds() -> set[str]:
    for module in pkgutil.iter_modules(records.__path__):
        importlib.import_module(f"colonnade.records.{module.name}")
    found, waiting = set[str](), [Record]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__module__.startswith("colonnade.records."):
                found.add(kind.__name__)
    return found


def rows() -> dict[str, tuple[str, tuple[str, ...]]]:
    """By kind what the page says of it, and its parts."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for names, way in re.findall(r"^\| (`[^|]+) \| ([a-z ]+) \|", PAGE.read_text(), flags=re.MULTILINE):
        for name, parts in re.findall(r"`(\w+)`(?: \(([^)]*)\))?", names):
            assert name not in found, f"{name} stands twice"
            found[name] = (way, tuple(re.findall(r"`(\w+)`", parts)))
    return found


def test_every_kind_of_record_is_in_the_inventory_once() -> None:
    named = [name for kind, standing in INVENTORY.items() for name in (kind, *standing.parts)]
    assert len(named) == len(set(named))
    assert set(named) == kinds() | STORED_ELSEWHERE


def test_the_page_says_what_the_inventory_says() -> None:
    assert {name: (standing.way, standing.parts) for name, standing in INVENTORY.items()} == rows()


@pytest.mark.parametrize("kind", [name for name, standing in INVENTORY.items() if standing.way != "not checked"])
def test_what_is_looked_at_is_recognised_where_it_is_stored(kind: str) -> None:
    by_bytes = {"Run", "Entry"}
    assert kind in {one.__name__ for one in _KINDS} | by_bytes
