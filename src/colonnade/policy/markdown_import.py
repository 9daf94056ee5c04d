"""Somebody else's policy in Markdown, written as policy files without losing an id or a paragraph.

Prose becomes the prose of clauses. What is none (examples in fences, tables, HTML, notes to the
reader) is kept where it stood, in a block that the reader of policy files passes over, and listed.
"""

from __future__ import annotations

import json
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from colonnade.policy.document import read_policy
from colonnade.policy.markdown_blocks import PROSE, Block, Heading, paragraphs, split_blocks
from colonnade.policy.sections import is_prose
from colonnade.records import InputError, Pillar, digest_bytes
from colonnade.records.reading import read_text

REPORT = "import-report.md"
FOLDER = "policies"
OWNER = "undecided"

_LONGEST = 80
"""Signs of an id: a file is called after it."""

_REFERENCE = re.compile(r"\[\^([^\]\s]+)\](?!:)")
_DEFINITION = re.compile(r"^ {0,3}\[\^([^\]]+)\]:")


class Kept(NamedTuple):
    """Something that is in a file and not read from there.

    Attributes:
        clause: below which it stands, or the policy where it stands above all clauses.
        words: how it begins.
    """

    line: int
    kind: str
    clause: str
    words: str


class ImportedClause(NamedTuple):
    """A clause, and the heading and blocks that it came from."""

    id: str
    line: int
    heading: Heading
    blocks: tuple[Block, ...]

    @property
    def bare(self) -> bool:
        """Whether no prose stands below the heading."""
        return not any(line.strip() for block in self.blocks if block.kind == PROSE for line in block.lines)


class ImportedPolicy(NamedTuple):
    """One policy file in the making."""

    id: str
    title: str
    preamble: tuple[Block, ...]
    clauses: tuple[ImportedClause, ...]

    @property
    def file(self) -> str:
        """The file's name below the folder that is imported into."""
        return f"{FOLDER}/{self.id}.md"


class Imported(NamedTuple):
    """A document, as policies.

    Attributes:
        name: the document's file name.
        digest: of its bytes.
        headings: titles and lines of headings without an id, which stay in the prose.
        references: footnotes that a clause refers to and that stand nowhere in the document.
        lost: lines of the document whose words are in no file; there are none unless something is
            wrong with the import.
    """

    name: str
    digest: str
    pillar: Pillar
    paragraphs: int
    policies: tuple[ImportedPolicy, ...]
    kept: tuple[Kept, ...]
    headings: tuple[tuple[int, str], ...]
    references: tuple[tuple[str, tuple[str, ...]], ...]
    lost: tuple[int, ...]

    @property
    def clauses(self) -> tuple[ImportedClause, ...]:
        """Every clause, in the order of the document."""
        return tuple(clause for policy in self.policies for clause in policy.clauses)


def import_markdown(file: Path, pillar: Pillar = Pillar.GOVERNANCE) -> Imported:
    """A Markdown document, taken apart into policies and clauses; nothing is written.

    Every heading with an id (``# Title {#id}``) becomes a clause. Where no heading has one, each
    becomes a clause with an id made of its title. The headings of the highest level that is used
    more than once begin a policy file each.

    Raises:
        InputError: where the file cannot be read, has no heading, or a block without an end.
    """
    text = read_text(file)
    blocks = split_blocks(text, file)
    with_ids = any(block.heading and block.heading.ids for block in blocks)
    chosen = [block for block in blocks if block.heading and (block.heading.ids or not with_ids)]
    chosen = [block for block in chosen if block.heading and (block.heading.ids or block.heading.title)]
    if not chosen:
        what, mend = "this has no heading, so nothing in it can become a clause.", "Add headings: '## Title {#id}'."
        raise InputError(what, file=file, line=1, mend=mend)
    policies = tuple(_policies(blocks, chosen))
    imported = Imported(
        name=file.name,
        digest=digest_bytes(file.read_bytes()),
        pillar=pillar,
        paragraphs=sum(1 for _ in paragraphs(blocks)),
        policies=policies,
        kept=tuple(_kept(policies)),
        headings=tuple((block.line, block.heading.title) for block in blocks if block.heading and block not in chosen),
        references=tuple(_references(policies, text)),
        lost=(),
    )
    return imported._replace(lost=tuple(_lost(blocks, "\n".join(content for _, content in policy_files(imported)))))


