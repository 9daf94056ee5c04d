"""What other tools write: seeds of PyRIT, reports of garak, data sets of Inspect."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from colonnade.evaluation.intake.files import rows_of
from colonnade.evaluation.intake.raw import Columns, RawRow, Row, no_columns
from colonnade.records import Expected, InputError
from colonnade.records.reading import parse_yaml, read_text

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def read_pyrit_seeds(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """A seed file of PyRIT, ``seeds:`` or, in older ones, ``prompts:``; or a single seed.

    What is no text, or a template with a place to fill in, is left out with that reason. Seeds of
    one group are turns or parts of one attack, so they are one cluster.

    Raises:
        InputError: where the file holds no seeds, or a seed has no value.
    """
    no_columns(columns, file)
    located = parse_yaml(read_text(file), file)
    whole = located.value
    if not isinstance(whole, dict):
        raise InputError("expected 'key: value' lines here.", file=file, line=1, mend="Is this a seed file of PyRIT?")
    key = "seeds" if "seeds" in whole else "prompts"
    seeds = whole.get(key, [whole] if "value" in whole else None)
    if not isinstance(seeds, list) or not seeds:
        raise InputError("there is no list 'seeds' here.", file=file, line=1, mend="Is this a seed file of PyRIT?")
    return tuple(
        _seed(
            Row(file, located.line((key, place)), True, seed if isinstance(seed, dict) else {"value": seed}),
            whole,
            place + 1,
        )
        for place, seed in enumerate(seeds)
    )


def _seed(row: Row, whole: Mapping[str, Any], place: int) -> RawRow:
    kind = row.word("data_type", str(whole.get("data_type") or "text"))
    text = row.text("value")
    fault = f"it is {kind}, not text" if kind != "text" else ""
    if not fault and (row.fields.get("parameters") or _TEMPLATE.search(text)):
        fault = "it is a template with places to fill in"
    harms = row.fields.get("harm_categories") or whole.get("harm_categories") or ()
    return RawRow(
        id=str(place),
        text=text,
        expected=Expected.DECLINE,
        categories=tuple(map(str, harms)) if isinstance(harms, (list, tuple)) else (str(harms),),
        cluster=row.word("prompt_group_alias") or row.word("prompt_group_id"),
        fault=fault,
        line=row.number,
    )


def read_garak_report(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """The prompts of a garak report or hit log: each attempt once, with its probe as the category.

    Raises:
        InputError: where the file holds no attempt, or an attempt no turn of a user.
    """
    no_columns(columns, file)
    found: dict[str, RawRow] = {}
    rows = rows_of(file, ())
    attempts = [row for row in rows if row.fields.get("entry_type", "attempt") == "attempt" and "prompt" in row.fields]
    if not attempts:
        raise InputError("there is no attempt here.", file=file, line=rows[-1].number, mend="Is this a garak report?")
    for row in attempts:
        probe = row.word("probe_classname") or row.word("probe")
        text, language, fault = _garak_prompt(row)
        found.setdefault(
            row.word("uuid") or row.word("attempt_id") or str(row.number),
            RawRow(
                id=row.word("uuid") or row.word("attempt_id") or str(row.number),
                text=text,
                expected=Expected.DECLINE,
                categories=tuple(filter(None, (probe, probe.partition(".")[0] if "." in probe else ""))),
                language=language,
                cluster=f"{probe} {row.word('goal')} {row.word('seq')}" if row.word("seq") else "",
                fault=fault,
                line=row.number,
            ),
        )
    return tuple(found.values())


def _garak_prompt(row: Row) -> tuple[str, str, str]:
    """Text, language and fault: a prompt is text in older reports, turns of a conversation in newer ones."""
    prompt = row.fields["prompt"]
    if isinstance(prompt, str):
        return row.text("prompt"), "en", ""
    if isinstance(prompt, dict) and isinstance(prompt.get("text"), str):
        prompt = {"turns": [{"role": "user", "content": prompt}]}
    turns = prompt.get("turns") if isinstance(prompt, dict) else None
    said = [turn for turn in turns if isinstance(turn, dict) and turn.get("role") == "user"] if turns else []
    if not said:
        raise row.complain("'prompt' holds no turn of a user.", "Is this a garak report?")
    content = said[-1].get("content")
    content = content if isinstance(content, dict) else {"text": content}
    text = content.get("text")
    fault = "it has more than one turn" if turns and len(turns) > 1 else ""
    if not isinstance(text, str) or not text.strip():
        raise row.complain("the user's turn holds no text.", "Is this a garak report?")
    return text.strip(), str(content.get("lang") or "en").split("-")[0], fault


def read_inspect_dataset(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """A data set of Inspect: ``input`` as text or as messages, and ``id``, ``choices`` and ``metadata`` if there.

    Neither ``target`` nor a scorer says whether to decline: give ``--expected``, or keep the word in
    ``metadata.expected``. A dialogue with more than one message is left out.
    """
    no_columns(columns, file)
    found = []
    for place, row in enumerate(rows_of(file, ("input",), part="samples"), start=1):
        metadata = row.fields.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        words = {"decline": Expected.DECLINE, "help": Expected.HELP}
        category = metadata.get("category")
        text, fault = _inspect_input(row)
        found.append(
            RawRow(
                id=row.word("id", str(place)),
                text="\n".join((text, *_choices(row))),
                expected=words.get(str(metadata.get("expected"))),
                categories=(str(category),) if category else (),
                language=str(metadata.get("language") or ""),
                fault=fault,
                line=row.number,
            )
        )
    return tuple(found)


def _choices(row: Row) -> Iterator[str]:
    choices = row.fields.get("choices")
    if isinstance(choices, list):
        yield from (f"({chr(97 + place)}) {choice}" for place, choice in enumerate(choices))


def _inspect_input(row: Row) -> tuple[str, str]:
    given = row.fields["input"]
    if not isinstance(given, list):
        return row.text("input"), ""
    users = [turn for turn in given if isinstance(turn, dict) and turn.get("role") == "user"]
    if not users:
        raise row.complain("'input' holds no message of a user.", "Is this a data set of Inspect?")
    content = users[-1].get("content")
    if not isinstance(content, str) or not content.strip():
        return "-", "its message is not plain text"
    return content.strip(), "it has more than one message" if len(given) > 1 else ""
