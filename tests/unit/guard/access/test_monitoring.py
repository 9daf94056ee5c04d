from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest

from colonnade.guard.access.indexing import Question
from colonnade.guard.access.monitoring import MOST_WAITING, AccessMonitor, Known
from colonnade.guard.access.patterns import seen, word_weights
from colonnade.guard.access.purposes import PurposeReader
from colonnade.guard.access.sightings import SightingFile
from colonnade.records import Alert, GrantState, RateCaps, Suspension
from tests.unit.guard.small_policies import BrokenEncoder, WordEncoder

from .purpose_texts import off_purpose, on_purpose, purposes
from .requests import ABOVE, HARMLESS, OUTSIDE, USED, finished
from .small_grants import KEY, NOON, Room, standing
from .test_patterns import ASKED, benign, thirds

MANY = RateCaps(per_minute=10_000, per_day=10_000, specific_per_day=10_000)


class Watched:
    """A desk with a monitor over it, in a folder that outlasts both."""

    def __init__(self, folder: Path, known: Known | None = None, room: Room | None = None) -> None:
        self.room = room or Room(standing(caps=MANY))
        self.alerts: list[Alert] = []
        questions = (Question("cyber.intrusion", seen("", NOON, ASKED, KEY)),)
        known = known or Known(questions, word_weights(benign(), KEY), PurposeReader(purposes(), WordEncoder()))
        self.monitor = AccessMonitor(
            self.room.desk,
            SightingFile(folder / "sightings.jsonl"),
            folder / "monitor.lock",
            KEY,
            lambda: known,
            self.alerts.append,
            now=lambda: NOON + timedelta(days=20),
        )

    def sees(self, *rows: object) -> None:
        for row in rows:
            self.monitor.finished(row)  # type: ignore[arg-type]
        self.monitor.look()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.monitor.stop()


# --- drift ----------------------------------------------------------------------------------------


def test_an_honest_holder_is_left_alone_and_one_who_switches_is_suspended(watched: Watched) -> None:
    chance = random.Random(7)
    watched.sees(*(finished(on_purpose(chance), USED) for _ in range(300)))
    assert watched.room.suspended == []
    uses = 0
    while not watched.room.suspended and uses < 30:
        watched.sees(finished(off_purpose(chance), USED))
        uses += 1
    assert uses <= 8
    assert (watched.room.suspended[0].cause, watched.room.suspended[0].grant) == ("drift", "pentest")


def test_who_asks_for_closed_topics_outside_the_grant_is_suspended_and_asking_again_counts_once(
    watched: Watched,
) -> None:
    again = [finished("the same in other words", OUTSIDE, at=NOON + timedelta(minutes=n)) for n in range(9)]
    watched.sees(*again)
    assert watched.room.suspended == []
    watched.sees(finished("more", ABOVE, at=NOON + timedelta(hours=1)))
    watched.sees(finished("and more", OUTSIDE, at=NOON + timedelta(hours=2)))
    assert watched.room.suspended[0].cause == "drift"
    assert watched.room.suspended[0].what == (
        "2 refused requests on safety.drugs, which it does not cover, and 1 refused request on cyber.intrusion "
        "above its level: the sum of evidence is 5.4, over 4.5"
    )


def test_what_others_ask_and_what_is_open_says_nothing_about_a_grant(watched: Watched) -> None:
    watched.sees(*(finished(f"{n}", OUTSIDE, who="key-8", at=NOON + timedelta(hours=n)) for n in range(9)))
    watched.sees(*(finished(f"{n}", HARMLESS, at=NOON + timedelta(hours=n)) for n in range(9)))
    assert watched.room.suspended == []


def test_a_purpose_that_nobody_can_tell_and_an_encoder_that_fails_are_counted_and_named(tmp_path: Path) -> None:
    plain = Watched(tmp_path, Known())
    plain.sees(finished("x", USED), finished("y", USED))
    assert plain.monitor.unread == {"authorised-test": 2}
    plain.monitor.stop()
    encoder = BrokenEncoder()
    broken = Watched(tmp_path, Known(reader=PurposeReader(purposes(), encoder)))
    encoder.fault = OSError("gone")
    broken.sees(finished("x", USED))
    assert (broken.monitor.unread, broken.monitor.faults, broken.monitor.dropped) == ({"authorised-test": 1}, 1, 0)
    broken.monitor.stop()


def test_a_restart_forgets_no_drift_and_what_people_signed_anew_begins_anew(tmp_path: Path) -> None:
    chance = random.Random(8)
    first = Watched(tmp_path)
    rows = [finished(off_purpose(chance), USED, at=NOON + timedelta(hours=n)) for n in range(2)]
    first.sees(*rows)
    first.monitor.stop()
    assert first.room.suspended == []
    again = Watched(tmp_path)
    again.sees(*(finished(off_purpose(chance), USED, at=NOON + timedelta(hours=3 + n)) for n in range(4)))
    assert len(again.room.suspended) == 1
    again.monitor.stop()
    signed = standing(caps=MANY).model_copy(update={"since": NOON + timedelta(days=1)})
    renewed = Watched(tmp_path, room=Room(signed))
    renewed.monitor.look()
    assert renewed.room.suspended == []
    renewed.monitor.stop()


# --- patterns -------------------------------------------------------------------------------------


