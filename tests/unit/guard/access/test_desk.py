from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from colonnade.guard.access import Desk, FileUseLog, drawn_for_review, read_uses
from colonnade.records import CorruptionError, GrantState, Level, RateCaps, Suspension

from .small_grants import KEY, Clock, Memory, Room, closed_cell, grant, standing, table

CONTENT = standing().content


def test_every_use_is_in_the_log_with_the_grant_and_without_the_words() -> None:
    room = Room()
    admission = room.desk.use("key-7", closed_cell(), "request", "how does it work")
    assert (admission.grant, admission.refusal) == ("pentest", "")
    (use,) = room.log.uses
    assert (use.grant, use.subject, use.topic, use.level, use.purpose, use.number) == (
        "pentest",
        "key-7",
        "cyber.intrusion",
        Level.MECHANISM,
        "authorised-test",
        0,
    )
    assert "how does" not in use.model_dump_json()
    room.desk.use("key-7", closed_cell(), "request", "how does it work")
    assert room.log.uses[1].number == 1
    assert room.log.uses[1].text != use.text, "the same words twice cannot be told from the log"


def test_without_a_log_no_grant_is_used() -> None:
    desk = Desk(table(), None, KEY, 0.1, lambda _: None, now=Clock())
    desk.replace([standing()])
    admission = desk.use("key-7", closed_cell(), "request", "x")
    assert (admission.grant, "no log" in admission.refusal) == ("", True)


def test_a_use_that_cannot_be_written_down_does_not_happen() -> None:
    room = Room()
    room.log.fault = OSError("full")
    admission = room.desk.use("key-7", closed_cell(), "request", "x")
    assert (admission.grant, "could not be logged (OSError)" in admission.refusal) == ("", True)
    room.log.fault = None
    room.desk.use("key-7", closed_cell(), "request", "x")
    assert room.log.uses[0].number == 0


@pytest.mark.parametrize("state", [state for state in GrantState if state is not GrantState.ACTIVE])
def test_only_an_active_grant_opens_anything(state: GrantState) -> None:
    room = Room(standing(state))
    assert room.desk.use("key-7", closed_cell(), "request", "x").grant == ""
    assert room.log.uses == []


def test_another_subject_and_a_topic_that_nobody_may_be_granted_stay_closed() -> None:
    room = Room()
    assert room.desk.use("key-8", closed_cell(), "request", "x").grant == ""
    assert room.desk.use("key-7", closed_cell(Level.OVERVIEW, "safety.drugs"), "request", "x").grant == ""
    assert room.desk.use("key-7", closed_cell(Level.RECIPE), "request", "x").grant == ""


@pytest.mark.parametrize(
    ("caps", "gap", "level", "words"),
    [
        (RateCaps(per_minute=2), timedelta(seconds=20), Level.MECHANISM, "use 3 within a minute"),
        (RateCaps(per_day=2), timedelta(hours=2), Level.MECHANISM, "use 3 within a day"),
        (RateCaps(specific_per_day=2), timedelta(hours=2), Level.ACTIONABLE, "use 3 at actionable or recipe"),
    ],
)
def test_the_use_over_a_cap_is_refused_and_suspends_at_once(
    caps: RateCaps, gap: timedelta, level: Level, words: str
) -> None:
    room = Room(standing(caps=caps))
    for _ in range(2):
        assert room.desk.use("key-7", closed_cell(level), "request", "x").grant == "pentest"
        room.clock.at += gap
    assert words in room.desk.use("key-7", closed_cell(level), "request", "x").refusal
    (suspension,) = room.suspended
    assert (suspension.cause, suspension.grant) == ("cap", "pentest")
    room.clock.at += timedelta(days=3)
    assert room.desk.use("key-7", closed_cell(), "request", "x").grant == ""
    assert len(room.log.uses) == 2


def test_uses_within_the_caps_go_on_as_older_ones_leave_the_window() -> None:
    room = Room(standing(caps=RateCaps(per_minute=2)))
    for _ in range(200):
        assert room.desk.use("key-7", closed_cell(), "request", "x").grant == "pentest"
        room.clock.at += timedelta(seconds=31)


