"""Whatever page the power takes of what was not yet on disk: acknowledged rows stay, and the log goes on."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.store.log import Entry, KeyRing, TransparencyLog, create_log, seal_contents, verify_log
from colonnade.store.log.contents import check_contents, open_row
from colonnade.store.log.segments import body_of, segment_files
from colonnade.store.log.tree import folded, leaf_hashes
from colonnade.store.log.unfinished import BOOT

from .logs import ORIGIN, PUBLIC, SIGNER
from .power import Disk, Killed, OneAfterTheOther

UNTIL = date(2027, 1, 1)


class World(NamedTuple):
    """A log with its keys, and what its writers were told is on disk."""

    folder: Path
    ring: KeyRing
    random: Random
    told: dict[int, str]

    def opened(self) -> TransparencyLog:
        log = TransparencyLog(self.folder)
        log.second_hand = OneAfterTheOther(self.random)  # type: ignore[assignment]  # does what the thread does
        return log

    def append(self, log: TransparencyLog) -> None:
        """A group, mostly of rows with texts; what is said of it is remembered once the call returns."""
        count, sealing = self.random.choice((1, 3, 20, 60, 300)), self.random.random() < 0.8
        texts = [f"text {self.random.random()}" for _ in range(count)]
        entries = []
        for text in texts:
            sealed = seal_contents(self.ring, "alice", UNTIL, {"prompt": text}) if sealing else None
            row = {"said": text, **({"contents": sealed.references} if sealed else {})}
            entries.append(Entry(body_of(row), sealed.lines if sealed else ()))
        for index, text in zip(log.append_entries(entries), texts, strict=True):
            self.told[index] = text if sealing else ""

    def check(self) -> None:
        """All that was told is there, every text of every row can be read, and nothing is wrong with the log."""
        found, contents = verify_log(self.folder, PUBLIC), check_contents(self.folder, self.ring)
        faults = [problem for problem in found.problems if "nobody vouches" not in problem]
        assert (faults, contents.problems) == ([], ()), (faults, contents.problems)
        assert found.rows > max(self.told, default=-1), "acknowledged rows are not there"

    def check_texts(self) -> None:
        lines = b"".join(file.read_bytes() for file in segment_files(self.folder)).splitlines()
        for index, text in self.random.sample(sorted(self.told.items()), min(len(self.told), 20)):
            opening = open_row(self.folder, self.ring, index).get("prompt")
            assert (opening.text if opening else "") == text
        log = TransparencyLog(self.folder)
        assert log.head().root == folded(leaf_hashes(lines))
        log.close()


def world_of(folder: Path, seed: int) -> World:
    create_log(folder / "log", ORIGIN, 256)
    return World(folder / "log", KeyRing(folder / "keys", bytes(32), folder / "log"), Random(seed), {})


def live(world: World, disk: Disk) -> None:
    """Groups and checkpoints of two writers, some of whom are killed on the way, until the power goes."""
    random = world.random
    writers = [world.opened()]
    for _ in range(random.randint(1, 8)):
        number = random.randrange(len(writers))
        disk.until = random.randint(1, 6) if random.random() < 0.3 else -1
        try:
            if random.random() < 0.15:
                writers[number].sign_checkpoint(SIGNER)
            else:
                world.append(writers[number])
        except Killed:
            disk.until = -1
            writers[number].close()
            writers[number] = world.opened()
        disk.until = -1
        if len(writers) < 2 and random.random() < 0.5:
            writers.append(world.opened())
    disk.until = random.randint(1, 12)
    try:
        for _ in range(3):
            world.append(writers[0])
            if random.random() < 0.3:
                writers[0].sign_checkpoint(SIGNER)
    except Killed:
        pass
    disk.until = -1
    for writer in writers:
        writer.close()


def stop_machine(folder: Path) -> None:
    (folder / BOOT).write_bytes(b"an earlier run of the machine\n")


def lose_power(folder: Path, seed: int) -> None:
    world = world_of(folder, seed)
    with Disk(world.folder, world.random) as disk:
        disk.sync_everything()
        live(world, disk)
        for _ in range(2):  # the power may go again, right behind the first new groups
            disk.lose()
            stop_machine(world.folder)
            world.check()
            log = world.opened()
            world.check()
            world.append(log)
            log.sign_checkpoint(SIGNER)
            world.append(log)
            log.close()
            world.check()
    world.check_texts()


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_loss_of_power_takes_an_acknowledged_row_or_leaves_a_log_that_does_not_verify(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    lose_power(tmp_path_factory.mktemp("power"), seed)