def _policies(blocks: Sequence[Block], chosen: Sequence[Block]) -> Iterator[ImportedPolicy]:
    """The document cut at its clause headings, and the clauses gathered into files."""
    levels = [block.heading.level for block in chosen if block.heading]
    top = min(levels)
    starts = [place for place, level in enumerate(levels) if place == 0 or (level == top and levels.count(top) > 1)]
    at = [blocks.index(block) for block in chosen]
    bodies = [tuple(blocks[begin + 1 : end]) for begin, end in zip(at, [*at[1:], len(blocks)], strict=True)]
    names: set[str] = set()
    for start, end in zip(starts, [*starts[1:], len(chosen)], strict=True):
        first = chosen[start].heading
        if first is None:
            continue
        policy = _unique(_slug(first, "policy", letter=True), names)
        clauses: list[ImportedClause] = []
        ids: set[str] = set()
        for block, body in zip(chosen[start:end], bodies[start:end], strict=True):
            if block.heading:
                identifier = f"{policy}.{_unique(_slug(block.heading, 'section'), ids)}"
                clauses.append(ImportedClause(identifier, block.line, block.heading, body))
        preamble = tuple(blocks[: at[0]]) if start == 0 else ()
        yield ImportedPolicy(policy, title_of(first), preamble, tuple(clauses))


def _slug(heading: Heading, otherwise: str, letter: bool = False) -> str:
    """An id or a title in small letters, digits and hyphens."""
    name = unicodedata.normalize("NFKD", heading.ids[0] if heading.ids else heading.title)
    plain = "".join(sign for sign in name if not unicodedata.combining(sign))
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower())[:_LONGEST].strip("-")
    if not slug:
        return otherwise
    return f"{otherwise}-{slug}" if letter and not slug[0].isalpha() else slug


def _unique(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name}-{number}"
    taken.add(free)
    return free


def title_of(heading: Heading) -> str:
    """The title as one line of visible signs; the id's words where there is none."""
    shown = "".join(sign if sign.isprintable() else " " for sign in heading.title)
    return " ".join(shown.split()) or " ".join(re.findall(r"[^\W_]+", " ".join(heading.ids[:1]))) or "Untitled"


def _kept(policies: Iterable[ImportedPolicy]) -> Iterator[Kept]:
    for policy in policies:
        for name, blocks in ((policy.id, policy.preamble), *((row.id, row.blocks) for row in policy.clauses)):
            for block in blocks:
                if block.heading is None and block.kind != PROSE:
                    words = " ".join(" ".join(block.lines).split())
                    yield Kept(block.line, block.kind, name, words if len(words) <= 60 else words[:57] + "...")


def _references(policies: Iterable[ImportedPolicy], text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    defined = {match[1] for line in text.split("\n") if (match := _DEFINITION.match(line))}
    for policy in policies:
        for clause in policy.clauses:
            prose = "\n".join(line for block in clause.blocks if block.kind == PROSE for line in block.lines)
            missing = dict.fromkeys(name for name in _REFERENCE.findall(prose) if name not in defined)
            if missing:
                yield clause.id, tuple(missing)


def _lost(blocks: Sequence[Block], written: str) -> Iterator[int]:
    """Lines whose words do not follow, in their order, in what is to be written."""
    whole = f" {_words(written)} "
    place = 0
    for block in blocks:
        lines = (block.heading.title,) if block.heading else block.lines
        for number, line in enumerate(lines, start=block.line):
            words = _words(line)
            found = whole.find(f" {words} ", place) if words else place
            if found < 0:
                yield number
            else:
                place = found + len(words)
        if block.heading and any(f'"{_visible(name)}"' not in written for name in block.heading.ids):
            yield block.line


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text))


