"""What an import made of a document, for the people who go on from there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from colonnade.policy.markdown_import import OWNER, Imported, title_of


def report_text(imported: Imported) -> str:
    """The report as Markdown."""
    return "\n".join(_lines(imported)) + "\n"


def _lines(imported: Imported) -> Iterator[str]:
    clauses, kept = imported.clauses, imported.kept
    yield f"# Import of {imported.name}"
    yield ""
    yield f"Read from bytes with the digest {imported.digest}."
    ids = sum(len(row.heading.ids) for row in clauses)
    yield f"Paragraphs: {imported.paragraphs:,}, of which {len(kept):,} are kept in the policy files and not read."
    yield f"Ids: {ids:,}. Clauses: {len(clauses):,}. Policy files: {len(imported.policies):,}."
    if imported.lost:
        yield f"**Words of these lines are in no file: {', '.join(map(str, imported.lost))}.**"
    yield from _section("What people must decide", _decisions(imported))
    yield from _table(
        "Clauses",
        "Each heading with an id, and what it became. The id it had stands in the clause's `maps`, under `source`.",
        ("line", "id", "clause", "file"),
        (
            (row.line, ", ".join(row.heading.ids), row.id, policy.file)
            for policy in imported.policies
            for row in policy.clauses
        ),
    )
    yield from _table(
        "Kept and not read",
        "No clause can hold these. They stand where they stood, in blocks called `kept`, each line after `| `. Examples"
        " may become rows under `jsonl examples`.",
        ("line", "what", "below", "begins"),
        ((row.line, row.kind, row.clause, row.words) for row in kept),
    )
    yield from _table(
        "Clauses without prose of their own",
        "Nothing but other headings or kept blocks stood below these. Their title was put there as a sentence.",
        ("line", "clause", "title"),
        ((row.line, row.id, title_of(row.heading)) for row in clauses if row.bare),
    )
    yield from _table(
        "Headings without an id",
        "They stay in the prose as headings of three signs or more.",
        ("line", "title"),
        imported.headings,
    )
    yield from _table(
        "Footnotes that stand elsewhere",
        "The prose refers to these, and the document does not have them. The references stay in the prose.",
        ("clause", "footnotes"),
        ((clause, ", ".join(names)) for clause, names in imported.references),
    )


def _decisions(imported: Imported) -> Iterator[str]:
    yield "- Every policy is a `draft`, so nothing of it binds before somebody makes it `active`."
    yield f"- Every policy has the pillar `{imported.pillar}` and the owner `{OWNER}`. Choose both."
    yield "- Every clause is `required` and of severity `medium`, whatever it says. A clause that limits a topic must"
    yield "  be `restricted` or `prohibited`, with a ceiling."
    yield "- Every rubric is one question made of the title. Write questions that a judge can answer with yes or no."
    yield "- No clause has thresholds or examples yet."
    if any(row.heading.attributes for row in imported.clauses):
        yield "- What a heading declared besides its id stands in `maps`, under `source_...`. Nothing acts on it."


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    yield from lines


def _table(title: str, words: str, names: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    found = list(rows)
    if not found:
        return
    yield from _section(f"{title} ({len(found):,})", [words, ""])
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in found:
        yield f"| {' | '.join(_cell(part) for part in row)} |"


def _cell(part: object) -> str:
    """Text that cannot end its cell or become part of the page."""
    text = " ".join(str(part).split())
    return "".join(f"\\{sign}" if sign in "\\|`<>*[]!~" else sign for sign in text)
