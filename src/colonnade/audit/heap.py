"""Blobs of the heap: hashed piece by piece first, and read whole only where their bytes are the right ones."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

from pydantic import ValidationError

from colonnade.records import CorruptionError, Digest, Run
from colonnade.store import Objects

_PIECE = 1 << 20
_LONGEST_RUN = 10_000_000
"""Bytes; the record of a run has some thousand."""


def size_of(objects: Objects, digest: Digest) -> int | str:
    """The bytes of a blob that is whole, or what is wrong with it as the end of a sentence."""
    hashing, size = hashlib.sha256(), 0
    try:
        with objects.filesystem.open(objects.path(digest), "rb") as stream:
            while piece := stream.read(_PIECE):
                hashing.update(piece)
                size += len(piece)
    except (FileNotFoundError, NotADirectoryError):
        return "is missing"
    except (OSError, ValueError) as fault:
        return f"cannot be read ({getattr(fault, 'strerror', None) or fault})"
    return size if f"sha256:{hashing.hexdigest()}" == digest else "has other bytes than were stored"


def blob_of(objects: Objects, digest: Digest) -> bytes | str:
    """The blob's bytes, or what is wrong with it; a blob of wrong bytes is never held in memory, whatever its size."""
    size = size_of(objects, digest)
    if isinstance(size, str):
        return size
    try:
        return objects.get(digest)
    except (CorruptionError, OSError):
        return "has changed while it was looked at"


def runs_that_nothing_names(root: Path, named: Collection[Digest]) -> Iterator[tuple[Digest, str]]:
    """Digest and step of every run in the heap that the ledger does not name: what was cut off its end stays here."""
    for file in sorted((root / "sha256").glob("*/*")):
        digest = f"sha256:{file.parent.name}{file.name}"
        try:
            if digest in named or not file.is_file() or file.stat().st_size > _LONGEST_RUN:
                continue
            with file.open("rb") as stream:
                content = stream.read(_LONGEST_RUN) if stream.read(8) == b'{"code":' else b""
            run = Run.model_validate_json(b'{"code":' + content) if content else None
        except (OSError, ValidationError):
            continue
        if run is not None:
            yield digest, run.step
