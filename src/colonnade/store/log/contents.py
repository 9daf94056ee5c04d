"""Prompts and answers: sealed under a subject's key beside the log, committed to with a salt in it.

The row keeps ``hmac-sha256`` of the text under a random salt, and the id of the key. The salt lies
sealed with the text. So the owner can show that a text is the one in the row; once the key is
destroyed nobody can, not even by trying all likely texts; and the row, its hash and every proof
stay what they were. Texts are padded to multiples of 256 bytes before they are sealed, so that the
sealed length tells little.

Random bytes may come twice where a running machine was copied. So the salt is a keyed hash of the
text and the key's id under the random bytes, and the nonce is the beginning of the commitment, which
is public anyway: two texts, or two keys, never share a salt, and no key seals two texts with one
nonce. The same text sealed again with the same bytes gives the same line, and tells only that.

Sources: NIST SP 800-38D (AES-256-GCM), RFC 2104 (HMAC as a commitment under a random key), RFC 7693
(BLAKE2), RFC 8452 (on nonces made from what is sealed).
"""

from __future__ import annotations

import hmac
import json
from binascii import b2a_base64
from collections.abc import Iterator, Mapping
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag

from colonnade.records import CorruptionError, InputError
from colonnade.store.log.keyring import NONCE, KeyRing, SubjectKey
from colonnade.store.log.segments import read_settings, row_line, segment_files, whole_lines
from colonnade.store.log.unfinished import first_unfinished, references_of, sealed_lines
from colonnade.store.random import draw

SALT = 32
_PADDING = 256
_LENGTH = 8
_SCHEME = "hmac-sha256:"
_NONCE = slice(len(_SCHEME), len(_SCHEME) + 2 * NONCE)
"""The digits of a commitment that the nonce is made from."""
_LINE = b'{"commitment":"%b","key":"%b","sealed":"%b"}'
"""Canonical JSON as it is: hexadecimal digits and base64 need no escapes."""


class SealedContents(NamedTuple):
    """Texts that were sealed.

    Attributes:
        references: what the row says of them, by their names: commitment and key.
        lines: what lies beside the rows; handed in with the row.
    """

    references: dict[str, dict[str, str]]
    lines: tuple[bytes, ...]


class Opening(NamedTuple):
    """What shows that a text is the one that a row has a commitment to."""

    text: str
    salt: bytes


class ContentsCheck(NamedTuple):
    """What became of the texts that rows have commitments to.

    Attributes:
        held: can be read, and fit their commitments.
        erased: their keys were destroyed.
        problems: those that are missing or do not fit.
        unfinished: a machine's crash took them before anybody was told of their rows; the next writer cuts those off.
    """

    held: int
    erased: int
    problems: tuple[str, ...]
    unfinished: int = 0


def seal_contents(ring: KeyRing, subject: str, retain_until: date, texts: Mapping[str, str]) -> SealedContents:
    """Seal texts under the subject's key; goes into the log with ``Entry`` or ``GroupWriter.submit``.

    Args:
        ring: the keys.
        subject: whose they are, as the service knows them; does not get into the log.
        retain_until: before this day they are not erased without a reason of its own.
        texts: by name, such as ``prompt`` and ``answer``.
    """
    key = ring.key_for(subject, retain_until)
    name_of_key, encrypt = key.id.encode(), key.cipher.encrypt
    references: dict[str, dict[str, str]] = {}
    lines: list[bytes] = []
    random, of_key = draw(SALT * len(texts)), bytes.fromhex(key.id)
    for at, (name, text) in enumerate(texts.items()):
        content, drawn = text.encode("utf-8", "surrogatepass"), random[at * SALT : (at + 1) * SALT]
        salt = blake2b(content, key=drawn, salt=of_key, digest_size=SALT).digest()
        commitment = commitment_to(content, salt)
        nonce = bytes.fromhex(commitment[_NONCE])
        committed, length = commitment.encode(), len(content)
        padding = bytes(-(SALT + _LENGTH + length) % _PADDING)
        plain = b"".join((salt, length.to_bytes(_LENGTH, "big"), content, padding))
        sealed = b2a_base64(nonce + encrypt(nonce, plain, b"%b %b" % (name_of_key, committed)), newline=False)
        references[name] = {"commitment": commitment, "key": key.id}
        lines.append(_LINE % (committed, name_of_key, sealed))
    return SealedContents(references, tuple(lines))


def commitment_to(content: bytes, salt: bytes) -> str:
    """The commitment to some bytes under a salt."""
    # hmac.digest lets other threads go first, however short the content is; this does so only where it is long.
    return _SCHEME + hmac.new(salt, content, "sha256").hexdigest()


