"""``colonnade audit ...``: proofs, verification, checkpoints, witnesses, erasure and legal holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from colonnade.audit.proving import check_proof, prove_consistency, prove_row
from colonnade.cli.audit_options import (
    Found,
    KeysOption,
    LogKeyOption,
    LogOption,
    PersonOption,
    ReasonOption,
    SecretOption,
    SecretVariableOption,
    WitnessKeysOption,
    find_log,
    key_of_log,
    key_ring,
    no_log_key,
    public_key,
    refuse_unused,
)
from colonnade.cli.display import counted, err, out, visible
from colonnade.cli.files import write_file
from colonnade.cli.options import JsonOption
from colonnade.cli.witnessing import cosigned, day_of, witness
from colonnade.guard.keys import ANYONE
from colonnade.records import InputError
from colonnade.store.log import (
    KeyRing,
    LogVerification,
    TransparencyLog,
    VerifierKey,
    verifier_key,
    verify_log,
)
from colonnade.store.log.checkpoints import parse_checkpoint
from colonnade.store.log.contents import ContentsCheck, check_contents
from colonnade.store.log.erasure import Erased, erase_expired, erase_subject, holds, lift_hold, place_hold
from colonnade.store.log.finding import values_of
from colonnade.store.log.notes import SignatureKind, check_name
from colonnade.store.log.secrets import new_secret, new_signing_key, read_signing_key
from colonnade.store.log.segments import SETTINGS

BROKEN = 1
"""Exit status where verification found a problem."""

_MOST_NAMES = 10
_WITHOUT_KEYS = " (whoever asks while there are no API keys)"

audit_application = typer.Typer(no_args_is_help=True, help="The audit log: prove, verify, sign, witness, erase, hold.")
audit_application.command()(witness)
audit_application.command()(cosigned)


@audit_application.command()
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet, outside the log.")],
    name: Annotated[str, typer.Option("--name", help="The log's origin, or the witness's name.")] = "",
    witness: Annotated[bool, typer.Option("--witness", help="A witness's key, not a log's.")] = False,
    secret: Annotated[bool, typer.Option("--secret", help="Not a key to sign with: the secret of the keys.")] = False,
) -> None:
    """Make a private key (or a secret) that only you may read, and print the public key to publish."""
    inside = next((folder for folder in file.absolute().parents if (folder / SETTINGS).is_file()), None)
    if inside is not None:
        mend = "Choose a file elsewhere: whoever gets a copy of the log must not get its keys."
        raise InputError(f"a key must not lie in a log, and {inside} is one.", file=file, mend=mend)
    if secret:
        refuse_unused("is for a key to sign with, and not for a secret", name=name, witness=witness)
        new_secret(file)
        err.print(f"Wrote {file}. Whoever has it and the keys can read every prompt and answer.", markup=False)
        return
    if file.is_dir():
        raise InputError("this is a folder, not a key.", file=file, mend="Name a file in it.")
    kind = SignatureKind.COSIGNATURE if witness else SignatureKind.NOTE
    if not name:
        raise InputError("a key to sign with needs a name.", mend="Add '--name example.com/guard'.")
    if file.exists():
        public = verifier_key(name, read_signing_key(file), kind)
    else:
        check_name(name)
        public = verifier_key(name, new_signing_key(file), kind)
        err.print(f"Wrote {file}. Publish this line:", markup=False)
    print(public)


@audit_application.command()
def prove(
    row: Annotated[int | None, typer.Argument(metavar="[ROW]", help="The index of a row, from 0.")] = None,
    log: LogOption = None,
    since: Annotated[
        int | None,
        typer.Option("--since", min=0, help="Prove instead that the log begins with its first so many rows."),
    ] = None,
    witness_keys: Annotated[
        list[str] | None,
        typer.Option(
            "--witness-key",
            metavar="KEY",
            help="Prove a row under the newest checkpoint that this witness cosigned; without a row, that the log"
            " begins with that checkpoint. Repeatable.",
        ),
    ] = None,
    to: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="The proof; printed if not said.")] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Put the prompt and the answer into the proof.")] = False,
    keys: KeysOption = None,
    secret: SecretOption = None,
    secret_variable: SecretVariableOption = "",
) -> None:
    """Write a proof that a row is in the log, or that the log begins with what it was."""
    witnesses = tuple(map(public_key, witness_keys or ()))
    if since is not None and (row is not None or witnesses):
        raise InputError("'--since' stands alone, without a row and '--witness-key'.", mend="Leave one of them out.")
    if row is None and since is None and not witnesses:
        mend = "For instance 'colonnade audit prove 7'."
        raise InputError("nothing is named that is to be proven: a row, '--since' or '--witness-key'.", mend=mend)
    if not reveal or row is None:
        refuse_unused("is for '--reveal' of a row", keys=keys, secret=secret, secret_variable=secret_variable)
        refuse_unused("needs a row", reveal=reveal)
    found = find_log(log)
    if row is not None:
        ring = key_ring(found, keys, secret, secret_variable) if reveal else None
        content = bytes(prove_row(found.log, row, ring, witnesses))
    else:
        content = bytes(prove_consistency(found.log, since, witnesses))
    if to is None:
        print(content.decode(), end="")
        return
    write_file(to, content)
    err.print(f"Wrote {to}", markup=False)


@audit_application.command()
def verify(
    place: Annotated[
        Path | None,
        typer.Argument(metavar="[PLACE]", help="A workspace, the folder of a log, or a proof of a row."),
    ] = None,
    log: LogOption = None,
    log_key: LogKeyOption = "",
    witness_keys: WitnessKeysOption = None,
    keys: KeysOption = None,
    secret: SecretOption = None,
    secret_variable: SecretVariableOption = "",
    as_json: JsonOption = False,
) -> None:
    """Check a whole log, or one proof without the log. Ends with 1 if the log is not whole.

    Without --log-key the log of a workspace is checked with the key that lies there: that shows damage, and not that
    somebody who can write there made the log anew. The texts are opened only with --keys.
    """
    if place is not None and log is not None:
        raise InputError("the log is named twice.", mend="Leave '--log' out.")
    place, witnesses = place or log, tuple(map(public_key, witness_keys or ()))
    is_log = place is None or place.is_dir()
    if keys is None or not is_log:
        refuse_unused("is for the keys of a log's contents", secret=secret, secret_variable=secret_variable)
    if place is not None and not is_log:
        refuse_unused("is for a log, and this is none", keys=keys)
        _verify_proof(place, log_key, witnesses, as_json)
        return
    found = find_log(place)
    public = key_of_log(found, log_key)
    checked = verify_log(found.log, public, witnesses)
    contents = check_contents(found.log, key_ring(found, keys, secret, secret_variable)) if keys else None
    problems = (*checked.problems, *(contents.problems if contents else ()))
    if as_json:
        told = {**checked._asdict(), "problems": problems, "contents": contents._asdict() if contents else None}
        key = {"log_key": str(public), "log_key_named": bool(log_key)}
        print(json.dumps({**told, "witnessed": [row._asdict() for row in checked.witnessed], **key}))
    else:
        _tell_verified(checked, contents, problems)
        _tell_own_key(found, log_key)
    raise typer.Exit(BROKEN if problems else 0)


@audit_application.command()
def checkpoint(
    private: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The private key; a workspace has its own.")
    ] = None,
    log: LogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign the log as it stands, and print the checkpoint."""
    found = find_log(log)
    private = private or (found.own.key if found.own is not None else None)
    if private is None:
        raise InputError("this needs the private key of the log.", mend="Name its file with '--key'.")
    opened = TransparencyLog(found.log)
    try:
        note = opened.sign_checkpoint(read_signing_key(private))
    finally:
        opened.close()
    for end in opened.torn:
        cut = f"{counted(end.bytes, 'byte')} of unfinished rows"
        err.print(f"{cut} {'was' if end.bytes == 1 else 'were'} cut off, and kept in {end.kept}.", markup=False)
    if as_json:
        head = parse_checkpoint(note.text)
        public = str(verifier_key(head.origin, read_signing_key(private)))
        told = {"origin": head.origin, "size": head.size, "root": head.root.hex(), "key": public, "note": str(note)}
        print(json.dumps(told))
    else:
        print(note, end="")


