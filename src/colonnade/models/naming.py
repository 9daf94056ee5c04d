"""A model by the name that a user gives it on the command line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from colonnade.models.addresses import address_of
from colonnade.models.model import Model, adapter
from colonnade.models.pacing import Limits
from colonnade.models.scripted import ScriptedModel
from colonnade.models.weights import folder_digest, packaged_weights_digest
from colonnade.records import Digest, InputError, Record, digest_of
from colonnade.records.reading import read_rows, row_to_record

FORMS = "Say 'scripted:FILE', a folder of weights, 'packaged', or 'NAME@http://ADDRESS/v1'."


class ScriptLine(Record):
    """One line of a script: the answer where the pattern occurs in the last message.

    Attributes:
        pattern: a regular expression; a line without one is the answer to everything else.
    """

    answer: str
    pattern: str | None = None


class Named(NamedTuple):
    """A model that can be asked, and who it is."""

    model: Model
    speaker: Digest


def named_model(name: str, limits: Limits | None = None) -> Named:
    """The model that a user means, loaded; ``limits`` are for one behind a server.

    Raises:
        InputError: where the name has none of the forms, or what it names is not there or wrong.
        MissingPackageError: for weights without the packages that read them.
    """
    if name.startswith("scripted:"):
        return _scripted(Path(name.removeprefix("scripted:")))
    if (address := address_of(name)) is not None:
        served = adapter("http")(address.url, address.name, limits=limits)
        return Named(served, served.speaker)
    if name == "packaged":
        local = adapter("local")
        from colonnade.models.local import converted_weights

        return Named(local.from_folder(converted_weights()), packaged_weights_digest())
    folder = Path(name)
    if not (folder / "config.json").is_file():
        raise InputError(f"'{name}' is neither a folder of weights nor another name of a model.", mend=FORMS)
    return Named(adapter("local").from_folder(folder), folder_digest(folder))


def _scripted(file: Path) -> Named:
    script: list[tuple[str, str]] = []
    otherwise: str | None = None
    for number, row in read_rows(file):
        line = row_to_record(ScriptLine, row, file, number)
        if line.pattern is None:
            otherwise = line.answer
            continue
        try:
            re.compile(line.pattern)
        except re.error as fault:
            what = f"'pattern' is no regular expression: {fault}."
            raise InputError(
                what, file=file, line=number, mend="Put a backslash before signs that are meant."
            ) from None
        script.append((line.pattern, line.answer))
    if not script and otherwise is None:
        mend = 'Write one JSON object per line, {"pattern": "...", "answer": "..."}.'
        raise InputError("there is no answer here.", file=file, mend=mend)
    return Named(ScriptedModel(script, otherwise), digest_of({"script": script, "otherwise": otherwise}))
