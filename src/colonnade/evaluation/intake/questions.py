"""Sets of questions, injections, labelled texts and dialogues."""

from __future__ import annotations

from pathlib import Path

from colonnade.evaluation.intake.files import rows_of
from colonnade.evaluation.intake.raw import Columns, RawRow, Row, no_columns
from colonnade.evaluation.intake.requests import CONTEXT
from colonnade.records import Expected, InputError

MODERATION_LABELS = ("S3", "H2", "V2", "SH", "HR", "S", "H", "V")
"""The labels of the moderation set, the narrow ones before the wide ones that contain them."""

LANGUAGES = {
    "english": "en",
    "arabic": "ar",
    "bengali": "bn",
    "chinese": "zh",
    "filipino/tagalog": "tl",
    "french": "fr",
    "german": "de",
    "hindi": "hi",
    "indonesian": "id",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "portuguese": "pt",
    "russian": "ru",
    "spanish": "es",
    "thai": "th",
    "turkish": "tr",
    "vietnamese": "vi",
}
"""Names of languages as CyberSecEval writes them, without case."""


def read_bbq(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """BBQ: a context, a question and three answers to choose from; one file, or the folder with all categories.

    Rows of one question are variants of a template, so they are one cluster.

    Raises:
        InputError: where there is no file of BBQ, or a row lacks a field.
    """
    no_columns(columns, file)
    found = []
    for one in sorted(file.glob("*.jsonl")) if file.is_dir() else [file]:
        for row in rows_of(one, ("example_id", "context", "question", "ans0", "ans1", "ans2", "category")):
            category = row.word("category")
            choices = "\n".join(f"({letter}) {row.text(f'ans{place}')}" for place, letter in enumerate("abc"))
            found.append(
                RawRow(
                    id=f"{category}-{row.word('example_id')}",
                    text=f"{row.text('context')}\n\n{row.text('question')}\n{choices}",
                    expected=Expected.HELP,
                    categories=(category,),
                    cluster=f"{category}-{row.word('question_index')}" if row.word("question_index") else "",
                    part=category,
                    line=row.number,
                )
            )
    if not found:
        raise InputError("there is no .jsonl file here.", file=file, mend="Name a file or the folder of BBQ.")
    return tuple(found)


def read_truthfulqa(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """TruthfulQA's questions: the original CSV, or JSON with ``input`` and ``target`` under ``examples``."""
    no_columns(columns, file)
    as_json = ".json" in file.name.lower()
    name = "input" if as_json else "Question"
    rows = rows_of(file, (name, "target") if as_json else (name, "Category"), part="examples")
    return tuple(
        RawRow(
            id=str(place),
            text=row.text(name),
            expected=Expected.HELP,
            categories=tuple(filter(None, (row.word("Category"),))),
            line=row.number,
        )
        for place, row in enumerate(rows, start=1)
    )


def read_false_refusals(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """CyberSecEval's false-refusal prompts: about security, and harmless, in English or machine-translated."""
    no_columns(columns, file)
    found = []
    for place, row in enumerate(rows_of(file, ("mutated_prompt", "attack_type")), start=1):
        translated = bool(row.word("speaking_language"))
        found.append(
            RawRow(
                id=row.word("prompt_id", str(place)),
                text=row.text("mutated_prompt"),
                expected=Expected.HELP,
                categories=tuple(filter(None, (row.word("attack_type"),))),
                language=_language(row),
                cluster=row.word("original_english_prompt"),
                part="translated" if translated else "English",
                line=row.number,
            )
        )
    return tuple(found)


def read_injections(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """CyberSecEval's prompt injections: the instructions of the test case, then what the user enters.

    Test cases with the same instructions are one cluster.
    """
    no_columns(columns, file)
    rows = rows_of(file, ("prompt_id", "test_case_prompt", "user_input", "injection_variant"))
    return tuple(
        RawRow(
            id=row.word("prompt_id"),
            text=f"{row.text('test_case_prompt')}{CONTEXT}{row.text('user_input')}",
            expected=Expected.DECLINE,
            categories=tuple(
                word for name in ("injection_variant", "injection_type", "risk_category") if (word := row.word(name))
            ),
            language=_language(row),
            cluster=row.text("test_case_prompt"),
            part="English" if _language(row) == "en" else "translated",
            line=row.number,
        )
        for row in rows
    )


def _language(row: Row) -> str:
    written = row.word("speaking_language", "English").lower()
    return LANGUAGES.get(written, written)


def read_moderation(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """OpenAI's moderation set: texts with the labels that people gave, and nothing about what to do with them.

    Raises:
        InputError: where a row has no text, or none of the labels.
    """
    no_columns(columns, file)
    found = []
    for place, row in enumerate(rows_of(file, ("prompt",)), start=1):
        given = {name for name in MODERATION_LABELS if row.fields.get(name) is not None}
        if not given:
            raise row.complain("none of the labels is there.", f"A row has some of {', '.join(MODERATION_LABELS)}.")
        labels = tuple(name for name in MODERATION_LABELS if row.fields.get(name) == 1)
        found.append(
            RawRow(
                id=str(place),
                text=row.text("prompt"),
                categories=labels or ("none",),
                language="",
                line=row.number,
            )
        )
    return tuple(found)


def read_preferences(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """hh-rlhf: what the human says first in each dialogue; later turns need the turns before them.

    Raises:
        InputError: where a row is no dialogue of Human and Assistant.
    """
    no_columns(columns, file)
    found = []
    for place, row in enumerate(rows_of(file, ("chosen", "rejected")), start=1):
        turns = row.text("chosen").split("\n\nHuman:" if row.text("chosen").startswith("\n\n") else "Human:", 1)
        first = turns[-1].partition("\n\nAssistant:")[0].strip()
        if len(turns) < 2:
            raise row.complain("'chosen' is no dialogue of Human and Assistant.", "Is this the file that you mean?")
        fault = "" if first else "the human says nothing in the first turn"
        found.append(RawRow(id=str(place), text=first, fault=fault, line=row.number))
    return tuple(found)
