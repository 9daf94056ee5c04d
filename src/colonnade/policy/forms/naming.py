"""Names that follow from content: the same document has the same UUID wherever it is rendered."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from colonnade.records import digest_of

NAMESPACE = "urn:colonnade:policy"
"""Qualifies names that are ours in the formats of others."""

_SPACE = uuid5(NAMESPACE_URL, NAMESPACE)


def document_uuid(content: Any) -> str:
    """The version-5 UUID (RFC 9562) of a JSON value's digest."""
    return str(uuid5(_SPACE, digest_of(content)))


def named_uuid(kind: str, name: str) -> str:
    """The version-5 UUID of something that has a name of its own."""
    return str(uuid5(_SPACE, f"{kind}:{name}"))
