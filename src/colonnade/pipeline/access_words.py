"""What was said in a use, for a reviewer who holds the keys of the sealed log; each held against its commitment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from colonnade.guard.access.writing import commitment_to_words
from colonnade.pipeline.feedback import Sealed
from colonnade.records import CorruptionError, GrantUse
from colonnade.store.log.contents import open_row
from colonnade.store.log.segments import segment_files, whole_lines


class Words(NamedTuple):
    """What is known of the words of a use.

    Attributes:
        state: ``found``, and they fit the commitment; ``erased`` where a key of the rows that name the
            grant was destroyed; ``missing`` where no text in the log fits.
    """

    state: Literal["found", "erased", "missing"]
    text: str = ""


def words_of_uses(uses: Iterable[GrantUse], sealed: Sealed, key: bytes) -> dict[GrantUse, Words]:
    """The words of each use.

    A text is shown only if it fits the commitment that was written before the answer went out. Of a
    long reply the commitment may be to the part that was judged; then no whole text fits it.

    Args:
        uses: that wait for review.
        sealed: the log and the keys.
        key: the secret of the desk, which the commitments were made with.

    Raises:
        CorruptionError: where a sealed text was changed.
    """
    wanted = list(dict.fromkeys(uses))
    found: dict[GrantUse, Words] = dict.fromkeys(wanted, Words("missing"))
    for index, side, grants in _rows_under_grants(sealed.log):
        concerned = [use for use in wanted if use.grant in grants and use.side == side and not found[use].text]
        if not concerned:
            continue
        for opening in open_row(sealed.log, sealed.ring, index).values():
            for use in concerned:
                if opening is None:
                    found[use] = found[use] if found[use].text else Words("erased")
                elif use.text == commitment_to_words(key, use.content, use.number, use.side, opening.text):
                    found[use] = Words("found", opening.text)
    return found


def _rows_under_grants(log: Path) -> Iterator[tuple[int, str, frozenset[str]]]:
    """Place, side and grants of every row that was let through under one and has sealed texts."""
    for file in segment_files(log):
        lines, _ = whole_lines(file.read_bytes())
        for line in lines:
            if b'"contents":' in line and b'"grant":"' in line:
                try:
                    content = json.loads(line)
                    side, grants = _ruled(content["row"])
                    index = int(content["index"])
                except (ValueError, KeyError, TypeError):
                    raise CorruptionError("a row of the log cannot be read.", file=file) from None
                if grants:
                    yield index, side, grants


def _ruled(row: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
    ruling = row.get("ruling")
    if not isinstance(ruling, dict) or not ruling.get("grant"):
        return "", frozenset()
    return str(ruling.get("side", "")), frozenset(str(ruling["grant"]).split(", "))