def test_a_restart_forgets_no_count() -> None:
    room = Room(standing(caps=RateCaps(per_day=3)))
    for _ in range(2):
        room.desk.use("key-7", closed_cell(), "request", "x")
    again = Room(standing(caps=RateCaps(per_day=3)), past=room.log.uses)
    assert again.desk.use("key-7", closed_cell(), "request", "x").grant == "pentest"
    assert again.log.uses[2].number == 2
    assert again.desk.use("key-7", closed_cell(), "request", "x").grant == ""


def test_a_suspension_is_one_line_in_the_log_with_its_cause_and_in_nobodys_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    room = Room(standing(caps=RateCaps(per_day=1)))
    for _ in range(3):
        room.desk.use("key-7", closed_cell(), "request", "SECRET")
    room.desk.replace([standing(GrantState.SUSPENDED)])
    (line,) = caplog.records
    told = "the grant 'pentest' is suspended (cap): it was used more often than it allows"
    assert (line.levelname, line.getMessage()) == ("WARNING", told)
    drifting = Room()
    drifting.desk.stop(Suspension(grant="pentest", cause="drift", what="far off", at=room.clock.at))
    assert caplog.records[-1].getMessage().startswith("the grant 'pentest' is suspended (drift)")


def test_a_suspension_by_a_reviewer_is_in_the_log_once_and_one_from_before_the_start_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = standing(GrantState.SUSPENDED).model_copy(update={"stopped_for": "review"})
    Room(found).desk.replace([found])
    assert caplog.records == []
    desk = Room().desk
    desk.replace([found])
    desk.replace([found])
    assert [record.getMessage() for record in caplog.records] == [
        "the grant 'pentest' is suspended (review): a person found a use outside its purpose"
    ]


def test_what_was_stopped_stays_stopped_until_the_ledger_is_known_to_say_so() -> None:
    room = Room()
    room.desk.stop(Suspension(grant="pentest", cause="drift", what="far off", at=room.clock.at))
    room.desk.replace([standing()])  # read before the suspension was written
    assert room.desk.use("key-7", closed_cell(), "request", "x").grant == ""
    room.desk.replace([standing(GrantState.SUSPENDED)])
    assert room.desk.use("key-7", closed_cell(), "request", "x").grant == ""
    room.desk.replace([standing()])  # two people signed it anew
    assert room.desk.use("key-7", closed_cell(), "request", "x").grant == "pentest"


def test_a_suspension_that_the_ledger_cannot_take_holds_here_all_the_same_and_is_written_when_it_can() -> None:
    written, full = list[Suspension](), True

    def write(suspension: Suspension) -> None:
        if full:
            raise OSError("full")
        written.append(suspension)

    desk = Desk(table(), Memory(), KEY, 0.1, write, now=Clock())
    desk.replace([standing()])
    desk.stop(Suspension(grant="pentest", cause="cap", what="too often", at=Clock().at))
    desk.replace([standing()])
    assert desk.use("key-7", closed_cell(), "request", "x").grant == ""
    with pytest.raises(OSError, match="full"):
        desk.write_again()
    full = False
    desk.write_again()
    desk.write_again()
    assert [row.grant for row in written] == ["pentest"], "once it is written, it is not written again"


def test_use_beside_the_purpose_is_noticed_as_drift_and_suspends() -> None:
    room = Room()
    assert [room.desk.score("pentest", beside) for beside in (1, 1, 1)] == [False, False, True]
    assert room.suspended[0].cause == "drift"
    assert room.desk.use("key-7", closed_cell(), "request", "x").grant == ""
    good = Room()
    assert not any(good.desk.score("pentest", 0) for _ in range(500))


def test_a_closed_desk_lets_nothing_through() -> None:
    room = Room()
    room.desk.close()
    assert room.desk.use("key-7", closed_cell(), "request", "x").grant == ""


# --- the draw -------------------------------------------------------------------------------------


def test_everything_at_the_highest_level_is_reviewed() -> None:
    assert all(drawn_for_review(KEY, CONTENT, number, Level.RECIPE, 0.01) for number in range(300))


def test_the_stated_share_is_drawn_and_the_draw_can_be_repeated() -> None:
    lots = [drawn_for_review(KEY, CONTENT, number, Level.MECHANISM, 0.1) for number in range(20_000)]
    assert 0.093 < sum(lots) / len(lots) < 0.107, "within three standard errors"
    assert lots == [drawn_for_review(KEY, CONTENT, number, Level.MECHANISM, 0.1) for number in range(20_000)]
    assert all(drawn_for_review(KEY, CONTENT, number, Level.MECHANISM, 1.0) for number in range(300))


