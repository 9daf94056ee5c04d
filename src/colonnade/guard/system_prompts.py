"""System prompts of applications that the operator answers for: known by their words, and no client can add one.

What a client sends as system is a text like any other: judged, and passed on as the beginning of its own words. A text
that the operator has registered in ``guard.yaml`` is the operator's, whoever sends it; so it may stand where the
operator speaks, and need not be judged with every request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field

from colonnade.records import Digest, InputError, Record
from colonnade.records.reading import read_text
from colonnade.records.record import digest_bytes

LONGEST = 100_000
"""Characters of a system prompt."""

# Names travel in response headers and in rows.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=128)]


def _below(file: str) -> str:
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or "\\" in file or not path.name:
        raise ValueError(f"'{file}' is no file of the workspace; write its path from there, with '/'")
    return file


class PromptEntry(Record):
    """A system prompt as ``guard.yaml`` registers it; whoever is not named may not use it where others are.

    Attributes:
        name: in rows and headers; the file's name without its ending if nothing is said.
        file: that holds its words, below the workspace.
        principals: whose keys may use it; everybody's where none is named.
        tiers, purposes: for which it may be used; for all where none is named.
    """

    name: Name
    file: Annotated[str, AfterValidator(_below)]
    principals: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    tiers: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()

    def is_for(self, principal: str, tier: str, purpose: str) -> bool:
        """Whether they may use it."""
        asked = ((self.principals, principal), (self.tiers, tier), (self.purposes, purpose))
        return all(not named or one in named for named, one in asked)


def _entry(value: Any) -> Any:
    """A path alone stands for a prompt of which nothing more is said."""
    if isinstance(value, str):
        return {"name": PurePosixPath(value).stem, "file": value}
    if isinstance(value, dict) and "name" not in value and isinstance(value.get("file"), str):
        return {"name": PurePosixPath(value["file"]).stem, **value}
    return value


def _each_once(entries: tuple[PromptEntry, ...]) -> tuple[PromptEntry, ...]:
    names = [entry.name for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two system prompts are called '{twice[0]}'; give one of them another 'name'")
    return entries


PromptEntries = Annotated[tuple[Annotated[PromptEntry, BeforeValidator(_entry)], ...], AfterValidator(_each_once)]


# --- the words ---------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """A text by which prompts are compared: with line feeds as its line ends, and no blanks around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


class SystemPrompt(NamedTuple):
    """A registered prompt with its words.

    Attributes:
        text: as the file has it, with places left open.
        line: of the file, on which its text begins.
    """

    entry: PromptEntry
    text: str
    line: int = 1

    @property
    def name(self) -> str:
        """What rows and headers call it."""
        return self.entry.name

    @property
    def digest(self) -> Digest:
        """Of its words: the sha256 of the file, without the blanks around its text."""
        return digest_bytes(self.text.encode())


class Recognised(NamedTuple):
    """A registered prompt that a request begins with.

    Attributes:
        text: its words, with the date that the client wrote where one was left open.
    """

    name: str
    digest: Digest
    text: str


_OPEN = re.compile(r"\{\{\s*(\w+)\s*\}\}")
"""A place that is left open: ``{{date}}``."""

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"


def _dates(today: date) -> Iterator[str]:
    """Every way in which yesterday, today and tomorrow may be written: the client's clock may be in another zone."""
    for day in (today - timedelta(1), today, today + timedelta(1)):
        month, weekday = _MONTHS[day.month - 1], _DAYS[day.weekday()]
        written = (
            day.isoformat(),
            f"{day.day} {month} {day.year}",
            f"{month} {day.day}, {day.year}",
            f"{month} {day.day:02d}, {day.year}",
            f"{day.day:02d} {month} {day.year}",
        )
        for one in dict.fromkeys(written):
            yield from (one, f"{weekday}, {one}", f"{weekday} {one}")


@lru_cache(maxsize=256)
def _form(text: str, today: date) -> re.Pattern[str]:
    """What a text with open places may read on a day; every place has a closed list of what may stand there."""
    filled = {"date": "|".join(map(re.escape, _dates(today))), "time": _TIME}
    parts = _OPEN.split(text)  # words and names of places by turns
    pieces = [re.escape(part) if number % 2 == 0 else f"(?:{filled[part]})" for number, part in enumerate(parts)]
    return re.compile("".join(pieces))


class SystemPrompts:
    """All registered prompts.

    Args:
        prompts: in the order of ``guard.yaml``.
    """

    def __init__(self, prompts: Iterable[SystemPrompt] = ()) -> None:
        self.prompts = tuple(prompts)
        self._exact: dict[str, SystemPrompt] = {row.text: row for row in self.prompts if not _OPEN.search(row.text)}
        self._open = tuple(row for row in self.prompts if row.text not in self._exact)

    def recognise(self, text: str, principal: str, tier: str, purpose: str, today: date) -> Recognised | None:
        """The registered prompt that a text is, word for word; none where it is none, or not for these.

        Args:
            text: what a client sent as system.
            principal: who asks.
            tier: theirs.
            purpose: what for.
            today: places that are left open for a date hold this day, the one before or the one after.
        """
        if not self.prompts or not (said := plain(text)):
            return None
        exact = self._exact.get(said)
        candidates = (exact,) if exact is not None else self._open
        for row in candidates:
            if row.entry.is_for(principal, tier, purpose) and (
                row is exact or _form(row.text, today).fullmatch(said) is not None
            ):
                return Recognised(row.name, row.digest, said)
        return None

    def has(self, digest: str, principal: str, tier: str, purpose: str) -> bool:
        """Whether the prompt of this digest is registered here, for these."""
        return any(row.digest == digest and row.entry.is_for(principal, tier, purpose) for row in self.prompts)


NO_PROMPTS = SystemPrompts()


def read_system_prompts(folder: Path, entries: Sequence[PromptEntry]) -> SystemPrompts:
    """The words of every registered prompt.

    Args:
        folder: the workspace.
        entries: of its ``guard.yaml``.

    Raises:
        InputError: where a file cannot be read, says nothing, too much, or what another one says, or leaves a place
            open that a client could fill as it likes.
    """
    return SystemPrompts(prompts_of([(entry, folder / entry.file) for entry in entries]))


def prompts_of(files: Iterable[tuple[PromptEntry, Path]]) -> tuple[SystemPrompt, ...]:
    """The words of prompts, each from its file.

    Raises:
        InputError: as :func:`read_system_prompts`.
    """
    found: dict[str, SystemPrompt] = {}
    for entry, file in files:
        content = read_text(file)
        text = plain(content)
        if not text:
            raise InputError("this system prompt says nothing.", file=file, mend="Write it, or take it out.")
        if len(text) > LONGEST:
            what = f"this system prompt has more than {LONGEST} characters."
            raise InputError(what, file=file, mend="Shorten it.")
        first = content.count("\n", 0, len(content) - len(content.lstrip())) + 1
        _refuse_open(text, file, first)
        if text in found:
            what = f"the system prompts '{found[text].name}' and '{entry.name}' have the same words."
            raise InputError(what, file=file, mend="Keep one, and name there all who may use it.")
        found[text] = SystemPrompt(entry, text, first)
    return tuple(found.values())


def _refuse_open(text: str, file: Path, first: int) -> None:
    for place in _OPEN.finditer(text):
        if place[1] not in ("date", "time"):
            line = first + text.count("\n", 0, place.start())
            what = f"'{place[0]}' leaves a place open that a client could fill with any words."
            mend = (
                "Only {{date}} and {{time}} may be left open; put what differs from user to user into a user message."
            )
            raise InputError(what, file=file, line=line, mend=mend)
