"""A data set as a whole against a target: its sources, papers, languages and repetitions.

These are facts about the items that are there, so they are counted and have no interval.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

from colonnade.policy.manifest import Item, Repeats
from colonnade.records import Record
from colonnade.records.data_target import DataTarget
from colonnade.records.record import Pairs

_SHOWN = 5
"""Ids listed where many are concerned."""


class Standing(StrEnum):
    """How a data set stands to a requirement; unclear is not met."""

    MET = "met"
    UNCLEAR = "unclear"
    MISSED = "missed"


class SourceReport(Record):
    """One source: its items, its share of the distinct ones, and how often it repeats itself or others."""

    source: str
    items: int
    distinct: int
    share: float
    near_duplicates: int
    near_duplicate_rate: float
    repeats_of_others: int
    unsigned: int


class Check(Record):
    """One requirement on the data set as a whole, in words."""

    name: str
    standing: Standing
    words: str


Checked = tuple[Check, str]
"""A check, and what would mend it; empty where nothing need be mended."""


def check_whole(
    subject: Sequence[Item],
    repeats: Repeats,
    sources: tuple[SourceReport, ...],
    target: DataTarget,
    languages: Iterable[str],
) -> tuple[Checked, ...]:
    """Everything that a target asks of the data set as a whole."""
    return (
        *_check_presence(subject, target),
        *_check_undeclared(subject, target),
        *_check_sources(sources, target),
        *_check_papers(subject, target),
        *_check_languages(subject, languages),
        *_check_repeats(subject, repeats, sources, target),
    )


def undeclared_items(subject: Sequence[Item], target: DataTarget) -> list[Item]:
    """Items that declare nothing for an attribute of a cell."""
    names = {name for cell in target.cells for name, _ in cell.where}
    return [item for item in subject if not names <= {name for name, _ in item.attributes}]


def count_sources(subject: Sequence[Item], repeats: Repeats, distinct: Sequence[Item]) -> tuple[SourceReport, ...]:
    """Every source of the items, the largest first."""
    all_of, left = Counter(item.source for item in subject), Counter(item.source for item in distinct)
    within = Counter(subject[place].source for place in repeats.within)
    across = Counter(subject[place].source for place in repeats.across)
    unsigned = Counter(subject[place].source for place in repeats.unsigned)
    return tuple(
        SourceReport(
            source=source,
            items=count,
            distinct=left[source],
            share=left[source] / len(distinct),
            near_duplicates=within[source],
            near_duplicate_rate=within[source] / count,
            repeats_of_others=across[source],
            unsigned=unsigned[source],
        )
        for source, count in sorted(all_of.items(), key=lambda pair: (-left[pair[0]], pair[0]))
    )


def _check_presence(subject: Sequence[Item], target: DataTarget) -> Iterable[Checked]:
    if not subject:
        about = in_words(target.subject)
        words = f"no item declares {about}" if about else "there is no item"
        yield Check(name="items", standing=Standing.MISSED, words=words), "Collect items, and have them declared."


def _check_undeclared(subject: Sequence[Item], target: DataTarget) -> Iterable[Checked]:
    names = sorted({name for cell in target.cells for name, _ in cell.where})
    if not names:
        return
    undeclared, total = undeclared_items(subject, target), len(subject)
    share = len(undeclared) / total if total else 0.0
    words = f"{share:.1%} of the items declare nothing for {' or '.join(names)}; at most {target.undeclared:.1%} may"
    if share <= target.undeclared:
        yield Check(name="undeclared", standing=Standing.MET, words=words), ""
        return
    more = len(undeclared) - math.floor(target.undeclared * total + 1e-9)
    mend = (
        f"Ask the contributors of at least {items_of(more)} to declare {' and '.join(names)}, or replace those items;"
        f" fill in nothing on their behalf: {_ids(undeclared)}."
    )
    yield Check(name="undeclared", standing=Standing.MISSED, words=words), mend


def _check_sources(sources: tuple[SourceReport, ...], target: DataTarget) -> Iterable[Checked]:
    if not sources:
        return
    first = sources[0]
    words = f"{first.source} has {first.share:.1%} of the distinct items; at most {target.largest_source:.1%} may be"
    words += " from one source"
    if first.share <= target.largest_source:
        yield Check(name="largest source", standing=Standing.MET, words=words), ""
        return
    needed = math.ceil(1 / target.largest_source - 1e-9)
    mend = f"Have at least {needed} sources; the next ones must not be {first.source}."
    yield Check(name="largest source", standing=Standing.MISSED, words=words), mend


def _check_papers(subject: Sequence[Item], target: DataTarget) -> Iterable[Checked]:
    none = [item for item in subject if not item.licence]
    other = [item for item in subject if item.licence and target.licences and item.licence not in target.licences]
    listed = f" that counts ({', '.join(target.licences)})" if target.licences else ""
    lacking = [*none, *other]
    words = f"{len(subject) - len(lacking)} of {items_of(len(subject))} state a licence{listed}"
    mend = f"Settle the licence of {items_of(len(lacking))}, or take them out: {_ids(lacking)}." if lacking else ""
    yield Check(name="licences", standing=Standing.MISSED if lacking else Standing.MET, words=words), mend
    lacking = [item for item in subject if not item.consented]
    words = f"{len(subject) - len(lacking)} of {items_of(len(subject))} state a consent"
    if not target.consent:
        yield Check(name="consent", standing=Standing.MET, words=words + "; none is asked for"), ""
        return
    mend = f"Get the consent for {items_of(len(lacking))}, or take them out: {_ids(lacking)}." if lacking else ""
    yield Check(name="consent", standing=Standing.MISSED if lacking else Standing.MET, words=words), mend


def _check_languages(subject: Sequence[Item], needed: Iterable[str]) -> Iterable[Checked]:
    asked = tuple(dict.fromkeys(needed))
    if not asked:
        return
    there = Counter(item.language for item in subject)
    missing = [language for language in asked if not there[language]]
    words = "languages asked for: " + ", ".join(f"{language} ({there[language]})" for language in asked)
    mend = f"Add items in {' and '.join(missing)}." if missing else ""
    yield Check(name="languages", standing=Standing.MISSED if missing else Standing.MET, words=words), mend


def _check_repeats(
    subject: Sequence[Item], repeats: Repeats, sources: tuple[SourceReport, ...], target: DataTarget
) -> Iterable[Checked]:
    if not sources:
        return
    worst = max(sources, key=lambda row: row.near_duplicate_rate)
    words = f"{worst.near_duplicate_rate:.1%} of the items of {worst.source} nearly repeat another of its own"
    words += f"; at most {target.duplicates:.1%} may, in every source"
    over = {row.source for row in sources if row.near_duplicate_rate > target.duplicates}
    if over:
        extra = [subject[place] for place in sorted(repeats.within) if subject[place].source in over]
        mend = f"Take {items_of(len(extra))} out that nearly repeat another of their source: {_ids(extra)}."
        yield Check(name="near duplicates", standing=Standing.MISSED, words=words), mend
    elif repeats.unsigned and target.duplicates < 1:
        blind = [subject[place] for place in sorted(repeats.unsigned)]
        words += f"; {items_of(len(blind))} cannot be compared"
        mend = f"State 'content_digest', 'signature' or 'text' for {items_of(len(blind))}: {_ids(blind)}."
        yield Check(name="near duplicates", standing=Standing.UNCLEAR, words=words), mend
    else:
        yield Check(name="near duplicates", standing=Standing.MET, words=words), ""


def in_words(where: Pairs) -> str:
    """A cell as people read it."""
    return ", ".join(f"{name} {value}" for name, value in where)


def items_of(count: int) -> str:
    """So many items, in words."""
    return "1 item" if count == 1 else f"{count:,} items"


def _ids(items: Sequence[Item]) -> str:
    more = f" and {len(items) - _SHOWN:,} more" if len(items) > _SHOWN else ""
    return ", ".join(item.id for item in items[:_SHOWN]) + more