def test_without_the_key_one_draw_says_nothing_about_another() -> None:
    other = KEY[::-1]
    pairs = [
        (drawn_for_review(KEY, CONTENT, n, Level.MENTION, 0.5), drawn_for_review(other, CONTENT, n, Level.MENTION, 0.5))
        for n in range(4_000)
    ]
    assert 0.46 < sum(one == two for one, two in pairs) / len(pairs) < 0.54
    with pytest.raises(ValueError, match="32 bytes"):
        Desk(table(), None, b"short", 0.1, lambda _: None)


def test_the_mark_in_the_log_is_the_draw() -> None:
    room = Room(standing(caps=RateCaps(per_minute=1000, per_day=1000, specific_per_day=1000)), share=0.3)
    for _ in range(200):
        admission = room.desk.use("key-7", closed_cell(), "request", "x")
        assert admission.drawn == room.log.uses[-1].drawn
    assert [use.drawn for use in room.log.uses] == [
        drawn_for_review(KEY, CONTENT_OF_MANY, n, Level.MECHANISM, 0.3) for n in range(200)
    ]


CONTENT_OF_MANY = standing(caps=RateCaps(per_minute=1000, per_day=1000, specific_per_day=1000)).content


# --- the log --------------------------------------------------------------------------------------


def test_the_log_is_read_back_and_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    room = Room()
    room.desk.use("key-7", closed_cell(), "request", "x")
    (use,) = room.log.uses
    file = tmp_path / "uses.jsonl"
    FileUseLog(file).append(use)
    with file.open("ab") as stream:
        stream.write(b'{"grant": "pen')
    assert read_uses(file) == (use,)
    again = FileUseLog(file)
    with again.turn() as past:
        assert past == (use,)
        again.append(use)
    assert read_uses(file) == (use, use)
    file.write_bytes(b"{}\n")
    with pytest.raises(CorruptionError, match="line 1"):
        read_uses(file)
    assert read_uses(tmp_path / "none") == ()


def test_a_request_may_name_one_of_several_grants() -> None:
    room = Room(standing(), standing(id="other"))
    holder = room.desk.holder("key-7", "other")
    assert holder.opens(closed_cell(), room.clock.at.date()) == "other"
    assert holder.use(closed_cell(), "request", "x").grant == "other"
    assert room.desk.holder("key-7", "third").opens(closed_cell(), room.clock.at.date()) == ""
    assert grant().id == "pentest"


def test_what_is_withheld_is_closed_at_once_and_until_it_is_taken_up_again() -> None:
    room = Room(standing(), standing(id="other"))
    today = room.clock.at.date()
    room.desk.withhold({"other", "unknown"})
    assert room.desk.holder("key-7", "other").opens(closed_cell(), today) == ""
    assert room.desk.holder("key-7", "pentest").opens(closed_cell(), today) == "pentest"
    assert [row.grant.id for row in room.desk.standings_of("key-7")] == ["pentest"]
    room.desk.replace([standing(), standing(id="other")])
    assert room.desk.holder("key-7", "other").opens(closed_cell(), today) == "other"


def test_what_is_withheld_while_all_grants_are_read_stays_so_until_they_are_read_again() -> None:
    room = Room(standing(), standing(id="other"))
    room.desk.withhold({"pentest"})
    reading = room.desk.begins_reading()
    room.desk.withhold({"other", "new"})
    room.desk.replace([standing(), standing(id="other"), standing(id="new")], reading=reading)
    assert [row.grant.id for row in room.desk.standings_of("key-7")] == ["pentest"]
    assert room.desk.active("key-7", "new") is None, "it was not active yet when it was withheld"
    room.desk.replace([standing(), standing(id="other")], reading=room.desk.begins_reading())
    assert [row.grant.id for row in room.desk.standings_of("key-7")] == ["pentest", "other"]


def test_a_holder_whose_grants_are_withheld_has_none_and_others_keep_theirs() -> None:
    room = Room(standing(), standing(id="other"), standing(id="third", subject="key-8"))
    room.desk.withhold({"other"}, with_others=True)
    assert [len(room.desk.standings_of(who)) for who in ("key-7", "key-8")] == [0, 1]
    room.desk.withhold_subjects({"key-8"})
    assert room.desk.standings_of("key-8") == ()