@audit_application.command()
def erase(
    reason: ReasonOption = "",
    person: PersonOption = "",
    subject: Annotated[str, typer.Option("--subject", help="Whose contents, as the service names them.")] = "",
    expired: Annotated[bool, typer.Option("--expired", help="Instead: all that need not be kept any longer.")] = False,
    override: Annotated[
        str, typer.Option("--override", metavar="REASON", help="Which duty goes before that of keeping it longer.")
    ] = "",
    log: LogOption = None,
    keys: KeysOption = None,
    secret: SecretOption = None,
    secret_variable: SecretVariableOption = "",
    as_json: JsonOption = False,
) -> None:
    """Destroy a subject's keys: nobody can read their prompts and answers after, and every proof still verifies."""
    if bool(subject) == expired:
        raise InputError("name a subject or '--expired', and not both.", mend="Add '--subject NAME'.")
    if expired:
        refuse_unused("is not asked for with '--expired', which has its own", reason=reason, override=override)
    found = find_log(log)
    ring = key_ring(found, keys, secret, secret_variable)
    if subject and not ring.keys_of(subject):
        raise InputError(f"nothing is kept of '{visible(subject)}': there is no key.", mend=_subjects(found, ring))
    opened = TransparencyLog(found.log)
    try:
        if expired:
            done = erase_expired(opened, ring, person)
        else:
            done = erase_subject(opened, ring, subject, reason, person, override)
    finally:
        opened.close()
    _tell_erased(done, as_json)


