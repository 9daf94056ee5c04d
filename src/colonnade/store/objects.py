"""Bytes by digest, through fsspec. What is read is hashed again, every time."""

from __future__ import annotations

import os

import fsspec

from colonnade.records import ColonnadeError, CorruptionError, Digest, digest_bytes

NOTHING = digest_bytes(b"")
"""What an artefact without a row is: it has the bytes of every other such one, and gives nothing away."""


class Objects:
    """A content-addressed heap of blobs below one folder or fsspec URL."""

    def __init__(self, root: str) -> None:
        self.filesystem, self.root = fsspec.url_to_fs(root)

    def path(self, digest: Digest) -> str:
        """Where a blob lies."""
        algorithm, _, value = digest.partition(":")
        return f"{self.root}/{algorithm}/{value[:2]}/{value[2:]}"

    def put(self, content: bytes) -> Digest:
        """Store bytes; the blob appears whole or not at all.

        Raises:
            ColonnadeError: where the bytes cannot be written, for instance on a full disk.
        """
        digest = digest_bytes(content)
        path = self.path(digest)
        if self.holds(digest):
            return digest
        partial = f"{path}.partial-{os.getpid()}"
        try:
            self.filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
            with self.filesystem.open(partial, "wb") as stream:
                stream.write(content)
            self.filesystem.mv(partial, path)
        except OSError as fault:
            raise ColonnadeError(
                f"{len(content)} bytes could not be stored: {fault.strerror or fault}.",
                file=path,
                mend="Make room, then start the same command again; what was finished is kept.",
            ) from None
        return digest

    def get(self, digest: Digest) -> bytes:
        """The blob's bytes, hashed again.

        Raises:
            CorruptionError: where the blob is missing or its bytes have changed.
        """
        path = self.path(digest)
        try:
            with self.filesystem.open(path, "rb") as stream:
                content: bytes = stream.read()
        except OSError as fault:
            missing = isinstance(fault, FileNotFoundError | NotADirectoryError)
            how = "is missing" if missing else f"cannot be read: {fault.strerror or fault}"
            raise CorruptionError(f"artefact {digest} {how}.", file=path, mend="Run again to make it anew.") from None
        if digest_bytes(content) != digest:
            raise CorruptionError(
                f"the bytes of artefact {digest} have changed since it was stored.",
                file=path,
                mend="Run again to make it anew.",
            )
        return content

    def holds(self, digest: Digest) -> bool:
        """Whether the blob is there with its right bytes."""
        try:
            self.get(digest)
        except CorruptionError:
            return False
        return True

    def quarantine(self, digest: Digest) -> str | None:
        """Set a corrupt blob aside, so that it is never used and can still be looked at."""
        path = self.path(digest)
        if not self.filesystem.exists(path):
            return None
        aside = f"{path}.corrupt"
        self.filesystem.mv(path, aside)
        return aside
