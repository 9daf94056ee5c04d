"""What several commands of the audit log ask for: where it lies, and the keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from colonnade.records import InputError
from colonnade.store.log import KeyRing, VerifierKey, parse_verifier_key
from colonnade.store.log.keyring import CHECK
from colonnade.store.log.secrets import read_secret
from colonnade.store.log.segments import read_settings

HERE = Path("audit-log")

LogOption = Annotated[Path, typer.Option("--log", "-l", metavar="FOLDER", help="The log: the folder with log.json.")]
LogKeyOption = Annotated[
    str, typer.Option("--log-key", metavar="KEY", help="The log's public key, name+hash+base64, or a file with it.")
]
WitnessKeysOption = Annotated[
    list[str] | None,
    typer.Option("--witness-key", metavar="KEY", help="A witness that must have cosigned a checkpoint; repeatable."),
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


def refuse_unused(why: str, **options: object) -> None:
    """An option that would have no effect here was meant to have one.

    Raises:
        InputError: naming the first that is there.
    """
    for name, value in options.items():
        if value:
            raise InputError(f"'--{name.replace('_', '-')}' {why}.", mend="Leave it out, or add what it belongs to.")


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


def key_ring(log: Path, keys: Path | None, secret: Path | None, variable: str) -> KeyRing:
    """The subjects' keys that the options name; nothing is made that is not there.

    Raises:
        InputError: where there is no log, or no keys, or the secret is missing or another.
    """
    read_settings(log)
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
    return KeyRing(keys, read_secret(secret, variable), log)