@audit_application.command()
def hold(
    case: Annotated[str, typer.Argument(metavar="[ID]", help="Of the case; without one, what stands is listed.")] = "",
    subject: Annotated[str, typer.Option("--subject", help="Whose contents; everybody's if not said.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="End the hold.")] = False,
    reason: ReasonOption = "",
    person: PersonOption = "",
    log: LogOption = None,
    keys: KeysOption = None,
    secret: SecretOption = None,
    secret_variable: SecretVariableOption = "",
    as_json: JsonOption = False,
) -> None:
    """Forbid erasing until the hold is lifted, or list the holds that stand."""
    if not case:
        why = "is for one hold, and no id is given"
        refuse_unused(why, subject=subject, lift=lift, reason=reason, keys=keys, secret=secret)
        _list_holds(find_log(log).log, as_json)
        return
    if lift:
        refuse_unused("is for placing a hold; an id is enough to lift one", subject=subject)
    tag, found = "", find_log(log)
    if subject:
        ring = key_ring(found, keys, secret, secret_variable)
        tag = ring.tag(subject)
        if not ring.keys_of(subject):
            named = visible(subject)
            err.print(f"warning: nothing is kept of '{named}' so far. {_subjects(found, ring)}", markup=False)
    opened = TransparencyLog(found.log)
    try:
        row = lift_hold(opened, case, reason, person) if lift else place_hold(opened, case, tag, reason, person)
    finally:
        opened.close()
    if as_json:
        print(json.dumps({"hold": case, "lifted": lift, "row": row}))
    else:
        out.print(f"The hold '{case}' {'is lifted' if lift else 'stands'}: row {row}.", markup=False)


def _tell_verified(found: LogVerification, contents: ContentsCheck | None, problems: Sequence[str]) -> None:
    for problem in problems:
        out.print("[red]problem[/] ", end="")
        out.print(problem, markup=False)
    looked_at = f"{counted(found.rows, 'row')}, {counted(found.checkpoints, 'checkpoint')}"
    out.print(f"{looked_at}; {found.vouched} {_are(found.vouched)} vouched for.")
    behind = found.rows - found.vouched
    if behind:
        out.print(f"{counted(behind, 'row')} came after the newest checkpoint that holds.")
    for row in found.witnessed:
        what = f"{row.witness} cosigned {counted(row.size, 'row')}, {day_of(row.time)}"
        out.print(f"{what}; {found.rows - row.size} came after.", markup=False)
    if found.torn:
        what = f"{counted(found.torn, 'byte')} of an unfinished row {_are(found.torn)} behind the last"
        out.print(f"{what}: the next writer cuts them off.")
    if contents:
        were = "was" if contents.erased == 1 else "were"
        out.print(f"{counted(contents.held, 'text')} can be read and fit; {contents.erased} {were} erased.")
    if contents and contents.unfinished:
        lost = f"{counted(contents.unfinished, 'text')} of unfinished rows"
        out.print(f"{lost} went when the machine stopped: the next writer cuts those rows off.")
    out.print(f"{counted(len(problems), 'problem')}. Root: {found.root}")


def _tell_own_key(found: Found, log_key: str) -> None:
    """What a check with a key that lies beside the log does not show."""
    if not log_key and found.own is not None:
        what = (
            f"Checked with the key in {found.own.key.parent}: whoever can write there could have made log and key anew."
        )
        out.print(f"{what} '--log-key' takes the key that was published.", markup=False)


def _subjects(found: Found, ring: KeyRing) -> str:
    """Whose contents there are, as far as rows name them, for whoever does not know what the service calls somebody."""
    known = [name for name in values_of(found.log, "principal") if ring.keys_of(name)]
    if not known:
        unnamed = len({tag for tag, _ in ring.all_keys().values()})
        return (
            f"Something is kept of {counted(unnamed, 'subject')}, and no row names one." if unnamed else "Nothing is."
        )
    shown = [visible(name) + _WITHOUT_KEYS * (name == ANYONE.name) for name in sorted(known)[:_MOST_NAMES]]
    more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
    return f"Something is kept of {', '.join(shown)}{more}."


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _list_holds(log: Path, as_json: bool) -> None:
    standing = holds(log)
    if as_json:
        print(json.dumps([{**row._asdict(), "since": row.since.isoformat()} for row in standing]))
        return
    for row in standing:
        whose = f"subject {row.tag}" if row.tag else "everybody"
        out.print(f"{row.id:<20}{row.since:%Y-%m-%d}  {whose:<42}{row.by}: {row.reason}", markup=False)
    out.print(f"{counted(len(standing), 'hold')} {'stands' if len(standing) == 1 else 'stand'}.")


def _tell_erased(done: Erased, as_json: bool) -> None:
    if as_json:
        print(json.dumps(done._asdict()))
    elif done.row is None:
        out.print("Nothing is over its day, or a hold keeps it; nothing was erased.")
    else:
        out.print(f"{counted(len(done.keys), 'key')} {_are(len(done.keys))} destroyed; row {done.row} says so.")


def _verify_proof(file: Path, log_key: str, witnesses: tuple[VerifierKey, ...], as_json: bool) -> None:
    if not file.exists():
        raise InputError("there is no such log and no such proof.", file=file, mend="Name one that exists.")
    if not log_key:
        raise no_log_key()
    proven = check_proof(file, public_key(log_key), witnesses)
    head, signers = proven.signed.checkpoint, [row.key.name for row in proven.signed.signers]
    if as_json:
        told = {"line": proven.line, "texts": proven.texts, "origin": head.origin, "size": head.size}
        print(json.dumps({**told, "signed_by": signers}))
        return
    index = proven.line["index"]
    out.print(f"Row {index} of {head.size} of the log '{head.origin}', signed by {', '.join(signers)}:", markup=False)
    print(json.dumps(proven.line["row"], indent=1, ensure_ascii=False))
    for name, text in proven.texts.items():
        print(f"{name}: {text}")
