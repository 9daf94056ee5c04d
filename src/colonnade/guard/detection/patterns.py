"""What a clause looks for by its form: fixed words, expressions, personal data.

All patterns of all clauses go over a text together. A text is read once (see ``reading.py``); what a pattern cannot do
without, a few letters or a digit, is looked for first, and only the patterns whose need is met are run.

A stream asks the other question: from which character on may a match still be under way? ``pending`` answers it from
the beginnings of all expressions and words, in all readings of the text. What stands before can be released: no match
that is found later begins there, whatever comes, and however it is disguised.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Literal, NamedTuple

from colonnade.guard.detection.detector import Detection
from colonnade.guard.detection.needs import digits_of, needs_of
from colonnade.guard.detection.partial import LETTERS, Begun, holds, together
from colonnade.guard.detection.personal import RECOGNISERS, Check
from colonnade.guard.detection.reading import (
    Reading,
    clean,
    folded,
    joined,
    letters_alone,
    run_on,
    settled,
    text_run_on,
)
from colonnade.guard.detection.slices import first_match
from colonnade.records import Clause, Digest, InputError, Level, Pattern, PersonalData, digest_of
from colonnade.records.expressions import (
    Characters,
    Choice,
    Expression,
    ExpressionError,
    Node,
    Repeat,
    Sequence_,
    read_expression,
    width,
)
from colonnade.records.record import canonical_json

VERSION = "4"
"""Of this code; goes into the digest of every detector made by it."""

SHORT = 4
"""Words with fewer characters are not looked for behind digits and signs put in place of letters."""

CONTEXT = 96
"""Characters before a place that decide what may match there: looks behind, marks, words of context, joined letters."""

Side = Literal["request", "reply"]


class Found(NamedTuple):
    """One match.

    Attributes:
        topic, name, level: of the clause and its pattern.
        span: characters of the original text, disguise included.
    """

    topic: str
    name: str
    level: Level
    span: tuple[int, int]


class _Word(NamedTuple):
    """A fixed text.

    Attributes:
        forms: how it is looked for in the folded reading, and how it reads where nothing is put for a letter.
        apart: the same where its letters stand apart, so that its hyphens are no others than those between letters.
    """

    topic: str
    name: str
    level: Level
    forms: tuple[tuple[str, str], ...]
    apart: tuple[tuple[str, str], ...]


class _Search(NamedTuple):
    """An expression, and what a text must hold for it to match at all.

    Attributes:
        written: for the text as it is; none where the clean reading is enough.
        clean: for the clean reading.
        alike: whether the two are the same expression.
        disguised: whether it is looked for in letters joined, too.
        needs: groups of texts in small letters; of each group one must be there.
        digits: how many digits must be there.
        numeric: whether no letter may stand among them.
        check: what else must hold of a match.
    """

    topic: str
    name: str
    level: Level
    written: re.Pattern[str] | None
    clean: re.Pattern[str]
    alike: bool
    disguised: bool
    needs: tuple[tuple[str, ...], ...]
    digits: int
    numeric: bool
    check: Check | None
    longest: int
    ahead: int


class Patterns:
    """The patterns of some clauses for one side, ready to be looked for.

    Args:
        clauses: those in force; ones without patterns are passed over.
        side: which patterns count.

    Raises:
        InputError: where an expression cannot be used, with the clause's file and line.
    """

    def __init__(self, clauses: Iterable[Clause], side: Side) -> None:
        rows = [(clause, row) for clause in clauses for row in clause.patterns if row.side in (side, "both")]
        self.topics = frozenset(clause.id for clause, row in rows if row.personal is not PersonalData.PRESIDIO)
        self._words = [_word(clause, row) for clause, row in rows if row.literal is not None]
        searches = [_searches(clause, row) for clause, row in rows if row.literal is None]
        self._searches = [search for several in searches for search, _ in several]
        self.content = sorted((clause.id, canonical_json(row.model_dump(mode="json")).decode()) for clause, row in rows)
        forms = {form for word in self._words for form, _ in (*word.forms, *word.apart)}
        self.longest = max(
            [len(form) for form in forms] + [row.longest + max(0, row.ahead - 1) for row in self._searches], default=0
        )
        self._beginnings = frozenset(form[:length] for form in forms for length in range(1, len(form)))
        self._longest_beginning = max(map(len, self._beginnings), default=0)
        self._alike = all(search.alike for search in self._searches)
        begun = [(trees, search) for several in searches for search, trees in several]
        self._begun_written = together([tree for (tree, _), search in begun if search.written is not None])
        self._begun_clean = together([tree for (_, tree), _ in begun])
        self._begun_joined = together([tree for (_, tree), search in begun if search.disguised])

    def find(
        self, text: str, start: int = 0, complete: bool = True, turns: bool = False, until: float = inf
    ) -> tuple[Found, ...]:
        """Every match that begins at ``start`` or later; what stands before is looked at and not searched.

        Args:
            text: what was written.
            start: a character of the text.
            complete: false where the text goes on: then a match that hangs on what follows is not reported yet.
            turns: whether it may be several turns with blank lines between them: then a fixed text that begins at the
                end of one and goes on in the next is found, too. Not to be asked of a stream.
            until: see ``first_match``, which raises where it is over.
        """
        reading = clean(text)
        flat = folded(reading.text) if self._words else ""
        found = dict.fromkeys(self._in_words(reading, flat, start))
        found |= dict.fromkeys(self._in_searches(text, reading, start, complete, until))
        together = joined(reading if complete else settled(reading))
        if together is not None:
            flat = folded(together.text) if self._words else ""
            found |= dict.fromkeys(self._in_words(together, flat, start, apart=True))
            found |= dict.fromkeys(self._in_joined(together, start, complete, until))
        if turns and self._words and "\n\n" in reading.text:
            found |= dict.fromkeys(self._over_turns(text, reading))
        return tuple(found)

    def pending(self, text: str, start: int = 0) -> int:
        """From which character on a match may still be under way, whatever the text goes on with.

        Where ``find(text, start, complete=False)`` finds nothing, every match that begins at ``start`` or later and is
        found once more has come begins there or behind it.
        """
        reading, end = clean(text), len(text)
        first = min(self._under_way(reading, self._begun_clean, start, end), self._word_under_way(reading, start, end))
        if not (self._alike and reading.text is text):
            first = min(first, self._under_way(Reading(text, None), self._begun_written, start, end))
        sure = settled(reading)
        if len(sure.text) < len(reading.text):
            first = min(first, reading.origin(len(sure.text), end))
        together = joined(sure)
        if together is None and len(sure.text) < len(reading.text):
            together = sure
        if together is not None:
            first = min(first, self._under_way(together, self._begun_joined, start, end))
            first = min(first, self._word_under_way(together, start, end))
        return max(first, start)

    def _in_words(self, reading: Reading, flat: str, start: int, apart: bool = False) -> Iterator[Found]:
        begin = _place(reading, start)
        for word in self._words:
            for number, (form, plain) in enumerate((*word.forms, *word.apart) if apart else word.forms):
                # 're-sign' is not 'resign' unless every letter stands alone.
                least = 2 * len(form) - 1 if number >= len(word.forms) else 0
                place = flat.find(form, begin)
                while place >= 0:
                    span = reading.span(place, place + len(form))
                    if span[1] - span[0] >= least and _is_meant(reading.text, place, plain):
                        yield Found(word.topic, word.name, word.level, span)
                    place = flat.find(form, place + 1)

    def _over_turns(self, text: str, reading: Reading) -> Iterator[Found]:
        flat = folded(text_run_on(reading.text))
        # The way back to the original is made only for the few texts that hold a word at all.
        if any(form in flat for word in self._words for form, _ in word.forms):
            for row in self._in_words(run_on(reading), flat, 0):
                # In the middle of a word two turns may make anything by accident: 'thanks', 'example'.
                if not text[max(row.span[0] - 1, 0) : row.span[0]].isalnum():
                    yield row

    def _in_searches(self, text: str, reading: Reading, start: int, complete: bool, until: float) -> Iterator[Found]:
        begin, small, digits = _place(reading, start), reading.text.lower(), _count_digits(reading.text)
        for search in self._searches:
            if _may_match(search, small, digits):
                if search.written is not None and not (search.alike and reading.text is text):
                    yield from _matches(search, search.written, Reading(text, None), start, complete, until)
                yield from _matches(search, search.clean, reading, begin, complete, until)

    def _in_joined(self, reading: Reading, start: int, complete: bool, until: float) -> Iterator[Found]:
        begin, small, digits = _place(reading, start), reading.text.lower(), _count_digits(reading.text)
        for search in self._searches:
            if search.disguised and _may_match(search, small, digits):
                yield from _matches(search, search.clean, reading, begin, complete, until)

    def _under_way(self, reading: Reading, begun: Sequence[Begun], start: int, end: int) -> int:
        text, first = reading.text, len(reading.text)
        begin = _place(reading, start)
        for group in begun:
            place = max(begin, len(text) - group.longest)
            if group.never is not None and (last := group.never.search(text[place:][::-1])) is not None:
                # No match goes on over a character that none of them holds.
                place = len(text) - last.start()
            if place < first and (match := group.beginnings.search(text, place)) is not None:
                first = min(first, match.start())
        return reading.origin(first, end)

    def _word_under_way(self, reading: Reading, start: int, end: int) -> int:
        before = max(_place(reading, start), len(reading.text) - self._longest_beginning)
        flat = folded(reading.text[before:])
        for place in range(len(flat)):
            if flat[place:] in self._beginnings:
                return reading.origin(before + place, end)
        return end


_NUMBERS = re.compile(r"[0-9](?:[\W_]*[0-9])*")


def _count_digits(text: str) -> tuple[int, int]:
    """How many digits there are at most, in all and with no letter between them."""
    numbers = [len(number) for number in _NUMBERS.findall(text)]
    return sum(numbers), max(numbers, default=0)


def _place(reading: Reading, start: int) -> int:
    """Where in a reading a character of the original stands, or the next one that is there."""
    return start if reading.origins is None or start == 0 else bisect_left(reading.origins, start)


def _matches(
    search: _Search, looked_for: re.Pattern[str], reading: Reading, begin: int, complete: bool, until: float
) -> Iterator[Found]:
    text, place, reach = reading.text, begin, search.longest + search.ahead + 1
    while (match := first_match(looked_for, text, place, reach, until)) is not None:
        start, end = match.span()
        if not complete and end + search.ahead > len(text):
            # What follows may forbid it; until then it is held back.
            place = start + 1
        elif search.check is not None and (end := search.check(text, start, end)) == 0:
            place = start + 1
        else:
            yield Found(search.topic, search.name, search.level, reading.span(start, end))
            place = end


def _is_meant(text: str, place: int, plain: str) -> bool:
    """Whether enough of the letters are there themselves: 'b0ss' may be meant for 'boss', '8055' is a number."""
    there = text[place : place + len(plain)].lower()
    if there == plain:
        return True
    same = sum(one == other for one, other in zip(there, plain, strict=False))
    return len(plain) >= SHORT and 2 * same >= len(plain)


def _word(clause: Clause, row: Pattern) -> _Word:
    literal = " ".join((row.literal or "").split())
    # A small letter may look like another Latin one than its capital does: a Cyrillic н like n, and Н like H.
    cases = dict.fromkeys((literal, literal.lower(), literal.upper(), literal.title()))
    plain = dict.fromkeys(clean(case).text.lower() for case in cases)
    forms = {form: None for whole in plain for form in (whole, whole.replace(" ", "")) if form}
    apart = {form: None for form in map(letters_alone, plain) if form and form not in forms}
    if not forms:
        what = f"the pattern '{row.name}' of '{clause.id}' has no visible character."
        raise InputError(what, file=clause.file or None, line=clause.line or None, mend="Write what is looked for.")
    both = [tuple((folded(form), form) for form in kind) for kind in (forms, apart)]
    return _Word(clause.id, row.name, row.level, *both)


_Trees = tuple[Expression, Expression]


def _searches(clause: Clause, row: Pattern) -> list[tuple[_Search, _Trees]]:
    """One for an expression, several for a kind of personal data, each with what finds its beginnings."""
    if row.personal is not None:
        known = RECOGNISERS.get(row.personal, ())
        return [_search(clause, row, read_expression(form.expression), form.check) for form in known]
    try:
        return [_search(clause, row, read_expression(row.find or ""), None)]
    except ExpressionError as fault:
        what = f"the pattern '{row.name}' of '{clause.id}' cannot be used: {fault}"
        raise InputError(what, file=clause.file or None, line=clause.line or None, mend=fault.mend) from None


def _search(clause: Clause, row: Pattern, expression: Expression, check: Check | None) -> tuple[_Search, _Trees]:
    cleaned = expression._replace(tree=_cleaned(expression.tree))
    search = _Search(
        topic=clause.id,
        name=row.name,
        level=row.level,
        # Personal data has forms that no reading changes, and what looks like it by accident is common.
        written=None if row.personal else re.compile(expression.source, re.IGNORECASE),
        clean=re.compile(cleaned.source, re.IGNORECASE),
        alike=cleaned.source == expression.source,
        disguised=row.personal is None,
        needs=needs_of(cleaned.tree),
        digits=digits_of(cleaned.tree),
        numeric=not holds(cleaned, LETTERS),
        check=check,
        longest=max(expression.longest, width(cleaned.tree)[1]),
        ahead=expression.ahead,
    )
    return search, (expression, cleaned._replace(longest=width(cleaned.tree)[1]))


def _cleaned(node: Node) -> Node:
    """The expression for the clean reading: its own letters read as the text's are."""
    if isinstance(node, Characters) and node.literal > "\x7f":
        form = clean(node.literal).text
        signs = tuple(Characters(re.escape(sign), sign, sign) for sign in form)
        return signs[0] if len(signs) == 1 else Sequence_(signs) if signs else node
    if isinstance(node, Sequence_):
        return Sequence_(tuple(map(_cleaned, node.items)))
    if isinstance(node, Choice):
        return Choice(tuple(map(_cleaned, node.branches)))
    if isinstance(node, Repeat):
        return node._replace(body=_cleaned(node.body))
    return node


