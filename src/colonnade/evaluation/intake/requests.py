"""Sets of requests: what should be declined, and what only looks as if it should."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from colonnade.evaluation.intake.files import rows_of
from colonnade.evaluation.intake.raw import Columns, RawRow, Row, no_columns
from colonnade.records import Expected

MULTIJAIL_LANGUAGES = ("en", "zh", "it", "vi", "ar", "ko", "th", "bn", "sw", "jv")

CONTEXT = "\n\n---\n\n"
"""What stands between a context and the request about it, as in HarmBench's own prompts."""

_CONTRAST_OF = {"real_group_nons_discr": "contrast_discr", "privacy_fictional": "contrast_privacy"}


def read_xstest(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """XSTest: safe prompts and their unsafe contrasts.

    A prompt and the contrast in the same place of its type are twins where both name the same focus;
    where no focus is named, nothing says which belong together, and there is no twin.
    """
    no_columns(columns, file)
    rows = rows_of(file, ("id", "prompt", "type", "label", "focus"))
    by_type: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_type[row.word("type")].append(row)
    twins: dict[str, str] = {}
    for kind, safe in by_type.items():
        for one, other in zip(safe, by_type.get(_CONTRAST_OF.get(kind, f"contrast_{kind}"), ()), strict=False):
            if one.word("focus").lower() and one.word("focus").lower() == other.word("focus").lower():
                twins |= {one.word("id"): other.word("id"), other.word("id"): one.word("id")}
    labels = {"safe": Expected.HELP, "unsafe": Expected.DECLINE}
    return tuple(
        RawRow(
            id=row.word("id"),
            text=row.text("prompt"),
            expected=_label(row, "label", labels),
            categories=_categories(row, "type"),
            twin=twins.get(row.word("id"), ""),
            line=row.number,
        )
        for row in rows
    )


def _label(row: Row, name: str, labels: dict[str, Expected]) -> Expected:
    word = row.word(name)
    if word not in labels:
        raise row.complain(f"'{name}' is '{word[:40]}'.", f"It should be {' or '.join(labels)}.")
    return labels[word]


def _categories(row: Row, *names: str) -> tuple[str, ...]:
    return tuple(word for name in names if (word := row.word(name)))


def read_harmbench(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """HarmBench's text behaviours; a contextual one comes behind its context."""
    no_columns(columns, file)
    rows = []
    for row in rows_of(file, ("Behavior", "SemanticCategory", "BehaviorID")):
        context = row.word("ContextString")
        picture = bool(row.word("ImageFileName"))
        rows.append(
            RawRow(
                id=row.word("BehaviorID"),
                text=f"{context}{CONTEXT}{row.text('Behavior')}" if context else row.text("Behavior"),
                expected=Expected.DECLINE,
                categories=_categories(row, "SemanticCategory", "FunctionalCategory"),
                part="multimodal" if picture else "text",
                fault="it is about a picture, which is not read" if picture else "",
                line=row.number,
            )
        )
    return tuple(rows)


def read_strongreject(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """StrongREJECT's forbidden prompts."""
    no_columns(columns, file)
    rows = rows_of(file, ("forbidden_prompt", "category"))
    return _numbered(rows, "forbidden_prompt", ("category", "source"), Expected.DECLINE)


def read_do_not_answer(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """Do-Not-Answer's questions; its categories have three levels, and any of them can be mapped."""
    no_columns(columns, file)
    rows = rows_of(file, ("question", "risk_area", "types_of_harm", "specific_harms"))
    return _numbered(rows, "question", ("specific_harms", "types_of_harm", "risk_area"), Expected.DECLINE)


def _numbered(
    rows: Sequence[Row], text: str, categories: Sequence[str], expected: Expected | None
) -> tuple[RawRow, ...]:
    return tuple(
        RawRow(
            id=row.word("id", str(place)),
            text=row.text(text),
            expected=expected,
            categories=_categories(row, *categories),
            line=row.number,
        )
        for place, row in enumerate(rows, start=1)
    )


def read_jailbreakbench(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """JBB-Behaviors: ``harmful-behaviors.csv``, ``benign-behaviors.csv``, or the folder with both.

    Behaviours of the same index are about the same topic: in the folder, they are twins.
    """
    no_columns(columns, file)
    files = sorted(file.glob("*-behaviors.csv")) if file.is_dir() else [file]
    both = len(files) == 2
    found = []
    for one in files or [file / "harmful-behaviors.csv"]:
        benign = "benign" in one.name.lower()
        for place, row in enumerate(rows_of(one, ("Goal", "Category")), start=0):
            index = row.word("Index", str(place))
            side, other = ("benign", "harmful") if benign else ("harmful", "benign")
            found.append(
                RawRow(
                    id=f"{side}-{index}",
                    text=row.text("Goal"),
                    expected=Expected.HELP if benign else Expected.DECLINE,
                    categories=_categories(row, "Behavior", "Category"),
                    twin=f"{other}-{index}" if both else "",
                    part=side,
                    line=row.number,
                )
            )
    return tuple(found)


def read_coconot(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """CoCoNot: the original part should not be complied with, the contrast part should.

    Which part it is stands in the name of the file or of its folder, and nowhere else.
    """
    no_columns(columns, file)
    rows = rows_of(file, ("prompt", "category"))
    name = f"{file.absolute().parent.name}/{file.name}".lower()
    contrast, original = "contrast" in name or "pref" in name, "original" in name or "coconot" in file.name.lower()
    expected = Expected.HELP if contrast else Expected.DECLINE if original else None
    raw = _numbered(rows, "prompt", ("subcategory", "category"), expected)
    return tuple(row._replace(part="contrast" if contrast else "original") for row in raw)


def read_multijail(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """MultiJail: each unsafe prompt in ten languages, and its translations in one cluster."""
    no_columns(columns, file)
    found = []
    for row in rows_of(file, ("id", "tags", *MULTIJAIL_LANGUAGES)):
        found += [
            RawRow(
                id=f"{row.word('id')}-{language}",
                text=row.text(language),
                expected=Expected.DECLINE,
                categories=_tags(row.word("tags")),
                language=language,
                cluster=row.word("id"),
                part=language,
                line=row.number,
            )
            for language in MULTIJAIL_LANGUAGES
        ]
    return tuple(found)


def _tags(written: str) -> tuple[str, ...]:
    """A list as Python writes it, or a single word."""
    try:
        tags = ast.literal_eval(written)
    except (ValueError, SyntaxError):
        tags = written
    listed: Iterable[object] = tags if isinstance(tags, (list, tuple)) else (tags,)
    return tuple(str(tag).strip() for tag in listed if str(tag).strip())


def read_ailuminate(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """AILuminate's public practice prompts; the language is that of the locale."""
    no_columns(columns, file)
    rows = rows_of(file, ("release_prompt_id", "prompt_text", "hazard"))
    return tuple(
        RawRow(
            id=row.word("release_prompt_id"),
            text=row.text("prompt_text"),
            expected=Expected.DECLINE,
            categories=_categories(row, "hazard", "persona"),
            language=re.split("[_-]", row.word("locale", "en"))[0].lower(),
            line=row.number,
        )
        for row in rows
    )
