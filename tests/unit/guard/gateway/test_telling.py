"""Observers are told of everything that is over, in its order, whatever one of them does."""

from __future__ import annotations

import logging
from threading import Event

import pytest

from colonnade.guard.gateway import telling
from colonnade.guard.gateway.telling import Teller
from colonnade.guard.observing import Finished
from tests.unit.guard.finished_rows import finished


class Listening:
    def __init__(self) -> None:
        self.rows: list[Finished] = []
        self.may_go_on = Event()
        self.may_go_on.set()

    def finished(self, row: Finished) -> None:
        self.may_go_on.wait(5)
        self.rows.append(row)


class Failing:
    def finished(self, row: Finished) -> None:
        raise RuntimeError("broken")


def test_all_that_is_over_is_told_in_its_order_before_the_teller_ends(caplog: pytest.LogCaptureFixture) -> None:
    listening = Listening()
    teller = Teller([Failing(), listening])
    with caplog.at_level(logging.ERROR):
        for number in range(500):
            teller.tell(finished(id=f"ex-{number}"))
        teller.close()
    assert [row.id for row in listening.rows] == [f"ex-{number}" for number in range(500)]
    assert teller.dropped == 0


def test_what_nobody_listens_to_in_time_is_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "WAITING", 10)
    listening = Listening()
    listening.may_go_on.clear()
    teller = Teller([listening])
    for _ in range(50):
        teller.tell(finished())
    assert teller.dropped >= 39
    listening.may_go_on.set()
    teller.close()
    assert len(listening.rows) + teller.dropped == 50


def test_without_observers_nothing_is_kept() -> None:
    teller = Teller([])
    teller.close()
    assert teller.observers == ()