def _may_match(search: _Search, small: str, digits: tuple[int, int]) -> bool:
    if digits[search.numeric] < search.digits:
        return False
    for group in search.needs:
        for need in group:
            if need in small:
                break
        else:
            return False
    return True


class PatternDetector:
    """Patterns as a detector: every match is certain, at the level that its pattern has.

    Args:
        clauses: those in force.
        side: which patterns it has.
    """

    version, slow = VERSION, False

    def __init__(self, clauses: Iterable[Clause], side: Side) -> None:
        self.name = f"patterns/{side}"
        self.patterns = Patterns(clauses, side)
        self.topics = self.patterns.topics
        self.reads: frozenset[str] = frozenset({side})

    @property
    def digest(self) -> Digest:
        """Of the patterns, and of the code that looks for them."""
        return digest_of({"name": self.name, "version": self.version, "patterns": self.patterns.content})

    def detect(self, text: str, until: float = inf) -> tuple[Detection, ...]:
        """One detection per match; ``until`` as for :meth:`Patterns.find`."""
        found = self.patterns.find(text, turns="request" in self.reads, until=until)
        return tuple(Detection(row.topic, row.level, 1.0, True, f"{self.name}/{row.name}", row.span) for row in found)


def pattern_detectors(clauses: Sequence[Clause]) -> tuple[PatternDetector, ...]:
    """A detector for requests and one for replies, each only where a clause has patterns for it."""
    made = [PatternDetector(clauses, "request"), PatternDetector(clauses, "reply")]
    return tuple(detector for detector in made if detector.topics)