def _visible(text: str) -> str:
    return json.dumps("".join(sign for sign in text if sign.isprintable()), ensure_ascii=False)[1:-1]


def policy_files(imported: Imported) -> tuple[tuple[str, str], ...]:
    """Name and content of every policy file."""
    return tuple((policy.file, _policy_text(policy, imported)) for policy in imported.policies)


def _policy_text(policy: ImportedPolicy, imported: Imported) -> str:
    lines = [
        "---",
        f"id: {_quoted(policy.id)}",
        f"title: {_quoted(policy.title)}",
        f"pillar: {imported.pillar}",
        "status: draft",
        "version: 0.1.0",
        f"owners: [{OWNER}]",
        "---",
        f"Imported from `{_visible(imported.name)}` ({imported.digest}).",
        "",
        *_body(policy.preamble),
    ]
    for clause in policy.clauses:
        lines += ["", f"## {clause.id} — {title_of(clause.heading)}", *_body(clause.blocks)]
        if clause.bare:
            lines += [f"This part is called '{title_of(clause.heading)}'."]
        lines += ["", *_structure(clause)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _body(blocks: Iterable[Block]) -> Iterator[str]:
    """Prose as it was, and the rest in blocks that nobody reads."""
    for block in blocks:
        if block.heading:
            line = f"{'#' * max(3, block.heading.level)} {block.heading.title}"
            yield line if is_prose(line) else f"\\{line}"
        elif block.kind == PROSE:
            for line in block.lines:
                yield line if is_prose(line) and not line.startswith("##") else f"\\{line}"
        else:
            yield f"```kept {block.kind}"
            yield from (f"| {line}".rstrip() for line in block.lines)
            yield "```"


def _structure(clause: ImportedClause) -> Iterator[str]:
    """The block of a clause; what nobody has decided yet is the mildest thing that can be read."""
    yield "```yaml clause"
    yield "boundary: required"
    yield "severity: medium"
    yield "rubric:"
    question = f"Does the answer go against '{title_of(clause.heading)}'?"
    yield f"  - {{ask: {_quoted(question)}, fails: true}}"
    maps: dict[str, list[str]] = {"source": list(clause.heading.ids)} if clause.heading.ids else {}
    for name, value in clause.heading.attributes:
        maps.setdefault(f"source_{name}", []).append(value)
    if maps:
        rows = (f"{_quoted(name)}: [{', '.join(map(_quoted, values))}]" for name, values in maps.items())
        yield f"maps: {{{', '.join(rows)}}}"
    yield "```"


def _quoted(text: str) -> str:
    """A text as YAML in double quotes, which is JSON of visible signs."""
    return f'"{_visible(text)}"'


def write_import(imported: Imported, report: str, folder: Path) -> tuple[Path, ...]:
    """Write the policy files and the report; all of them or, where something is in the way, none.

    Raises:
        InputError: where a file is there already, or a policy there has a clause of the same id.
    """
    files = (*policy_files(imported), (REPORT, report))
    if folder.exists() and not folder.is_dir():
        raise InputError("this is a file, not a folder.", file=folder, mend="Name another; nothing was written.")
    for name, _ in files:
        if (folder / name).exists():
            raise InputError("this is there already.", file=folder / name, mend="Name another folder.")
    taken = {row.id: row for old in sorted((folder / FOLDER).glob("**/*.md")) for row in read_policy(old)}
    for clause in imported.clauses:
        if clause.id in taken:
            there = taken[clause.id]
            what = f"the clause '{clause.id}' is there already, and would come from {imported.name} again."
            raise InputError(what, file=there.file, line=there.line, mend="Name another folder.")
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in files:
            draft = Path(scratch) / name
            draft.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(content, encoding="utf-8", newline="\n")
            if name != REPORT:
                read_policy(draft)
    for name, content in files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8", newline="\n")
    return tuple(folder / name for name, _ in files)
