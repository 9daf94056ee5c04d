"""``colonnade audit ...``: proofs, verification, checkpoints, witnesses, erasure and legal holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from colonnade.audit.proving import check_proof, prove_consistency, prove_row
from colonnade.audit.witnessing import Witness, witness_checkpoint
from colonnade.cli.display import err, out
from colonnade.cli.files import check_place, write_file
from colonnade.records import InputError
from colonnade.store.log import KeyRing, TransparencyLog, VerifierKey, parse_verifier_key, verifier_key, verify_log
from colonnade.store.log.checkpoints import parse_checkpoint
from colonnade.store.log.contents import check_contents
from colonnade.store.log.erasure import Erased, erase_expired, erase_subject, holds, lift_hold, place_hold
from colonnade.store.log.notes import SignatureKind
from colonnade.store.log.secrets import new_secret, new_signing_key, read_secret, read_signing_key
from colonnade.store.log.segments import read_settings

BROKEN = 1
"""Exit status where verification found a problem."""

audit_application = typer.Typer(no_args_is_help=True, help="The audit log: prove, verify, sign, witness, erase, hold.")

LogOption = Annotated[Path, typer.Option("--log", "-l", metavar="FOLDER", help="The log: the folder with log.json.")]
LogKeyOption = Annotated[
    str, typer.Option("--log-key", metavar="KEY", help="The log's public key, name+hash+base64, or a file with it.")
]
WitnessKeysOption = Annotated[
    list[str] | None,
    typer.Option("--witness-key", metavar="KEY", help="A witness that must have cosigned the checkpoint; repeatable."),
]
PrivateKeyOption = Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key, outside the log.")]
KeysOption = Annotated[Path | None, typer.Option("--keys", metavar="FOLDER", help="The folder of the subjects' keys.")]
SecretOption = Annotated[
    Path | None, typer.Option("--secret", metavar="FILE", help="The secret that the subjects' keys are wrapped with.")
]
SecretVariableOption = Annotated[
    str, typer.Option("--secret-variable", metavar="NAME", help="The variable of the environment that holds it.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; stands in the log for good, so name nobody.")]
PersonOption = Annotated[str, typer.Option("--as", metavar="NAME", help="Who you are; stands in the log for good.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")]
HERE = Path("audit-log")


@audit_application.command()
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet, outside the log.")],
    name: Annotated[str, typer.Option("--name", help="The log's origin, or the witness's name.")] = "",
    witness: Annotated[bool, typer.Option("--witness", help="A witness's key, not a log's.")] = False,
    secret: Annotated[bool, typer.Option("--secret", help="Not a key to sign with: the secret of the keys.")] = False,
) -> None:
    """Make a private key (or a secret) that only you may read, and print the public key to publish."""
    if secret:
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
        verifier = VerifierKey(name, kind, bytes(32))
        parse_verifier_key(str(verifier))
        public = verifier_key(name, new_signing_key(file), kind)
        err.print(f"Wrote {file}. Publish this line:", markup=False)
    print(public)


@audit_application.command()
def prove(
    row: Annotated[int | None, typer.Argument(metavar="[ROW]", help="The index of a row, from 0.")] = None,
    log: LogOption = HERE,
    since: Annotated[
        int | None,
        typer.Option("--since", min=0, help="Prove instead that the log begins with its first so many rows."),
    ] = None,
    to: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="The proof; printed if not said.")] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Put the prompt and the answer into the proof.")] = False,
    keys: KeysOption = None,
    secret: SecretOption = None,
    secret_variable: SecretVariableOption = "",
) -> None:
    """Write a proof that a row is in the log, or that the log begins with what it was."""
    if (row is None) == (since is None):
        raise InputError("name a row or '--since', and not both.", mend="For instance 'colonnade audit prove 7'.")
    if row is not None:
        ring = _ring(log, keys, secret, secret_variable) if reveal else None
        content = bytes(prove_row(log, row, ring))
    else:
        content = bytes(prove_consistency(log, since or 0))
    if to is None:
        print(content.decode(), end="")
        return
    write_file(to, content)
    err.print(f"Wrote {to}", markup=False)


@audit_application.command()
def verify(
    place: Annotated[Path, typer.Argument(metavar="PLACE", help="The folder of a log, or a proof of a row.")],
    log_key: LogKeyOption,
    witness_keys: WitnessKeysOption = None,
    keys: KeysOption = None,
    secret: SecretOption = None,
    secret_variable: SecretVariableOption = "",
    as_json: JsonOption = False,
) -> None:
    """Check a whole log, or one proof without the log. Ends with 1 if the log is not whole."""
    public, witnesses = _public(log_key), tuple(map(_public, witness_keys or ()))
    if not place.is_dir():
        _verify_proof(place, public, witnesses, as_json)
        return
    found = verify_log(place, public, witnesses)
    contents = check_contents(place, _ring(place, keys, secret, secret_variable)) if keys else None
    problems = (*found.problems, *(contents.problems if contents else ()))
    if as_json:
        told = {**found._asdict(), "problems": problems, "contents": contents._asdict() if contents else None}
        print(json.dumps(told))
    else:
        for problem in problems:
            out.print("[red]problem[/] ", end="")
            out.print(problem, markup=False)
        out.print(f"{found.rows} rows, {found.checkpoints} checkpoints; {found.vouched} rows are vouched for.")
        if found.rows > found.vouched:
            out.print(f"{found.rows - found.vouched} rows came after the newest checkpoint that holds.")
        if found.torn:
            out.print(f"{found.torn} bytes of an unfinished row are behind the last: the next writer cuts them off.")
        if contents:
            out.print(f"{contents.held} texts can be read and fit; {contents.erased} were erased.")
        if contents and contents.unfinished:
            what = f"{contents.unfinished} texts of unfinished rows were lost when the machine stopped"
            out.print(f"{what}: the next writer cuts those rows off.")
        out.print(f"{len(problems)} problems. Root: {found.root}")
    raise typer.Exit(BROKEN if problems else 0)


@audit_application.command()
def checkpoint(private: PrivateKeyOption, log: LogOption = HERE, as_json: JsonOption = False) -> None:
    """Sign the log as it stands, and print the checkpoint."""
    opened = TransparencyLog(log)
    try:
        note = opened.sign_checkpoint(read_signing_key(private))
    finally:
        opened.close()
    for end in opened.torn:
        err.print(f"{end.bytes} bytes of an unfinished row were cut off, and are kept in {end.kept}.", markup=False)
    if as_json:
        head = parse_checkpoint(note.text)
        public = str(verifier_key(head.origin, read_signing_key(private)))
        told = {"origin": head.origin, "size": head.size, "root": head.root.hex(), "key": public, "note": str(note)}
        print(json.dumps(told))
    else:
        print(note, end="")


@audit_application.command()
def witness(
    location: Annotated[str, typer.Argument(metavar="CHECKPOINT", help="A path or URL; tiles/ lies beside it.")],
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
    who = Witness(name, read_signing_key(private), state)
    found = witness_checkpoint(who, location, _public(log_key), proof)
    if found.clock_behind:
        err.print(f"warning: this clock is {found.clock_behind} s behind the last cosignature; it kept that time.")
    if as_json:
        told = {"before": found.before, "size": found.size, "note": str(found.note)}
        print(json.dumps(told))
        return
    before = "seen for the first time" if found.before is None else f"begins with the {found.before} rows seen before"
    err.print(f"{found.size} rows; {before}.", markup=False)
    print(found.note, end="")


@audit_application.command()
def erase(
    reason: ReasonOption = "",
    person: PersonOption = "",
    subject: Annotated[str, typer.Option("--subject", help="Whose contents, as the service names them.")] = "",
    expired: Annotated[bool, typer.Option("--expired", help="Instead: all that need not be kept any longer.")] = False,
    override: Annotated[
        str, typer.Option("--override", metavar="REASON", help="Which duty goes before that of keeping it longer.")
    ] = "",
    log: LogOption = HERE,
    keys: KeysOption = None,
    secret: SecretOption = None,
    secret_variable: SecretVariableOption = "",
    as_json: JsonOption = False,
) -> None:
    """Destroy a subject's keys: nobody can read their prompts and answers after, and every proof still verifies."""
    if bool(subject) == expired:
        raise InputError("name a subject or '--expired', and not both.", mend="Add '--subject NAME'.")
    ring = _ring(log, keys, secret, secret_variable)
    opened = TransparencyLog(log)
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
    log: LogOption = HERE,
    keys: KeysOption = None,
    secret: SecretOption = None,
    secret_variable: SecretVariableOption = "",
    as_json: JsonOption = False,
) -> None:
    """Forbid erasing until the hold is lifted, or list the holds that stand."""
    if not case:
        _list_holds(log, as_json)
        return
    tag = _ring(log, keys, secret, secret_variable).tag(subject) if subject else ""
    opened = TransparencyLog(log)
    try:
        row = lift_hold(opened, case, reason, person) if lift else place_hold(opened, case, tag, reason, person)
    finally:
        opened.close()
    if as_json:
        print(json.dumps({"hold": case, "lifted": lift, "row": row}))
    else:
        out.print(f"The hold '{case}' {'is lifted' if lift else 'stands'}: row {row}.", markup=False)


