"""What people say should have come of logged exchanges, beside a replay of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

from colonnade.guard.replaying import Should
from colonnade.records import InputError, Record
from colonnade.records.reading import read_rows, row_to_record


class Label(Record):
    """What people say should have come of an exchange of a log."""

    id: str
    should: Literal["allow", "refuse"]


class Labels(NamedTuple):
    """What people say of exchanges.

    Attributes:
        said: by the id of the exchange.
        file: where it stands; none where nobody said anything.
        lines: of each id.
    """

    said: Mapping[str, Should] = MappingProxyType({})
    file: Path | None = None
    lines: Mapping[str, int] = MappingProxyType({})

    def check(self, known: Collection[str], place: str) -> None:
        """Each label has to be for something.

        Args:
            known: ids of what is replayed.
            place: what it is, as people call it.

        Raises:
            InputError: at the first label that is for nothing, with its line.
        """
        for name in self.said:
            if name not in known:
                what = f"the label of '{name}' is for nothing in this {place}."
                raise InputError(what, file=self.file, line=self.lines[name], mend="Take it out, or correct the id.")


def labels_of_file(file: Path) -> Labels:
    """What people say of exchanges, by their ids.

    Raises:
        InputError: at the first line that is wrong, or an id that stands twice with different labels;
            and where there is none.
    """
    found: dict[str, Should] = {}
    lines: dict[str, int] = {}
    for line, row in read_rows(file):
        label = row_to_record(Label, row, file, line)
        if found.setdefault(label.id, label.should) != label.should:
            what = f"'{label.id}' is labelled twice, and not alike."
            raise InputError(what, file=file, line=line, mend="Keep the label that holds.")
        lines.setdefault(label.id, line)
    if not found:
        raise InputError("there is no label in it.", file=file, mend="Write some, or leave '--labels' out.")
    return Labels(found, file, lines)
