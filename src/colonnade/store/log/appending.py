"""The log as its writers see it: rows go in by groups, and are on disk when the call returns.

Several processes may write one log: they take turns, group by group, and each first reads what the
others wrote. The rows alone are the truth. The hashes beside them are made again where a crash lost
them, and a last line without its end is cut off, or a last row whose contents a crash took: nobody
was told that it was written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from colonnade.records import ColonnadeError, CorruptionError, InputError, canonical_json
from colonnade.store.log.checkpoints import (
    BACKUP,
    CHECKPOINT,
    HISTORY,
    Checkpoint,
    last_in_history,
    parse_checkpoint,
    standing_checkpoint,
)
from colonnade.store.log.disk import Turn, append_lines, replace_bytes, sync_folder
from colonnade.store.log.notes import Note, Signature, check_name, sign_note
from colonnade.store.log.segments import (
    CONTENTS,
    ROWS,
    SETTINGS,
    TILES,
    LogSettings,
    body_of,
    later_time,
    read_settings,
    rows_of_several_groups,
    segment_file,
    segment_files,
    stamped,
    stands_at,
    time_of,
    time_text,
    whole_lines,
)
from colonnade.store.log.tails import SecondHand, Tail
from colonnade.store.log.tiles import WIDTH, TileFiles, nodes_from
from colonnade.store.log.tree import leaf_hashes, root
from colonnade.store.log.unfinished import GROUP, TornEnd, cut_off, first_unfinished, remember_machine


class Entry(NamedTuple):
    """A row in canonical JSON, and the encrypted contents that it has commitments to."""

    body: bytes
    sealed: tuple[bytes, ...] = ()


def create_log(folder: Path, origin: str, segment_rows: int | None = None) -> None:
    """Make an empty log.

    Args:
        folder: where; it is made.
        origin: the name in its checkpoints, such as ``example.com/guard``.
        segment_rows: rows of a file, a multiple of 256; 65,536 if not said.

    Raises:
        InputError: where there is one already, or the origin cannot be a name.
    """
    settings = LogSettings(origin=check_name(origin), **({"segment_rows": segment_rows} if segment_rows else {}))
    if (folder / SETTINGS).exists():
        raise InputError("there is an audit log here already.", file=folder, mend="Choose another folder.")
    for room in (ROWS, CONTENTS, TILES):
        (folder / room).mkdir(parents=True, exist_ok=True)
    replace_bytes(folder / SETTINGS, canonical_json(settings.model_dump(mode="json")) + b"\n")


class TransparencyLog:
    """An open log.

    Args:
        folder: of a log that ``create_log`` made.
        clock: the time that rows are stamped with; where it runs backwards, rows keep the last time.
        patience: seconds to wait for another writer's turn to end.

    Raises:
        InputError: where there is no log.
        CorruptionError: where the rows are not those that its own last checkpoint vouches for.
    """

    def __init__(
        self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC), patience: float = 10.0
    ) -> None:
        self.folder, self.clock, self.settings = folder, clock, read_settings(folder)
        self.torn: tuple[TornEnd, ...] = ()
        self.turn = Turn(folder / "lock", patience)
        self.tiles = TileFiles(folder)
        self.second_hand: SecondHand | None = None
        self._rows, self._contents = Tail(), Tail()
        self._unindexed: list[bytes] = []
        self._first = self._count = self._end = 0
        self._time = b""
        self._known = self._unsure = False
        try:
            with self.turn:
                self._catch_up()
        except BaseException:
            self.close()
            raise

    @property
    def size(self) -> int:
        """Rows, as far as this process has read or written."""
        return self.tiles.size + len(self._unindexed)

    def close(self) -> None:
        """Give the files back."""
        self._rows.close()
        self._contents.close()
        self.turn.close()

    def head(self) -> Checkpoint:
        """The tree as it stands, unsigned."""
        with self.turn:
            self._catch_up()
            return self._head(self.size)

    def now(self) -> datetime:
        """The clock's time, or the last row's where the clock is behind it."""
        with self.turn:
            self._catch_up()
            return max(self.clock(), datetime.fromisoformat(self._time.decode())) if self._time else self.clock()

    def append(self, rows: Sequence[Mapping[str, Any]]) -> range:
        """Write rows as one group; they are on disk when this returns.

        Returns:
            Their indices.

        Raises:
            InputError: where a row is none; nothing is written then.
            ColonnadeError: where the disk refuses; none of the rows is acknowledged then.
        """
        return self.append_entries([Entry(body_of(row)) for row in rows])

    def append_entries(self, entries: Sequence[Entry]) -> range:
        """The same for rows whose bytes are ready, with their encrypted contents."""
        with self.turn:
            self._catch_up()
            before = (self._first, self._end, self.size)
            try:
                self._make_sure()  # no group is begun while rows before it may still be lost
                time = later_time(time_text(self.clock()), self._time)
                self._write(entries, time)
            except OSError as fault:
                self._undo(*before[:2])
                raise ColonnadeError(
                    f"the audit log could not be written: {fault.strerror or fault}.",
                    file=self.folder,
                    mend="Make room; until then nothing is acknowledged.",
                ) from None
            return range(before[2], self.size)

    def settle(self) -> None:
        """Write what may have waited: hashes that are not due before their tile is full."""
        with self.turn:
            self._index()

    def sign_checkpoint(self, key: Ed25519PrivateKey) -> Note:
        """Sign the tree as it stands; where nothing came since, the last checkpoint stays, with its cosignatures.

        Raises:
            InputError: where the last one was signed with another key.
            CorruptionError: where it would contradict the last one.
        """
        with self.turn:
            self._catch_up()
            self._hold_against_checkpoint()
            text = str(self._head(self.size))
            signature = sign_note(text, self.settings.origin, key)
            standing = self.checkpoint()
            self._refuse_another_key(standing, signature)
            if standing is not None and standing.text == text and signature in standing.signatures:
                return standing
            note = Note(text, (signature,))
            self._make_sure()
            self._index()
            self.tiles.sync()
            append_lines(self.folder / HISTORY, [canonical_json({"note": str(note)})])
            replace_bytes(self.folder / CHECKPOINT, str(note).encode())
            return note

    def _refuse_another_key(self, standing: Note | None, signature: Signature) -> None:
        """Everybody who checks the log has one public key for all that it signed."""
        known = {row.identity for row in standing.signatures if row.name == signature.name} if standing else set()
        if known and signature.identity not in known:
            what = "this is not the key that the log's last checkpoint was signed with."
            raise InputError(what, file=self.folder, mend="Name that one; the checkpoint stays as it is.")

    def checkpoint(self) -> Note | None:
        """The last checkpoint that was signed."""
        return standing_checkpoint(self.folder)

    def _write(self, entries: Sequence[Entry], time: bytes) -> None:
        """Write, force to disk, and take in what was written; ``_undo`` takes back what failed."""
        hand = self.second_hand
        if hand is not None and (len(entries) > GROUP or not hand.is_there()):
            hand = None
        done = 0
        while done < len(entries):
            if self._count == self.settings.segment_rows:
                self._roll()
            part = entries[done : done + self.settings.segment_rows - self._count]
            lines = [stamped(time, index, entry.body) for index, entry in enumerate(part, start=self.size)]
            content = b"\n".join(lines) + b"\n"
            self._put([line for entry in part for line in entry.sealed], content, hand)
            self._unindexed += leaf_hashes(lines)
            self._count, self._end, self._time = self._count + len(part), self._end + len(content), time
            if len(self._unindexed) >= WIDTH or self.second_hand is None:
                self._index()
            done += len(part)

    def _put(self, sealed: Sequence[bytes], rows: bytes, hand: SecondHand | None) -> None:
        """Contents first, so that whoever dies here leaves no row with a commitment to what is not.

        A machine that dies may do so where both are forced to disk at once; ``unfinished`` knows of that,
        and counts on it that no row is acknowledged while contents of a row before it may still be lost.
        """
        if sealed:
            self._contents.append_lines(segment_file(self.folder, CONTENTS, self._first), sealed)
            if hand is None:
                self._contents.sync()
        self._rows.append(rows)
        if sealed and hand is not None:
            hand.both(self._rows.sync, self._contents.sync)
        else:
            self._rows.sync()

    def _make_sure(self) -> None:
        """Force to disk what was read: whoever wrote it may have died before that."""
        if self._unsure:
            for tail, kind in ((self._contents, CONTENTS), (self._rows, ROWS)):
                if tail.look(segment_file(self.folder, kind, self._first)).size:
                    tail.sync()
        self._unsure = False

    def _roll(self) -> None:
        """Go on with the next file of rows, and leave nothing undone in the one before."""
        self._make_sure()
        self._index()
        self.tiles.sync()  # whoever recovers makes the hashes of the last file again, and believes those before
        self._first, self._count, self._end = self._first + self._count, 0, 0
        self._rows.look(self._file)

    def _index(self) -> None:
        """Write the hashes that are due; they follow from the rows, so they may wait for a full tile."""
        fresh, self._unindexed = self._unindexed, []
        if fresh:
            self._hash(fresh)

    def _hash(self, leaves: Sequence[bytes]) -> None:
        """Add to the tree; where that fails half-way, what is known of the log is not to be built upon."""
        try:
            self.tiles.extend(leaves)
        except BaseException:
            self._known = False  # the next turn reads the rows again, and so gives the next row its own index
            raise

    def _undo(self, first: int, end: int) -> None:
        """Take a group back that could not be written whole; the next turn reads the log again."""
        self._known = False
        self._rows.close()
        self._contents.close()
        try:
            for file in segment_files(self.folder):
                if int(file.stem) > first:
                    file.unlink()
                elif int(file.stem) == first and file.stat().st_size > end:
                    os.truncate(file, end)
            sync_folder(self.folder / ROWS)
        except OSError:
            return  # What cannot be taken back stays unacknowledged, and whole lines of it are rows all the same.

    def _catch_up(self) -> None:
        """Read what others have written since this process last had its turn."""
        if not self._known:
            self._recover()
        while True:
            size, replaced = self._rows.look(self._file)
            if replaced:
                self._known = False
                self._recover()
                size = self._rows.look(self._file).size
            if size < self._end:
                raise CorruptionError(f"rows before row {self.size} were cut off.", file=self._file, mend=BACKUP)
            if size > self._end:
                self._read_on()
            following = self._first + self.settings.segment_rows
            if self.size < following or not segment_file(self.folder, ROWS, following).exists():
                return
            self._roll()

    def _recover(self) -> None:
        """Find the end of the log, make lost hashes again, and hold the rows against the last checkpoint."""
        rows = self.settings.segment_rows
        self._unindexed = []
        files = segment_files(self.folder)
        if [file.stem for file in files] != [f"{first:012d}" for first in range(0, len(files) * rows, rows)]:
            raise CorruptionError("a file of rows is missing.", file=self.folder / ROWS, mend=BACKUP)
        self._cut_unfinished()
        last = max(len(files) - 1, 0) * rows
        if last and not files[-1].stat().st_size:
            last -= rows
        if not self.tiles.resume(last):
            last = 0
            self.tiles.resume(0)
        self._first, self._count, self._end, self._time = last, 0, 0, b""
        for file in files[last // rows :]:
            if self._count == rows:
                self._first, self._count, self._end = self._first + rows, 0, 0
            if self._count:
                raise CorruptionError(f"rows before row {file.stem} were cut off.", file=file, mend=BACKUP)
            self._read_on()
        self.tiles.trim()
        self._hold_against_checkpoint()
        remember_machine(self.folder)
        self._known = True

    def _read_on(self) -> None:
        """Take in the lines behind those that are known, and cut a torn one off."""
        with self._file.open("rb") as stream:
            stream.seek(self._end)
            content = stream.read()
        lines, torn = whole_lines(content)
        if rows_of_several_groups(torn):
            what = f"row {self.size + len(lines)} cannot be read, and rows that were written after it can."
            raise CorruptionError(what, file=self._file, line=self._count + len(lines) + 1, mend=BACKUP)
        if torn:
            cut = cut_off(self.folder, self._file, self._end + len(content) - len(torn))
            self.torn = (*self.torn, cut)
        if self._count + len(lines) > self.settings.segment_rows:
            raise CorruptionError("this file has more rows than it can have.", file=self._file, mend=BACKUP)
        for line, (index, text) in enumerate(enumerate(lines, start=self.size), start=self._count + 1):
            if not stands_at(text, index):
                what = f"this line is not row {index}."
                raise CorruptionError(what, file=self._file, line=line, mend=BACKUP)
        self._index()
        self._hash(leaf_hashes(lines))
        self._count += len(lines)
        self._end += len(content) - len(torn)
        if lines:
            self._time, self._unsure = time_of(lines[-1]), True

    def _cut_unfinished(self) -> None:
        """Cut off what a crash of the machine left of a group without its contents."""
        row = first_unfinished(self.folder)
        if row is not None:
            file = segment_file(self.folder, ROWS, row // self.settings.segment_rows * self.settings.segment_rows)
            lines = file.read_bytes().split(b"\n")[: row - int(file.stem)]
            self.torn = (*self.torn, cut_off(self.folder, file, sum(map(len, lines)) + len(lines)))

    def _hold_against_checkpoint(self) -> None:
        """The log must begin with what it last signed, by either of the two files that say so."""
        for note in (self.checkpoint(), last_in_history(self.folder)):
            if note is not None:
                self._hold_against(parse_checkpoint(note.text))

    def _hold_against(self, signed: Checkpoint) -> None:
        if signed.size > self.size:
            what = f"the log has {self.size} rows, and its own checkpoint says {signed.size}."
            raise CorruptionError(what, file=self.folder, mend=BACKUP)
        if signed != self._head(signed.size):
            what = f"the first {signed.size} rows are not those that its own checkpoint vouches for."
            raise CorruptionError(what, file=self.folder, mend=BACKUP)

    def _head(self, size: int) -> Checkpoint:
        self._index()
        return Checkpoint(self.settings.origin, size, root(nodes_from(self.tiles.read), size))

    @property
    def _file(self) -> Path:
        return segment_file(self.folder, ROWS, self._first)