def _list_holds(log: Path, as_json: bool) -> None:
    read_settings(log)
    standing = holds(log)
    if as_json:
        print(json.dumps([{**row._asdict(), "since": row.since.isoformat()} for row in standing]))
        return
    for row in standing:
        whose = f"subject {row.tag}" if row.tag else "everybody"
        out.print(f"{row.id:<20}{row.since:%Y-%m-%d}  {whose:<42}{row.by}: {row.reason}", markup=False)
    out.print(f"{len(standing)} holds stand.")


def _tell_erased(done: Erased, as_json: bool) -> None:
    if as_json:
        print(json.dumps(done._asdict()))
    elif done.row is None:
        out.print("Nothing is over its day, or a hold keeps it; nothing was erased.")
    else:
        out.print(f"{len(done.keys)} keys are destroyed; row {done.row} says so.")


def _verify_proof(file: Path, log: VerifierKey, witnesses: tuple[VerifierKey, ...], as_json: bool) -> None:
    if not file.exists():
        raise InputError("there is no such log and no such proof.", file=file, mend="Name one that exists.")
    proven = check_proof(file, log, witnesses)
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


def _public(text: str) -> VerifierKey:
    """A public key, or the one in a file."""
    if "+" in text:
        return parse_verifier_key(text)
    try:
        return parse_verifier_key(Path(text).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        mend = "Give name+hash+base64 as 'colonnade audit key' prints it, or a file with that line."
        raise InputError(f"{text!r} is neither a public key nor a file with one.", mend=mend) from None


def _ring(log: Path, keys: Path | None, secret: Path | None, variable: str) -> KeyRing:
    read_settings(log)
    if keys is None:
        raise InputError("this needs the subjects' keys.", mend="Name their folder with '--keys'.")
    if not keys.is_dir():
        raise InputError("there is no folder of subjects' keys here.", file=keys, mend="Name the one of the service.")
    return KeyRing(keys, read_secret(secret, variable), log)