def open_row(folder: Path, ring: KeyRing, index: int) -> dict[str, Opening | None]:
    """The texts of one row by their names; none for one that was erased.

    Raises:
        CorruptionError: where one is missing or does not fit its commitment.
        InputError: where there is no such row.
    """
    references = references_of(json.loads(row_line(folder, index))["row"])
    keys = {key.id: key for _, key in ring.all_keys().values()}
    rows = read_settings(folder).segment_rows
    sealed = sealed_lines(folder, index // rows * rows)
    found: dict[str, Opening | None] = {}
    for name, reference in references.items():
        key = keys.get(reference["key"])
        found[name] = None if key is None else _open(key, reference["commitment"], sealed, index)
    return found


class OpenedRow(NamedTuple):
    """A row with its texts.

    Attributes:
        line: of the row, as it stands in the log.
        texts: by their names; none for one that was erased.
    """

    line: dict[str, Any]
    texts: dict[str, str | None]


def open_rows(folder: Path, ring: KeyRing | None) -> Iterator[OpenedRow]:
    """Every row in order, with its texts; those that a machine's crash left unfinished are none.

    Args:
        folder: of the log.
        ring: the keys; without them every text is as if it were erased.

    Raises:
        InputError: where there is no log.
        CorruptionError: where a line is no row, or a text is missing or does not fit its commitment.
    """
    read_settings(folder)
    keys = {key.id: key for _, key in ring.all_keys().values()} if ring is not None else {}
    end = first_unfinished(folder) if keys else None
    for file in segment_files(folder):
        sealed = sealed_lines(folder, int(file.stem)) if keys else {}
        for number, text in enumerate(whole_lines(file.read_bytes())[0], start=1):
            line = _line(file, number, text)
            if line["index"] == end:
                return
            texts: dict[str, str | None] = {}
            for name, reference in references_of(line["row"]).items():
                key = keys.get(reference["key"])
                texts[name] = None if key is None else _open(key, reference["commitment"], sealed, line["index"]).text
            yield OpenedRow(line, texts)


def _line(file: Path, number: int, text: bytes) -> dict[str, Any]:
    try:
        line = json.loads(text)
        if isinstance(line["row"], dict) and isinstance(line["index"], int):
            return dict(line)
    except (ValueError, KeyError, TypeError):
        pass
    mend = "Put the log back from a backup; 'colonnade audit verify' says what is wrong with it."
    raise CorruptionError("this line is not a row of the log.", file=file, line=number, mend=mend)


def check_contents(folder: Path, ring: KeyRing) -> ContentsCheck:
    """Open every text whose key is there, and hold it against its commitment."""
    keys = {key.id: key for _, key in ring.all_keys().values()}
    held = erased = lost = 0
    problems: list[str] = []
    end = first_unfinished(folder)
    for index, references, sealed in _all_references(folder):
        for name, reference in references.items():
            key = keys.get(reference["key"])
            if key is None:
                erased += 1
                continue
            if end is not None and index >= end and reference["commitment"] not in sealed:
                lost += 1
                continue
            try:
                _open(key, reference["commitment"], sealed, index)
                held += 1
            except CorruptionError as fault:
                problems.append(f"{name}: {fault.what}")
    return ContentsCheck(held, erased, tuple(problems), lost)


def check_opening(row: Mapping[str, Any], name: str, opening: Opening) -> None:
    """The text has to be the one that the row has a commitment to.

    Raises:
        InputError: where it is not.
    """
    reference = references_of(row).get(name)
    content = opening.text.encode("utf-8", "surrogatepass")
    if reference is None or not hmac.compare_digest(reference["commitment"], commitment_to(content, opening.salt)):
        what = f"the {name} that came with the proof is not the one that the row has a commitment to."
        raise InputError(what, mend="Ask for the proof again; somebody changed the text.")


def _open(key: SubjectKey, commitment: str, sealed: Mapping[str, bytes], index: int) -> Opening:
    content = sealed.get(commitment)
    if content is None:
        raise CorruptionError(f"what row {index} has a commitment to is missing.", mend="Put it back from a backup.")
    try:
        plain = key.cipher.decrypt(content[:NONCE], content[NONCE:], _bound(key.id, commitment))
    except (InvalidTag, ValueError):
        what = f"what row {index} has a commitment to was changed."
        raise CorruptionError(what, mend="Put it back from a backup.") from None
    salt, length = plain[:SALT], int.from_bytes(plain[SALT : SALT + _LENGTH], "big")
    text = plain[SALT + _LENGTH : SALT + _LENGTH + length]
    if not hmac.compare_digest(commitment_to(text, salt), commitment):
        raise CorruptionError(f"the text of row {index} is not the one that it has a commitment to.")
    return Opening(text.decode("utf-8", "surrogatepass"), salt)


def _all_references(folder: Path) -> Iterator[tuple[int, dict[str, dict[str, str]], dict[str, bytes]]]:
    for file in segment_files(folder):
        sealed = sealed_lines(folder, int(file.stem))
        lines, _ = whole_lines(file.read_bytes())
        for line in lines:
            if b'"contents":' in line:
                content = json.loads(line)
                yield content["index"], references_of(content["row"]), sealed


def _bound(key: str, commitment: str) -> bytes:
    return f"{key} {commitment}".encode()
