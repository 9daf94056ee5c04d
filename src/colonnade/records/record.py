"""The base of every record: frozen, closed, and named by the digest of its content."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

Digest = str
"""``sha256:`` followed by 64 hexadecimal digits; the algorithm stands in the value."""


def _pairs(value: Any) -> Any:
    return tuple(sorted(value.items())) if isinstance(value, dict) else value


Pairs = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_pairs)]
"""A frozen mapping: sorted pairs of name and value."""


class Record(BaseModel):
    """A value: equal content is an equal record, and its digest follows from the content.

    The digest is computed each time. A cached one would survive ``model_copy(update=...)`` and
    vouch for content that it never saw.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @property
    def digest(self) -> Digest:
        """The sha256 of the record's canonical JSON."""
        return digest_of(self.model_dump(mode="json"))


def canonical_json(value: Any) -> bytes:
    """The one byte form of a JSON value: sorted keys, no blanks, UTF-8, no NaN.

    Changing this form changes every digest, so it is part of the documented contract.

    Raises:
        ValueError: where a number is NaN or infinite.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8")


def digest_of(value: Any) -> Digest:
    """The digest of a JSON value in its canonical form."""
    return digest_bytes(canonical_json(value))


def digest_bytes(content: bytes) -> Digest:
    """The digest of raw bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()