def parts(at: int = 0) -> list[object]:
    texts = thirds(ASKED)
    return [finished(text, who=f"x{n}", at=NOON + timedelta(days=5 * n + at)) for n, text in enumerate(texts)]


def test_a_question_in_parts_by_several_raises_one_alert_that_a_restart_does_not_raise_again(tmp_path: Path) -> None:
    first = Watched(tmp_path)
    rows = parts()
    first.sees(*rows)
    (alert,) = first.alerts
    assert (alert.kind, alert.clause, alert.subjects) == ("assembled", "cyber.intrusion", ("x1", "x2"))
    assert set(alert.rows) <= {row.id for row in rows}  # type: ignore[attr-defined]
    first.monitor.stop()
    again = Watched(tmp_path)
    again.monitor.know(first.alerts)
    again.monitor.look()
    assert again.alerts == []
    again.monitor.stop()
    unaware = Watched(tmp_path)
    unaware.monitor.look()
    assert unaware.alerts == first.alerts, "the same to the letter, so that the ledger's readers see one"
    unaware.monitor.stop()


def test_the_same_refused_question_by_three_and_rising_levels_raise_alerts(watched: Watched) -> None:
    watched.sees(*(finished(ASKED, OUTSIDE, who=who, at=NOON + timedelta(days=n)) for n, who in enumerate("abc")))
    assert [alert.kind for alert in watched.alerts] == ["repeated"]


def test_one_process_leads_and_another_takes_over_when_it_ends(tmp_path: Path) -> None:
    one, two = Watched(tmp_path), Watched(tmp_path)
    one.monitor.look()
    rows = parts()
    two.sees(*rows[:2])
    assert (one.monitor.leads, two.monitor.leads) == (True, False)
    two.sees(rows[2])
    assert two.alerts == []
    one.monitor.look()
    assert len(one.alerts) == 1, "it reads what the other saw"
    one.monitor.stop()
    two.monitor.look()
    assert two.monitor.leads
    two.monitor.stop()


def test_an_alert_that_cannot_be_written_is_tried_again(watched: Watched) -> None:
    faults = [OSError("full"), None]

    def alerted(alert: Alert) -> None:
        fault = faults.pop(0)
        if fault:
            raise fault
        watched.alerts.append(alert)

    watched.monitor._alerted = alerted
    watched.sees(*parts())
    assert (watched.alerts, watched.monitor.faults) == ([], 1)
    watched.monitor.look()
    assert len(watched.alerts) == 1


def test_a_suspension_that_cannot_be_written_is_tried_again(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, written = watched.room.desk, list[Suspension]()

    def full(_: Suspension) -> None:
        raise OSError("full")

    monkeypatch.setattr(desk, "_suspended", full)
    desk.stop(Suspension(grant="pentest", cause="cap", what="too often", at=NOON))
    watched.monitor.look()
    assert watched.monitor.faults == 1, "whoever reads the metrics sees that something failed"
    monkeypatch.setattr(desk, "_suspended", written.append)
    watched.monitor.look()
    watched.monitor.look()
    assert ([row.grant for row in written], watched.monitor.faults) == (["pentest"], 1)


def test_the_file_holds_no_words_and_the_thread_writes_within_a_second(tmp_path: Path, watched: Watched) -> None:
    watched.monitor.start()
    watched.monitor.finished(finished("the chemistry store", USED))
    file, began = tmp_path / "sightings.jsonl", monotonic()
    while not (file.exists() and file.read_bytes()):
        assert monotonic() - began < 5
        sleep(0.02)
    watched.monitor.stop()
    assert b"chemistry" not in file.read_bytes()


def test_what_is_too_much_is_dropped_and_counted_and_a_huge_text_is_cut(watched: Watched) -> None:
    row = finished("x")
    for _ in range(MOST_WAITING + 3):
        watched.monitor.finished(row)
    assert watched.monitor.dropped == 3
    watched.monitor._waiting.clear()
    began = monotonic()
    watched.sees(finished("one two three " * 100_000, OUTSIDE))
    assert monotonic() - began < 5


def test_new_policies_are_learnt_without_waiting_for_the_monitor(watched: Watched) -> None:
    watched.sees(*parts()[:2])
    assert watched.alerts == []
    watched.monitor.learn(lambda: Known())
    watched.sees(*parts()[2:])
    assert watched.alerts == [], "there is no such question any more"


def test_a_purpose_that_cannot_be_read_is_told_once_until_what_is_wrong_with_it_changes(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    def learns(own: int) -> list[str]:
        caplog.clear()
        watched.monitor.learn(lambda: Known(reader=PurposeReader(purposes(own=own), WordEncoder())))
        watched.monitor.look()
        return [record.getMessage().partition(":")[0] for record in caplog.records]

    general, described = (
        f"uses for '{name}' are not read for their purpose" for name in ("general", "authorised-test")
    )
    assert learns(5) == [described, general]
    assert learns(5) == [], "another edit that changes nothing of this"
    assert learns(6)[0] == described, "it has more examples, and still too few"
    assert described not in learns(20)
    assert described in learns(5), "what could be read meanwhile is told again"


def test_a_grant_that_ended_gathers_no_evidence(tmp_path: Path) -> None:
    ended = Watched(tmp_path, room=Room(standing(GrantState.REVOKED)))
    ended.sees(*(finished(f"{n}", OUTSIDE, at=NOON + timedelta(hours=n)) for n in range(6)))
    assert ended.room.suspended == []
    ended.monitor.stop()
