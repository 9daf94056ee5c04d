"""Servers that are slow, busy, broken or dear, as the runner sees them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from colonnade.evaluation.runner import Cost, Price, RunSettings, Standing, answer
from colonnade.models import Reply, Sampling
from colonnade.models.http import HttpModel
from colonnade.models.pacing import Limits, Pace
from colonnade.models.remote import Attempt, failed
from colonnade.records import ColonnadeError
from tests.unit.evaluation.runner_models import SPEAKER, CountingModel, NearbyModel, prompts
from tests.unit.models.fake_clock import FakeTime
from tests.unit.models.toy_server import Response, ToyServer, refused, said


def number(question: str) -> int:
    found = re.search(r"door (\d+)", question)
    assert found
    return int(found[1])


def counted(question: str, earlier: int = 0) -> Attempt:
    return Attempt(Reply(f"re: {question}", "end"), 10, 5)


def test_a_server_is_asked_several_at_once_and_the_answers_are_in_order(tmp_path: Path) -> None:
    asked = prompts(12)
    with ToyServer(lambda text, _: said(f"re: {text}", usage=(10, 5))._replace(delay=0.03)) as server:
        model = HttpModel(server.url, "toy")
        found = answer(
            asked, model, "Be kind.", Sampling(), model.speaker, RunSettings(tmp_path / "j", Limits(concurrent=3))
        )
        again = answer(
            asked, model, "Be kind.", Sampling(), model.speaker, RunSettings(tmp_path / "j", Limits(concurrent=3))
        )
    assert [row.reply for row in found.transcripts] == [f"re: {prompt.text}" for prompt in asked]
    assert server.most_at_a_time == 3
    assert len(server.requests) == 12
    assert (again.reused, again.transcripts, again.cost) == (12, found.transcripts, Cost())
    assert found.cost == Cost(120, 60)


def test_every_way_to_fail_is_named_and_counted_and_no_neighbour_is_lost(tmp_path: Path) -> None:
    def respond(text: str, _: int) -> Response:
        bad = {
            1: Response(b'{"choices": [{"mess'),
            3: Response(b'{"choices": []}'),
            5: refused(400),
            7: said(text)._replace(delay=1.0),
            9: said(""),
            11: said("x" * 1_000_000),
        }
        return bad.get(number(text), said(f"re: {text}"))

    asked = prompts(13)
    with ToyServer(respond) as server:
        model = HttpModel(server.url, "toy", timeout=0.5)
        found = answer(asked, model, "", Sampling(), SPEAKER, RunSettings(tmp_path / "j", Limits(patience=4.0)))
    assert dict(found.faults) == {
        "the server sent half a JSON, or none": 1,
        "the server sent no choice": 1,
        "HTTP 400": 1,
        "the server did not answer within 0.5 s, given up for want of patience (4 s)": 1,
    }
    assert [place for place, row in enumerate(found.transcripts) if row.stop == "fault"] == [1, 3, 5, 7]
    assert (found.transcripts[9].reply, found.transcripts[9].stop) == ("", "end")
    assert len(found.transcripts[11].reply) == 1_000_000
    assert [found.transcripts[place].reply for place in (0, 12)] == [f"re: {asked[place].text}" for place in (0, 12)]
    with ToyServer(lambda text, _: said(f"re: {text}")) as server:
        healed = answer(asked, HttpModel(server.url, "toy"), "", Sampling(), SPEAKER, RunSettings(tmp_path / "j"))
    assert (healed.reused, healed.faults, len(server.requests)) == (9, (), 4)


def test_a_minute_of_429_costs_time_and_nothing_else() -> None:
    time = FakeTime()
    model = NearbyModel(lambda text, _: counted(text) if time.now > 60 else failed("HTTP 429", "later"))
    found = answer(prompts(50), model, "", Sampling(), SPEAKER, RunSettings(pace=Pace(Limits(), 0, time.clock)))
    assert found.faults == ()
    assert [row.reply for row in found.transcripts] == [f"re: {prompt.text}" for prompt in prompts(50)]
    assert time.now > 60
    assert len(model.asked) < 50 + 8 * 10


def test_a_server_that_never_comes_back_makes_faults_of_all_and_is_not_asked_for_ever(tmp_path: Path) -> None:
    time = FakeTime()
    model = NearbyModel(lambda *_: failed("HTTP 503", "later"))
    limits = Limits(concurrent=4, patience=60, hopeless=10)
    found = answer(
        prompts(40), model, "", Sampling(), SPEAKER, RunSettings(tmp_path / "j", pace=Pace(limits, 0, time.clock))
    )
    faults = dict(found.faults)
    assert sum(faults.values()) == 40
    given_up = faults["HTTP 503, given up for want of patience (60 s)"]
    assert 10 <= given_up < 10 + 4
    assert faults["not asked: 10 prompts in a row had been given up"] == 40 - given_up
    kept = answer(
        prompts(40), NearbyModel(counted), "", Sampling(), SPEAKER, RunSettings(tmp_path / "j", keep_faults=True)
    )
    assert kept.reused == given_up, "what was never asked has no fault of its own"


def test_the_cost_runs_along_and_failed_requests_are_paid_for_as_well() -> None:
    def respond(question: str, earlier: int) -> Attempt:
        if number(question) == 1 and earlier == 0:
            return failed("half a JSON", "seldom")._replace(tokens_in=10, tokens_out=5)
        return Attempt(Reply("x", "end")) if number(question) == 2 else counted(question)

    seen: list[Standing] = []
    pace = Pace(Limits(concurrent=1), 0, FakeTime().clock)
    price = Price(tokens_in=2.0, tokens_out=20.0)
    model = NearbyModel(respond)
    found = answer(
        prompts(4), model, "", Sampling(), SPEAKER, RunSettings(on_progress=seen.append, price=price, pace=pace)
    )
    assert found.cost == Cost(40, 20, 1, pytest.approx(480e-6))
    assert [row.cost.tokens_in for row in seen] == [0, 10, 30, 30, 40]
    assert [row.cost.money for row in seen][1] == pytest.approx(120e-6)
    assert not model.open


def test_a_programming_error_stops_the_run_and_keeps_what_was_finished(tmp_path: Path) -> None:
    def respond(question: str, _: int) -> Attempt:
        if number(question) == 6:
            raise KeyError("choices")
        return counted(question)

    with pytest.raises(ColonnadeError, match="'nearby' raised KeyError: 'choices'"):
        answer(
            prompts(20),
            NearbyModel(respond),
            "",
            Sampling(),
            SPEAKER,
            RunSettings(tmp_path / "j", Limits(concurrent=2)),
        )
    model = NearbyModel(counted)
    found = answer(prompts(20), model, "", Sampling(), SPEAKER, RunSettings(tmp_path / "j"))
    assert 5 <= found.reused <= 7
    assert len(model.asked) == 20 - found.reused


def test_an_answer_is_in_the_journal_before_it_is_counted(tmp_path: Path) -> None:
    def look(standing: Standing) -> None:
        assert (tmp_path / "j").read_bytes().count(b"\n") == 1 + standing.done

    answer(prompts(9), NearbyModel(counted), "", Sampling(), SPEAKER, RunSettings(tmp_path / "j", on_progress=look))


def test_answers_of_a_server_and_of_memory_share_a_journal_by_content_alone(tmp_path: Path) -> None:
    first = answer(prompts(5), NearbyModel(counted), "", Sampling(), SPEAKER, RunSettings(tmp_path / "j"))
    second = answer(prompts(5), CountingModel(), "", Sampling(), SPEAKER, RunSettings(tmp_path / "j"))
    assert (second.reused, second.transcripts) == (5, first.transcripts)
