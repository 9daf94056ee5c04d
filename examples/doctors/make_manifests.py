"""Makes the two manifests of this example, always the same. The items are invented: ids, no people, no names."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Item = dict[str, Any]
CELLS = [(gender, tone) for gender in ("woman", "man") for tone in ("light", "medium", "dark")]
BEFORE = dict(zip(CELLS, (19, 6, 3, 141, 13, 6), strict=True))
"""What the one vendor delivers, of 200; the other 12 declare nothing or something else."""


def item(source: str, number: int, licence: str, chance: random.Random, **attributes: str) -> Item:
    """One photo as its source describes it."""
    return {
        "id": f"{source}-{number:04}",
        "source": source,
        "licence": licence,
        "consent": f"form-{source}-{number:04}",
        "attributes": {"occupation": "doctor"} | attributes,
        "signature": f"{chance.getrandbits(64):016x}",
    }


def vendor(chance: random.Random) -> list[Item]:
    """One vendor's 200 photos: one group almost only, ten from the same sitting, some papers missing."""
    people = [{"gender": gender, "skin tone": tone} for (gender, tone), count in BEFORE.items() for _ in range(count)]
    people += [{"gender": "nonbinary", "skin tone": "light"}] * 2 + [{}] * 10
    chance.shuffle(people)
    items = [item("vendor-a", at + 1, "agreement-17", chance, **person) for at, person in enumerate(people)]
    sitting = [row for row in items if row["attributes"].get("skin tone") == "light"][:11]
    for row in sitting[1:]:
        row["signature"] = f"{int(sitting[0]['signature'], 16) ^ 1 << chance.randrange(64):016x}"
    for row in chance.sample(items, 6):
        row["licence"] = ""
    for row in chance.sample(items, 9):
        row["consent"] = ""
    return items


def usable(items: list[Item]) -> Iterator[Item]:
    """The vendor's photos whose papers are complete, and one of the sitting."""
    seen: list[int] = []
    for row in items:
        bits = int(row["signature"], 16)
        near = any((bits ^ other).bit_count() <= 3 for other in seen)
        if row["licence"] and row["consent"] and not near:
            seen.append(bits)
            yield row


def others(chance: random.Random) -> Iterator[Item]:
    """Photos of two more sources, asked for by cell: a hospital network and an open call."""
    wanted = dict(zip(CELLS, (60, 76, 79, 0, 68, 76), strict=True))
    people = [{"gender": gender, "skin tone": tone} for (gender, tone), count in wanted.items() for _ in range(count)]
    people += [{"gender": "nonbinary", "skin tone": tone} for tone in ("light", "medium", "dark") for _ in range(5)]
    people += [{}] * 6
    chance.shuffle(people)
    for at, person in enumerate(people):
        source, licence = (("hospital-network", "CC-BY-4.0"), ("open-call", "CC0-1.0"))[at % 2]
        yield item(source, at // 2 + 1, licence, chance, **person)


def write(file: Path, items: list[Item]) -> None:
    """One item per line."""
    file.write_text("".join(json.dumps(row) + "\n" for row in items), encoding="utf-8")


def main(folder: Path) -> None:
    """Write both manifests into a folder."""
    chance = random.Random(20)  # noqa: S311  # an example that is the same each time, not a secret
    before = vendor(chance)
    write(folder / "manifest-before.jsonl", before)
    write(folder / "manifest-after.jsonl", [*usable(before), *others(chance)])


if __name__ == "__main__":
    main(Path(__file__).parent)
