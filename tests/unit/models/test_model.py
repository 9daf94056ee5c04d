"""Adapters by name, and who speaks."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from colonnade.models import ADAPTERS, ScriptedModel, adapter, model
from colonnade.records import InputError, MissingPackageError


def test_an_adapter_is_found_by_its_name() -> None:
    assert adapter("scripted") is ScriptedModel


def test_a_name_that_no_adapter_has_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="no model adapter is called 'nope'") as caught:
        adapter("nope")
    assert all(name in caught.value.mend for name in ADAPTERS)


@pytest.mark.parametrize("name", sorted(ADAPTERS))
def test_every_adapter_has_a_module(name: str) -> None:
    assert find_spec(ADAPTERS[name].partition(":")[0])


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "ADAPTERS", {"far": "colonnade_not_installed.far:Model"})
    with pytest.raises(
        MissingPackageError, match="'colonnade_not_installed' is not installed, and the 'far'"
    ) as caught:
        adapter("far")
    assert "make setup" in caught.value.mend


def test_the_rooms_door_loads_no_torch() -> None:
    code = "import sys, colonnade.models, colonnade.models.weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
