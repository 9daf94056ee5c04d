"""Personal data by form: what is found of invented values, what of near misses, what in plain text, and how fast.

Usage: python benchmarks/personal_data.py [--data DIR] [--items N] [--out FILE]

The values are invented and keep the rules of those who issue such numbers; a near miss is such a value with one digit
changed, in the same sentence. Plain text (an encyclopaedia's articles, sentences of learners) is looked through for
whatever is reported there. Where ``presidio-analyzer`` is installed its recognisers by form answer the same questions.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

from colonnade.guard.detection.checksums import is_card, is_german_tax_id, is_iban, is_nhs_number
from colonnade.guard.detection.patterns import Patterns
from colonnade.guard.detection.presidio import PresidioDetector
from colonnade.records import (
    Admin,
    Boundary,
    Clause,
    Level,
    MissingPackageError,
    Pattern,
    PersonalData,
    Pillar,
    Severity,
    Status,
)
from colonnade.records.clause import Criterion
from results import rate, show, write

_AROUND = (
    "Please note {} for later.",
    "It is {}; keep it safe.",
    "({})",
    "Das ist {} und sonst nichts.",
    "Voici {} comme convenu.",
    "We met at 9:30, talked about room 12, and {} was mentioned twice.",
)
_BEHIND = {"nhs": "my NHS number {}", "born": "she was born on {}", "passport": "passport number {}", "tel": "phone {}"}


class Item(NamedTuple):
    """A text, and whether it holds the value; a near miss does not."""

    kind: PersonalData
    text: str
    there: bool


Find = Callable[[str], bool]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Personal data by form.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--items", type=int, default=200, help="values and near misses per kind")
    parser.add_argument("--out", type=Path, help="a JSON file for all numbers")
    options = parser.parse_args(arguments)
    items = _items(random.Random(7), options.items)  # noqa: S311  # values to measure with, no keys
    plain = _plain(options.data)
    report: dict[str, object] = {}
    for name, find in _finders().items():
        rows, numbers = _quality(items, find)
        show(f"{name}: {len(items)} sentences", ("kind", "found (95 %)", "near misses reported (95 %)"), rows)
        speed = _speed(find)
        flagged = [text for text in plain if find(text)]
        shown = f"{len(flagged)} of {len(plain)} plain paragraphs reported, {speed:.3f} ms per 300 characters"
        print(f"{name}: {shown}")
        report[name] = {"kinds": numbers, "plain": [len(flagged), len(plain)], "milliseconds": speed}
    if options.out:
        write(options.out, report)
    return 0


def _finders() -> dict[str, Find]:
    kinds = [kind for kind in PersonalData if kind is not PersonalData.PRESIDIO]
    own = Patterns([_clause(tuple(Pattern(name=kind.value, personal=kind) for kind in kinds))], "reply")
    found: dict[str, Find] = {"colonnade": lambda text: bool(own.find(text))}
    try:
        other = PresidioDetector([_clause((Pattern(name="presidio", personal=PersonalData.PRESIDIO),))], "reply")
    except MissingPackageError:
        print("presidio-analyzer is not installed; only our own recognisers are measured")
    else:
        found[f"presidio {other.version}, by form"] = lambda text: bool(other.detect(text))
    return found


def _clause(patterns: tuple[Pattern, ...]) -> Clause:
    return Clause(
        id="privacy.data",
        title="Data",
        text="Must not.",
        pillar=Pillar.PRIVACY_AND_SECURITY,
        boundary=Boundary.RESTRICTED,
        severity=Severity.HIGH,
        ceiling=Level.OVERVIEW,
        rubric=(Criterion(ask="Does it?", fails=True),),
        patterns=patterns,
        admin=Admin(policy="privacy", status=Status.ACTIVE, version="1.0.0", owners=("team",)),
    )


def _items(draw: random.Random, number: int) -> list[Item]:
    items = []
    for kind, (value, near_miss) in _MAKERS.items():
        for index in range(number):
            there = index % 2 == 0
            said = value(draw) if there else near_miss(draw)
            items.append(Item(kind, draw.choice(_AROUND).format(said), there))
    return items


def _digits(draw: random.Random, length: int) -> str:
    return "".join(draw.choice("0123456789") for _ in range(length))


def _drawn(draw: random.Random, make: Callable[[random.Random], str], holds: Callable[[str], bool], so: bool) -> str:
    while True:
        value = make(draw)
        if holds(value) == so:
            return value


def _grouped(value: str, size: int, draw: random.Random) -> str:
    mark = draw.choice(("", " ", "-"))
    return mark.join(value[place : place + size] for place in range(0, len(value), size))


def _card(so: bool) -> Callable[[random.Random], str]:
    return lambda draw: _grouped(
        _drawn(draw, lambda one: one.choice("45") + one.choice("12345") + _digits(one, 14), is_card, so), 4, draw
    )


def _iban(so: bool) -> Callable[[random.Random], str]:
    def make(draw: random.Random) -> str:
        country, length = draw.choice((("DE", 22), ("BE", 16), ("FR", 27), ("AT", 20)))
        return country + _digits(draw, length - 2)

    return lambda draw: _grouped(_drawn(draw, make, is_iban, so), 4, draw)


def _tax(so: bool) -> Callable[[random.Random], str]:
    def make(draw: random.Random) -> str:
        signs = draw.sample("0123456789", 9)
        signs.insert(draw.randrange(9), draw.choice(signs))
        return "".join(signs) + _digits(draw, 1)

    return lambda draw: _drawn(draw, make, is_german_tax_id, so)


def _nhs(so: bool) -> Callable[[random.Random], str]:
    return lambda draw: _BEHIND["nhs"].format(_drawn(draw, lambda one: _digits(one, 10), is_nhs_number, so))


def _email(draw: random.Random) -> str:
    return f"{draw.choice('abcdefg')}.{_digits(draw, 3)}@mail{_digits(draw, 2)}.example.{draw.choice(('org', 'com'))}"


def _phone(draw: random.Random) -> str:
    return draw.choice(
        (f"+49 30 {_digits(draw, 7)}", f"+44 20 7946 0{_digits(draw, 3)}", f"(202) 555-01{_digits(draw, 2)}")
    )


def _no_phone(draw: random.Random) -> str:
    return draw.choice(
        (f"order {_digits(draw, 4)}-{_digits(draw, 4)}-99", f"{_digits(draw, 3)}.{_digits(draw, 3)} units")
    )


def _born(draw: random.Random) -> str:
    return _BEHIND["born"].format(f"{draw.randint(1, 28)}.{draw.randint(1, 12)}.{draw.randint(1930, 2010)}")


def _opened(draw: random.Random) -> str:
    return f"it was opened on {draw.randint(1, 28)}.{draw.randint(1, 12)}.{draw.randint(1930, 2010)}"


def _ip(draw: random.Random) -> str:
    return f"93.{draw.randint(1, 255)}.{draw.randint(0, 255)}.{draw.randint(1, 254)}"


def _version(draw: random.Random) -> str:
    return f"version {draw.randint(1, 9)}.{draw.randint(0, 20)}.{draw.randint(0, 99)}.{draw.randint(300, 999)}"


_MAKERS: dict[PersonalData, tuple[Callable[[random.Random], str], Callable[[random.Random], str]]] = {
    PersonalData.CREDIT_CARD: (_card(True), _card(False)),
    PersonalData.IBAN: (_iban(True), _iban(False)),
    PersonalData.DE_TAX_ID: (_tax(True), _tax(False)),
    PersonalData.UK_NHS_NUMBER: (_nhs(True), _nhs(False)),
    PersonalData.EMAIL: (_email, lambda draw: f"@name{_digits(draw, 3)} on icon@{_digits(draw, 1)}x.png"),
    PersonalData.PHONE: (_phone, _no_phone),
    PersonalData.DATE_OF_BIRTH: (_born, _opened),
    PersonalData.IP_ADDRESS: (_ip, _version),
}


def _plain(folder: Path) -> list[str]:
    """Paragraphs of public texts, where they are; nothing of them is printed."""
    files = [folder / "wikitext2" / "valid.txt", folder / "tatoeba_112" / "tatoeba.deu-eng.deu"]
    files += [folder / "tatoeba_112" / "tatoeba.fra-eng.eng"]
    texts = [file.read_text(encoding="utf-8") for file in files if file.is_file()]
    return [line for text in texts for line in text.splitlines() if len(line) > 20][:20_000]


def _quality(items: Sequence[Item], find: Find) -> tuple[list[tuple[str, ...]], dict[str, list[int]]]:
    rows, numbers = [], {}
    for kind in _MAKERS:
        own = [(item.there, find(item.text)) for item in items if item.kind is kind]
        there = [found for is_there, found in own if is_there]
        near = [found for is_there, found in own if not is_there]
        rows.append((kind.value, _rate(sum(there), len(there)), _rate(sum(near), len(near))))
        numbers[kind.value] = [sum(there), len(there), sum(near), len(near)]
    return rows, numbers


def _rate(events: int, trials: int) -> str:
    return f"{events}/{trials}: {rate(events, trials)}"


def _speed(find: Find) -> float:
    text = ("The quick brown fox jumps over 12 lazy dogs, and nobody knows why it did so in 2024. " * 4)[:300]
    times = []
    for _ in range(60):
        began = perf_counter()
        find(text)
        times.append(1000 * (perf_counter() - began))
    return median(times)


if __name__ == "__main__":
    raise SystemExit(main())
