"""API keys: who asks, of which tier, for which purposes, until when. Kept as hashes."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from shlex import quote
from typing import Annotated, NamedTuple

from pydantic import Field, ValidationError

from colonnade.guard.configuration import Name
from colonnade.guard.protocol.errors import ProtocolError
from colonnade.records import CorruptionError, InputError, Record, canonical_json
from colonnade.store import HOME

PREFIX = "ck-"
"""What every key begins with, so that one that was published by mistake can be found."""

BYTES = 32
_OTHERS = 0o077


class StoredKey(Record):
    """A key as it lies on disk: enough to recognise it, not enough to use it.

    Attributes:
        id: what people call it.
        hash: sha256 of the key. It has 256 random bits, so nobody finds it by trying, and needs no salt.
        principal: who asks with it; the subject of grants.
        purposes: it may be used for; none stands for the first of ``guard.yaml``.
        until: the last day.
        revoked: the day it ended before its time.
        operator: whether it may read the service's metrics, and say something of answers to others.
    """

    id: Name
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    principal: Annotated[str, Field(min_length=1, max_length=200)]
    tier: Name
    purposes: tuple[Name, ...]
    until: date | None = None
    added: date
    revoked: date | None = None
    operator: bool = False


class Principal(NamedTuple):
    """Who asks.

    Attributes:
        anyone: no key names them, because the service has none; it is on the loopback interface then.
        operator: whether they run the service rather than use it.
    """

    name: str
    tier: str = ""
    purposes: tuple[str, ...] = ()
    key: str = ""
    anyone: bool = False
    operator: bool = False


ANYONE = Principal("anyone", anyone=True, operator=True)


class Keys:
    """The keys of a service.

    Args:
        keys: all of them.
        today: the day.
        required: everybody needs one; where the file of keys is lost, nobody gets in.
    """

    def __init__(
        self, keys: Iterable[StoredKey] = (), today: Callable[[], date] | None = None, required: bool = False
    ) -> None:
        self.keys = tuple(keys)
        self.required = required or bool(self.keys)
        self._today = today or (lambda: datetime.now(UTC).date())
        self._by_hash = {key.hash: key for key in self.keys}

    def principal(self, headers: Mapping[str, str]) -> Principal:
        """Whom the headers of a request name; anyone, where the service has no keys.

        Raises:
            ProtocolError: 401 for a key that is missing, unknown, over or revoked; 403 where there are no
                keys and the request was sent to another name than one of this machine's own.
        """
        if not self.required:
            if not _is_of_this_machine(headers.get("host", "")):
                message = (
                    "without keys only localhost and 127.0.0.1 are answered to, and the request names another host."
                )
                raise ProtocolError(message, status=403, parameter="Host", code="cross_origin")
            return ANYONE
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            message = "a key is missing: send 'Authorization: Bearer KEY'."
            raise ProtocolError(message, status=401, code="missing_api_key")
        digest = hash_of(key.strip())
        # Looked up by the hash of what was sent: how far two hashes agree tells nothing about the key.
        found = self._by_hash.get(digest)
        if found is None or not hmac.compare_digest(found.hash, digest):
            raise ProtocolError("this key is not known here.", status=401, code="invalid_api_key")
        if found.revoked is not None or (found.until is not None and self._today() > found.until):
            raise ProtocolError("this key has ended.", status=401, code="invalid_api_key")
        return Principal(found.principal, found.tier, found.purposes, found.id, operator=found.operator)


@lru_cache(maxsize=256)
def _is_of_this_machine(host: str) -> bool:
    """Whether a request was sent to a loopback name.

    A page in a browser can have its own name point at this machine, and its requests are then no longer
    another site's. That name stands in ``Host``.
    """
    name = host.removeprefix("[").partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name in ("", "localhost") or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def hash_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def new_key() -> str:
    """A fresh key; whoever makes it shows it once."""
    return PREFIX + secrets.token_urlsafe(BYTES)


def keys_file(workspace: Path) -> Path:
    """Where the API keys of a workspace lie."""
    return workspace / HOME / "keys.jsonl"


def read_keys(file: Path) -> tuple[StoredKey, ...]:
    """Every key in a file, oldest first; none where there is no file.

    Raises:
        InputError: where others than the owner may read it.
        CorruptionError: at the first line that is no key.
    """
    try:
        mode, content = file.stat().st_mode & 0o777, file.read_bytes()
    except FileNotFoundError:
        return ()
    if mode & _OTHERS:
        what = f"others than its owner may open this (mode {mode:o}), and it says which keys hold."
        raise InputError(what, file=file, mend=f"'chmod 600 {quote(str(file))}'.")
    found = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            found.append(StoredKey.model_validate_json(line))
        except ValidationError:
            raise CorruptionError("this line is not a key.", file=file, line=number, mend="Take it out.") from None
    return tuple(found)


def write_keys(file: Path, keys: Iterable[StoredKey]) -> None:
    """Put these keys in the place of those in the file, whole or not at all, for its owner alone."""
    file = file.resolve()  # what a link leads to, which other services may read
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{os.getpid()}.new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.writelines(canonical_json(key.model_dump(mode="json")) + b"\n" for key in keys)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(file)
