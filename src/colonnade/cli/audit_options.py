"""What all commands on an audit log ask for: where it lies, and the keys; a workspace stands for its own of each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from colonnade.pipeline.recording import LogPlaces, log_places
from colonnade.records import InputError
from colonnade.store.log import KeyRing, VerifierKey, parse_verifier_key, verifier_key
from colonnade.store.log.keyring import CHECK
from colonnade.store.log.secrets import read_secret, read_signing_key
from colonnade.store.log.segments import SETTINGS, read_settings

HERE = Path("audit-log")

LogOption = Annotated[
    Path | None,
    typer.Option(
        "--log",
        "-l",
        "--workspace",
        "-w",
        metavar="PLACE",
        help="A workspace, or the folder of a log; if not said 'audit-log' here, or this workspace.",
    ),
]
WordsOption = Annotated[
    Path | None,
    typer.Option("--log", "-l", metavar="PLACE", help="Another log with the words: its folder, or its workspace."),
]
LogKeyOption = Annotated[
    str, typer.Option("--log-key", metavar="KEY", help="The log's public key, name+hash+base64, or a file with it.")
]
WitnessKeysOption = Annotated[
    list[str] | None,
    typer.Option("--witness-key", metavar="KEY", help="A witness that must have cosigned a checkpoint; repeatable."),
]
PrivateKeyOption = Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key, outside the log.")]
KeysOption = Annotated[
    Path | None,
    typer.Option("--keys", metavar="FOLDER", help="The folder of the subjects' keys; a workspace has its own."),
]
SecretOption = Annotated[
    Path | None,
    typer.Option("--secret", metavar="FILE", help="The secret that they are wrapped with; a workspace has its own."),
]
SecretVariableOption = Annotated[
    str, typer.Option("--secret-variable", metavar="NAME", help="The variable of the environment that holds it.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; stands in the log for good, so name nobody.")]
PersonOption = Annotated[str, typer.Option("--as", metavar="NAME", help="Who you are; stands in the log for good.")]


def refuse_unused(why: str, **options: object) -> None:
    """An option that would have no effect here was meant to have one.

    Raises:
        InputError: naming the first that is there.
    """
    for name, value in options.items():
        if value:
            raise InputError(f"'--{name.replace('_', '-')}' {why}.", mend="Leave it out, or add what it belongs to.")


class Found(NamedTuple):
    """A log that a command works on.

    Attributes:
        log: its folder.
        own: where a workspace keeps what belongs to it; nothing where the log itself was named.
    """

    log: Path
    own: LogPlaces | None = None


def find_log(place: Path | None) -> Found:
    """The log that somebody means who names it, or the workspace whose service writes it, or nothing.

    Raises:
        InputError: where there is neither, or the workspace has no log.
    """
    if place is None:
        place = HERE if (HERE / SETTINGS).is_file() else Path()
    if (place / SETTINGS).is_file():
        return Found(place)
    if not is_workspace(place):
        mend = f"Name a workspace, or the folder of an audit log, the one with '{SETTINGS}' in it."
        raise InputError("there is no audit log here, and no workspace that has one.", file=place, mend=mend)
    own = log_places(place)
    if own is None:
        mend = "Name the folder of another one."
        raise InputError(
            "this workspace keeps no audit log: it says 'log: none'.", file=place / "guard.yaml", mend=mend
        )
    if not (own.log / SETTINGS).is_file():
        mend = "'colonnade serve' makes it at its first start."
        raise InputError(f"this workspace has no audit log so far; it would lie in {own.log}.", file=place, mend=mend)
    return Found(own.log, own)


def is_workspace(place: Path) -> bool:
    """Whether a folder has what a workspace has."""
    return (place / "launch.yaml").is_file() or (place / "guard.yaml").is_file()


def key_of_log(found: Found, said: str) -> VerifierKey:
    """The public key that a log is checked with: the one that is named, else the one that its workspace keeps.

    Raises:
        InputError: where there is none.
    """
    if said:
        return public_key(said)
    own = found.own
    if own is not None and own.public.is_file():
        return parse_verifier_key(own.public.read_text(encoding="utf-8", errors="replace"))
    if own is not None and own.key.is_file():  # a service of before public keys were kept in a file
        return verifier_key(read_settings(found.log).origin, read_signing_key(own.key))
    raise no_log_key()


def no_log_key() -> InputError:
    """What is missing where no public key of the log is named, and where it is to be had."""
    what = "this needs the log's public key: without it, a log that somebody wrote anew and signed looks as whole."
    mend = (
        "Add '--log-key' with the one that its keeper published: 'colonnade serve' prints it at every start,"
        " and keeps it in 'log.pub' beside the private key."
    )
    return InputError(what, mend=mend)


def public_key(text: str) -> VerifierKey:
    """A public key, or the one in a file.

    Raises:
        InputError: where it is neither.
    """
    if "+" in text:
        return parse_verifier_key(text)
    try:
        return parse_verifier_key(Path(text).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        mend = "Give name+hash+base64 as 'colonnade audit key' prints it, or a file with that line."
        raise InputError(f"{text!r} is neither a public key nor a file with one.", mend=mend) from None


def key_ring(found: Found, keys: Path | None, secret: Path | None, variable: str) -> KeyRing:
    """The subjects' keys that the options name, and what they leave out as the workspace has it; nothing is made.

    Raises:
        InputError: where there are no keys, or the secret is missing or another.
    """
    if found.own is not None:
        keys = keys or found.own.people
        secret = found.own.secret if secret is None and not variable else secret
    if keys is None:
        raise InputError("this needs the subjects' keys.", mend="Name their folder with '--keys'.")
    if not (keys / CHECK).is_file():  # KeyRing would make an empty folder one of keys
        mend = f"Name the one of the service, with {CHECK} in it."
        raise InputError("this is not a folder of subjects' keys.", file=keys, mend=mend)
    if secret is None and not variable:
        mend = "Name its file with '--secret', or the variable that holds it with '--secret-variable'."
        raise InputError("this needs the secret that the subjects' keys are wrapped with.", mend=mend)
    if secret is not None and variable:
        what = "the secret of the subjects' keys is named twice, by '--secret' and by '--secret-variable'."
        raise InputError(what, mend="Leave one of them out.")
    return KeyRing(keys, read_secret(secret, variable), found.log)
