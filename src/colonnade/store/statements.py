"""Signed statements: Ed25519 over canonical JSON, kept in the heap and named by the ledger.

The private key is read where a person signs, and nowhere else: it never enters the store. Source
of the signature scheme: RFC 8032; keys are PKCS #8 in PEM (RFC 5958), as ``openssl genpkey
-algorithm ed25519`` writes them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from pydantic import ValidationError

from colonnade.records import (
    Act,
    CorruptionError,
    Digest,
    Entry,
    InputError,
    People,
    SignedStatement,
    Statement,
    canonical_json,
)
from colonnade.store.ledger import Ledger
from colonnade.store.objects import Objects
from colonnade.store.store import HOME, LEDGER, OBJECTS, Store

STATED = "statement"
"""The act under which the ledger names a signed statement."""

_CALLED = MappingProxyType(
    {
        Act.APPROVE: "approval",
        Act.REFUSE: "refusal",
        Act.WITHDRAW: "withdrawal",
        Act.DELEGATE: "delegation",
        Act.ATTEST: "attestation",
        Act.ACCEPT: "acceptance",
        Act.REVOKE: "revocation",
    }
)
"""What a person says, as a noun."""

_AHEAD = timedelta(minutes=5)
"""How far a signer's clock may be ahead of this one."""


def new_key(file: Path) -> str:
    """Write a new private key that only its owner may read, and return the public one for ``people.yaml``.

    Raises:
        InputError: where the file exists already; a lost key cannot be brought back.
    """
    private = Ed25519PrivateKey.generate()
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if file.exists():
        kind = "folder" if file.is_dir() else "file"
        mend = "Choose another name for the key; '--public' prints the public half of one that exists."
        raise InputError(f"this {kind} exists already.", file=file, mend=mend)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=False)
        file.write_bytes(content)
    except OSError as fault:
        what = f"the key cannot be written: {fault.strerror or fault}."
        raise InputError(what, file=file, mend="Choose a place that can be written to.") from None
    return _public(private)


def public_half(file: Path) -> str:
    """The public half of a private key that exists, as it stands in ``people.yaml``.

    Raises:
        InputError: where the file is missing, or holds no such key.
    """
    return _public(_private(file))


def read_key(file: Path, workspace: Path) -> Ed25519PrivateKey:
    """A private key.

    Raises:
        InputError: where it is missing, none, or lies in the workspace, from where it would be shared.
    """
    if file.resolve().is_relative_to(workspace.resolve()):
        mend = "Move it out, and make a new one if the workspace was shared."
        raise InputError("a private key lies in the workspace.", file=file, mend=mend)
    return _private(file)


def _private(file: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except FileNotFoundError:
        raise InputError(
            "there is no such key.", file=file, mend="Make one with 'colonnade policy key FILE'."
        ) from None
    except IsADirectoryError:
        raise InputError("this is a folder, not a key.", file=file, mend="Name the file in it.") from None
    except OSError as fault:
        what = f"this key cannot be read: {fault.strerror or fault}."
        raise InputError(what, file=file, mend="Mend its permissions, or name another.") from None
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(
            "this is not an Ed25519 key in PEM without a password.",
            file=file,
            mend="Make one with 'colonnade policy key FILE'.",
        )
    return key


def sign(statement: Statement, key: Ed25519PrivateKey) -> SignedStatement:
    """The statement with its signature."""
    signature = key.sign(canonical_json(statement.model_dump(mode="json")))
    return SignedStatement(statement=statement, key=_public(key), signature=base64.b64encode(signature).decode())


def fault_of_signature(signed: SignedStatement, people: People) -> str:
    """Why a signature does not count, as a sentence that names who and what; empty where it does."""
    said = f"the {_CALLED[signed.statement.act]} of '{signed.statement.subject}' by {signed.statement.person}"
    person = people.person(signed.statement.person)
    if person is None:
        return f"{said} does not count: people.yaml has no such person."
    if person.key != signed.key:
        return f"{said} does not count: it was signed with another key than people.yaml has for {person.id}."
    return "" if verifies(signed) else f"{said} does not count: the signature does not verify."


def check_signature(signed: SignedStatement, people: People) -> None:
    """The signature has to count.

    Raises:
        InputError: naming who and what where it does not.
    """
    fault = fault_of_signature(signed, people)
    if fault:
        raise InputError(fault, mend="Sign with the key whose public half stands in people.yaml.")


def verifies(signed: SignedStatement) -> bool:
    """Whether the signature is one of this statement by the key that it names."""
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(signed.key, validate=True))
        content = canonical_json(signed.statement.model_dump(mode="json"))
        public.verify(base64.b64decode(signed.signature, validate=True), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def record_statement(store: Store, signed: SignedStatement, people: People) -> Digest:
    """Write a statement to the heap and the ledger.

    Raises:
        InputError: where its signature does not verify, or its time lies before the newest entry
            of the ledger or ahead of this machine's clock: a clock that runs backwards could
            revive what was withdrawn.
    """
    check_signature(signed, people)
    newest = max((row.statement.at for row in statements(store)), default=None)
    at = signed.statement.at
    if newest is not None and at < newest:
        what = f"this statement is of {_time(at)}, before the newest one in the ledger ({_time(newest)})."
        raise InputError(what, mend="Set the clock of this machine right and sign again.")
    if at > store.ledger.clock() + _AHEAD:
        what = f"this statement is of {_time(at)}, which is still to come."
        raise InputError(what, mend="Set the clock of this machine right and sign again.")
    digest = store.put_records([signed])
    store.ledger.append(STATED, digest, signed.statement.person)
    return digest


def statements(store: Store) -> tuple[SignedStatement, ...]:
    """Every statement that the ledger names, oldest first, whether its signature counts or not.

    Raises:
        CorruptionError: where one was changed after it was written.
    """
    return _named_by(store.ledger, store.objects)


def statements_in(workspace: Path) -> tuple[SignedStatement, ...]:
    """The same for a workspace that is only looked at: nothing is made or changed, not even the store's folder.

    Raises:
        CorruptionError: where the ledger is broken, or a statement was changed after it was written.
    """
    home = (workspace / HOME).absolute()
    return _named_by(Ledger(home / LEDGER), Objects(str(home / OBJECTS)))


def entries_in(workspace: Path) -> tuple[Entry, ...]:
    """Every entry of the ledger of a workspace that is only looked at."""
    return Ledger((workspace / HOME).absolute() / LEDGER).entries()


def _named_by(ledger: Ledger, objects: Objects) -> tuple[SignedStatement, ...]:
    found: list[SignedStatement] = []
    for entry in ledger.entries():
        if entry.act == STATED:
            try:
                lines = objects.get(entry.subject).splitlines()
                found += (SignedStatement.model_validate_json(line) for line in lines)
            except ValidationError:
                what = f"ledger entry {entry.sequence} names {entry.subject}, which is no signed statement."
                raise CorruptionError(what, mend="Put the store back from a backup.") from None
    return tuple(found)


def counting(rows: Iterable[SignedStatement], people: People) -> tuple[Statement, ...]:
    """The statements whose signatures verify, in their order.

    Each once: an old approval that is copied to the end of the ledger must not undo what was said since.
    """
    return tuple(dict.fromkeys(row.statement for row in rows if not fault_of_signature(row, people)))


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
