"""A key for every subject and every day until which something of theirs is kept; a destroyed key erases.

The keys lie in a folder outside the log, each in a file of its own, so that one can be destroyed
without touching another. They are wrapped (AES-256-GCM) with a key derived from a secret that is
kept elsewhere. No name stands anywhere: a subject's folder is named by an HMAC of the name, and the
log knows a key by a random id. The day until which it is kept is part of what the wrapping
authenticates, so nobody without the secret can move it.

Sources: NIST SP 800-38D (AES-GCM), RFC 5869 (HKDF), RFC 2104 (HMAC).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from colonnade.records import CorruptionError, InputError, canonical_json
from colonnade.store.log.disk import sync_folder
from colonnade.store.log.secrets import check_private, write_private

KEY = 32
NONCE = 12
CHECK = "keyring.json"
_GONE = ".gone"
"""The ending of a key that is being destroyed; a crash may leave it, and it is nobody's key any more."""
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class SubjectKey:
    """A subject's key.

    Attributes:
        id: what the log knows it by, 32 hexadecimal digits without meaning.
        retain_until: before this day it is not destroyed without a reason of its own.
        secret: the key.
        file: where it lies, wrapped.
    """

    id: str
    retain_until: date
    secret: bytes = field(repr=False)
    file: Path

    @cached_property
    def cipher(self) -> AESGCM:
        """The key made ready, which takes longer than sealing a short text with it."""
        return AESGCM(self.secret)


class KeyRing:
    """All subjects' keys.

    Args:
        folder: outside the log; made, for its owner alone, where it is not there.
        secret: 32 bytes that all keys are wrapped with.
        log: the folder of the log, which must not hold the keys.

    Raises:
        InputError: where the folder lies in the log, others may open it, or the secret is another.
    """

    def __init__(self, folder: Path, secret: bytes, log: Path) -> None:
        if folder.resolve().is_relative_to(log.resolve()):
            mend = "Keep the keys elsewhere: a copy of the log must not be a copy of the keys."
            raise InputError("the folder of the keys lies in the log.", file=folder, mend=mend)
        self.folder = folder
        self._wrapping, self._naming = _derived(secret, b"wrap"), _derived(secret, b"subject")
        self._remembered: dict[tuple[str, date], SubjectKey] = {}
        if not folder.exists():
            folder.mkdir(parents=True, mode=0o700)
        check_private(folder)
        self._check_secret(_derived(secret, b"check").hex())

    def tag(self, subject: str) -> str:
        """What stands for a subject where the name must not: 32 hexadecimal digits, the same each time."""
        return hmac.new(self._naming, subject.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]

    def key_for(self, subject: str, retain_until: date) -> SubjectKey:
        """The key for what is kept of a subject until a day; made where there is none, or it was destroyed."""
        known = self._remembered.get((subject, retain_until))
        if known is not None and known.file.exists():
            return known
        folder = self.folder / self.tag(subject)
        files = sorted(folder.glob(f"{retain_until}-*.key"))
        key = self._read(files[0]) if files else self._new(folder, retain_until)
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[subject, retain_until] = key
        return key

    def keys_of(self, subject: str) -> tuple[SubjectKey, ...]:
        """All keys of a subject that are not destroyed, by their days."""
        folder = self.folder / self.tag(subject)
        _finish_destroying(folder.glob(f"*{_GONE}"))
        return tuple(map(self._read, sorted(folder.glob("*.key"))))

    def all_keys(self) -> dict[str, tuple[str, SubjectKey]]:
        """Every key by its id, with the tag of its subject."""
        _finish_destroying(self.folder.glob(f"*/*{_GONE}"))
        found = ((file.parent.name, self._read(file)) for file in sorted(self.folder.glob("*/*.key")))
        return {key.id: (tag, key) for tag, key in found}

    def destroy(self, keys: Iterable[SubjectKey]) -> None:
        """Overwrite and remove keys; what they sealed cannot be read again, by nobody.

        Copies of the folder (backups, snapshots) are out of reach from here.
        """
        for key in keys:
            gone = key.file.with_suffix(_GONE)
            key.file.replace(gone)
            sync_folder(gone.parent)
            _overwrite(gone)
        self._remembered.clear()

    def _new(self, folder: Path, retain_until: date) -> SubjectKey:
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self.folder)
        secret, name, nonce = os.urandom(KEY), os.urandom(16).hex(), os.urandom(NONCE)
        wrapped = AESGCM(self._wrapping).encrypt(nonce, secret, _bound(name, retain_until, folder.name))
        content = {"id": name, "retain_until": str(retain_until), "wrapped": _text(nonce + wrapped)}
        file = folder / f"{retain_until}-{name}.key"
        write_private(file, canonical_json(content) + b"\n")
        sync_folder(folder)
        return SubjectKey(name, retain_until, secret, file)

    def _read(self, file: Path) -> SubjectKey:
        check_private(file)
        try:
            content = json.loads(file.read_bytes())
            name, day = str(content["id"]), date.fromisoformat(content["retain_until"])
            wrapped = base64.b64decode(content["wrapped"], validate=True)
            bound = _bound(name, day, file.parent.name)
            secret = AESGCM(self._wrapping).decrypt(wrapped[:NONCE], wrapped[NONCE:], bound)
        except (ValueError, KeyError, TypeError, InvalidTag):
            mend = "Put it back from a backup; without it, what it sealed is lost."
            raise CorruptionError("this is not the key that was written here.", file=file, mend=mend) from None
        return SubjectKey(name, day, secret, file)

    def _check_secret(self, check: str) -> None:
        """A second set of keys under another secret would look as if everybody had been erased."""
        file = self.folder / CHECK
        if not file.exists():
            if any(self.folder.iterdir()):
                mend = f"Put {CHECK} back from a backup, or name an empty folder."
                raise InputError("this folder is not one of subjects' keys.", file=self.folder, mend=mend)
            write_private(file, canonical_json({"check": check}) + b"\n")
            sync_folder(self.folder)
        try:
            known = str(json.loads(file.read_bytes())["check"])
        except (ValueError, KeyError, TypeError):
            known = ""
        if not hmac.compare_digest(known.encode(), check.encode()):
            mend = "Name the secret that they were made with."
            raise InputError("these keys were made with another secret.", file=self.folder, mend=mend)


def _finish_destroying(files: Iterable[Path]) -> None:
    for file in list(files):
        _overwrite(file)


def _overwrite(file: Path) -> None:
    handle = os.open(file, os.O_WRONLY)
    try:
        os.write(handle, os.urandom(os.fstat(handle).st_size))
        os.fsync(handle)
    finally:
        os.close(handle)
    file.unlink()
    sync_folder(file.parent)


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY, salt=None, info=b"colonnade audit log: " + purpose).derive(secret)


def _bound(name: str, retain_until: date, tag: str) -> bytes:
    return f"{name} {retain_until} {tag}".encode()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
