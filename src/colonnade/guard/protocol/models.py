"""The list of models that clients may name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def model_entry(name: str) -> dict[str, Any]:
    """One model; the answer of /v1/models/NAME."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "colonnade"}


def model_list(names: Iterable[str]) -> dict[str, Any]:
    """The answer of /v1/models."""
    return {"object": "list", "data": [model_entry(name) for name in names]}
