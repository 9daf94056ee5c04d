"""``colonnade audit witness`` and ``colonnade audit cosigned``: cosigning on a second machine, and keeping what was."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from colonnade.audit.witnessing import Witness, witness_checkpoint
from colonnade.cli.audit_options import (
    LogKeyOption,
    LogOption,
    PrivateKeyOption,
    WitnessKeysOption,
    find_log,
    key_of_log,
    public_key,
)
from colonnade.cli.display import counted, err, out
from colonnade.cli.files import check_place
from colonnade.cli.options import JsonOption
from colonnade.records import InputError
from colonnade.store.log import VerifierKey, verifier_key
from colonnade.store.log.checkpoints import CHECKPOINT, parse_checkpoint
from colonnade.store.log.cosigned import Kept, cosigned_files, keep_cosigned
from colonnade.store.log.notes import SignatureKind, parse_note
from colonnade.store.log.secrets import read_signing_key
from colonnade.store.log.segments import SETTINGS


def witness(
    location: Annotated[
        str,
        typer.Argument(metavar="CHECKPOINT", help="A URL or a path; tiles/ lies beside it. Or a workspace, or a log."),
    ],
    log_key: LogKeyOption,
    name: Annotated[str, typer.Option("--name", help="The witness's name, such as witness.example.com/w1.")],
    private: PrivateKeyOption,
    state: Annotated[Path, typer.Option("--state", metavar="FOLDER", help="Where it remembers what it saw.")],
    proof: Annotated[
        Path | None, typer.Option("--proof", metavar="FILE", help="A consistency proof, where tiles/ is not to be had.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """On a second machine: check that a log still begins with what was seen last, and cosign. Ends with 1 if not."""
    check_place(state)
    if Path(location).is_dir():
        location = str(find_log(Path(location)).log / CHECKPOINT)
    who = Witness(name, read_signing_key(private), state)
    found = witness_checkpoint(who, location, public_key(log_key), proof)
    if found.clock_behind:
        err.print(f"warning: this clock is {found.clock_behind} s behind the last cosignature; it kept that time.")
    kept = _keep_beside(location, str(found.note).encode(), public_key(log_key), who)
    if as_json:
        told = {"before": found.before, "size": found.size, "note": str(found.note)}
        print(json.dumps({**told, "kept": str(kept.file) if kept else None}))
        return
    before = f"begins with what was seen before, {counted(found.before, 'row')}" if found.before is not None else ""
    err.print(f"{counted(found.size, 'row')}; {before or 'seen for the first time'}.", markup=False)
    if kept is None:
        err.print("Bring what is printed to the log with 'colonnade audit cosigned'.", markup=False)
    print(found.note, end="")


def cosigned(
    note: Annotated[
        str,
        typer.Argument(metavar="[NOTE]", help="What the witness printed, a file or '-'; without one, what is kept."),
    ] = "",
    log: LogOption = None,
    log_key: LogKeyOption = "",
    witness_keys: WitnessKeysOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a checkpoint that a witness cosigned beside the log, or list those that are kept."""
    found = find_log(log)
    if not note:
        _list_cosigned(found.log, as_json)
        return
    public = key_of_log(found, log_key)
    content = sys.stdin.buffer.read() if note == "-" else _read(Path(note))
    kept = keep_cosigned(found.log, content, public, tuple(map(public_key, witness_keys or ())))
    if as_json:
        print(json.dumps([{"witness": row.witness, "size": row.size, "time": row.time} for row in kept]))
        return
    for row in kept:
        out.print(f"Kept for {row.witness}: {counted(row.size, 'row')}, {day_of(row.time)}.", markup=False)


def _keep_beside(location: str, content: bytes, log: VerifierKey, who: Witness) -> Kept | None:
    """Put it into the log whose checkpoint was named by its path; a witness elsewhere has no log to put it into."""
    folder = Path(location).parent
    if Path(location).name != CHECKPOINT or not (folder / SETTINGS).is_file():
        return None
    own = verifier_key(who.name, who.key, SignatureKind.COSIGNATURE)
    try:
        return keep_cosigned(folder, content, log, (own,))[0]
    except (InputError, OSError) as fault:
        what = fault.sentence if isinstance(fault, InputError) else f"{folder}: {fault.strerror or fault}."
        err.print(f"warning: cosigned, and not kept beside the log: {what}", markup=False)
        return None


def _list_cosigned(log: Path, as_json: bool) -> None:
    rows: list[tuple[str, int | None, list[str]]] = []
    for file in cosigned_files(log):
        try:
            note = parse_note(file.content)
            rows.append((file.name, parse_checkpoint(note.text).size, [row.name for row in note.signatures]))
        except InputError:
            rows.append((file.name, None, []))
    if as_json:
        print(json.dumps([{"file": name, "size": size, "signed_by": signers} for name, size, signers in rows]))
        return
    for name, size, _ in rows:
        out.print(f"{name:<48}{counted(size, 'row') if size is not None else 'not a checkpoint'}", markup=False)
    have = f"{counted(len(rows), 'cosigned checkpoint')} {'is' if len(rows) == 1 else 'are'} kept"
    out.print(f"{have}; 'colonnade audit verify --witness-key' checks the signatures.", markup=False)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        mend = "Name the file with what 'colonnade audit witness' printed, or '-'."
        raise InputError(f"this cannot be read: {fault.strerror or fault}.", file=file, mend=mend) from None


def day_of(time: int) -> str:
    """A time of POSIX seconds as people write it; a witness may say any."""
    try:
        return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return f"{time} s after 1970"
