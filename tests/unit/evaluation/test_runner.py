"""Prompts in, transcripts out: in order, resumable, and never at the cost of a neighbour."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from colonnade.evaluation.runner import RunSettings, Standing, answer, answer_async
from colonnade.models import Reply, Sampling, ScriptedModel
from colonnade.records import ColonnadeError, InputError, digest_of
from tests.unit.evaluation.runner_models import SPEAKER, CountingModel, echo, prompts
from tests.unit.records.samples import make_prompt

SAMPLING = Sampling(tokens=99, batch=4)


def test_every_prompt_has_one_transcript_in_order() -> None:
    asked = prompts(10)
    found = answer(asked, CountingModel(), "Be kind.", SAMPLING, SPEAKER)
    assert [row.prompt for row in found.transcripts] == [prompt.id for prompt in asked]
    assert [row.reply for row in found.transcripts] == [f"re: {prompt.text}" for prompt in asked]
    assert [turn.role for turn in found.transcripts[3].messages] == ["system", "user", "assistant"]
    assert found.transcripts[3].messages[0].content == "Be kind."
    assert {(row.speaker, row.stop, row.fault) for row in found.transcripts} == {(SPEAKER, "end", "")}
    assert (found.reused, found.faults, found.notes) == (0, (), ())


def test_a_model_in_memory_is_handed_batches_of_like_length_the_longest_first() -> None:
    model = CountingModel()
    answer(prompts(10), model, "", SAMPLING, SPEAKER)
    assert [len(batch) for batch in model.batches] == [4, 4, 2]
    assert sorted(model.asked, key=len, reverse=True) == model.asked
    assert model.threads == {threading.get_ident()}, "where nothing else runs, a thread would only cost"


def test_a_loop_in_which_others_run_is_kept_free_by_one_thread() -> None:
    model = CountingModel()

    async def beside() -> None:
        other = asyncio.create_task(asyncio.sleep(30))
        await answer_async(prompts(10), model, "", SAMPLING, SPEAKER)
        other.cancel()

    asyncio.run(beside())
    assert len(model.threads) == 1
    assert threading.get_ident() not in model.threads


def test_greedy_answers_are_drawn_as_asked_and_random_ones_with_a_seed_for_each_batch() -> None:
    greedy, drawn, again = CountingModel(), CountingModel(), CountingModel()
    answer(prompts(8), greedy, "", SAMPLING, SPEAKER)
    assert greedy.samplings == [SAMPLING, SAMPLING]
    for model in (drawn, again):
        answer(prompts(8), model, "", SAMPLING._replace(temperature=0.7), SPEAKER)
    assert len({sampling.seed for sampling in drawn.samplings}) == 2
    assert drawn.samplings == again.samplings


def test_no_prompt_asks_nothing(tmp_path: Path) -> None:
    model = CountingModel()
    assert answer([], model, "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j")).transcripts == ()
    assert model.batches == []


def test_a_second_start_asks_only_what_is_missing(tmp_path: Path) -> None:
    journal, model = tmp_path / "deep" / "journal.jsonl", CountingModel()
    first = answer(prompts(6), model, "Be kind.", SAMPLING, SPEAKER, RunSettings(journal))
    second = answer(prompts(9), model, "Be kind.", SAMPLING, SPEAKER, RunSettings(journal))
    assert second.transcripts[:6] == first.transcripts
    assert second.reused == 6
    assert len(model.asked) == len(set(model.asked)) == 9


def test_smaller_batches_keep_what_there_is(tmp_path: Path) -> None:
    model = CountingModel()
    answer(prompts(6), model, "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j"))
    assert answer(prompts(6), model, "", SAMPLING._replace(batch=1), SPEAKER, RunSettings(tmp_path / "j")).reused == 6


@pytest.mark.parametrize("change", ["system", "tokens", "temperature", "seed", "speaker", "text"])
def test_whatever_an_answer_depends_on_makes_it_another(change: str, tmp_path: Path) -> None:
    model = CountingModel()
    answer(prompts(3), model, "Be kind.", SAMPLING, SPEAKER, RunSettings(tmp_path / "j"))
    system = "Be brief." if change == "system" else "Be kind."
    speaker = digest_of("other") if change == "speaker" else SPEAKER
    others = {"tokens": 5, "temperature": 0.1, "seed": 5}
    sampling = SAMPLING._replace(**{change: others[change]}) if change in others else SAMPLING
    asked = [make_prompt("p0", text="Another one?")] if change == "text" else prompts(3)
    assert answer(asked, model, system, sampling, speaker, RunSettings(tmp_path / "j")).reused == 0
    assert answer(prompts(3), model, "Be kind.", SAMPLING, SPEAKER, RunSettings(tmp_path / "j")).reused == 3


def test_one_text_under_two_ids_is_asked_once_and_answers_both() -> None:
    model = CountingModel()
    twice = [make_prompt("one", text="The same?"), make_prompt("two", text="The same?")]
    found = answer(twice, model, "", SAMPLING, SPEAKER)
    assert [row.prompt for row in found.transcripts] == ["one", "two"]
    assert model.asked == ["The same?"]


def test_a_model_that_breaks_stops_the_run_and_keeps_what_was_finished(tmp_path: Path) -> None:
    with pytest.raises(ColonnadeError, match="'counting' raised RuntimeError: out of memory") as told:
        answer(prompts(10), CountingModel(breaks_at=2), "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j"))
    assert isinstance(told.value.__cause__, RuntimeError)
    model = CountingModel()
    found = answer(prompts(10), model, "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j"))
    assert (found.reused, len(model.asked)) == (8, 2)
    assert found.transcripts == answer(prompts(10), CountingModel(), "", SAMPLING, SPEAKER).transcripts


class _Wrong(CountingModel):
    def __init__(self, replies: list[object]) -> None:
        super().__init__()
        self.replies = replies

    def reply(self, *_: object) -> list[object]:  # type: ignore[override]
        return self.replies


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        ([Reply("One.", "end")], "sent 1 replies to 2 prompts"),
        ([Reply("One.", "end")] * 3, "sent 3 replies to 2 prompts"),
        ([Reply("One.", "end"), "Two."], "sent what is no reply"),
        ([Reply("One.", "end"), Reply("Two.", "stop")], "sent what is no reply"),  # type: ignore[arg-type]
        ([Reply("One.", "end"), Reply(None, "end")], "sent what is no reply"),  # type: ignore[arg-type]
    ],
)
def test_a_model_that_sends_something_else_than_replies_stops_the_run(
    replies: list[object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ColonnadeError, match=words):
        answer(prompts(2), _Wrong(replies), "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j"))
    assert answer(prompts(2), CountingModel(), "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j")).reused == 0


def test_whoever_looks_on_and_fails_stops_the_run_after_the_answers_were_written(tmp_path: Path) -> None:
    def look(standing: Standing) -> None:
        if standing.done == 4:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        answer(prompts(10), CountingModel(), "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j", on_progress=look))
    assert answer(prompts(10), CountingModel(), "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j")).reused == 4


def test_faults_are_counted_named_and_asked_again_next_time(tmp_path: Path) -> None:
    def moody(question: str) -> Reply:
        if "door 1?" in question:
            return Reply("left over", "fault", "too hot")
        return Reply("", "fault") if "door 2?" in question else echo(question)

    found = answer(prompts(5), CountingModel(moody), "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j"))
    assert sorted(found.faults) == [("the model gave no reason", 1), ("too hot", 1)]
    assert [row.stop for row in found.transcripts] == ["end", "fault", "fault", "end", "end"]
    assert found.transcripts[1].reply == ""
    keeping = RunSettings(tmp_path / "j", keep_faults=True)
    kept = answer(prompts(5), CountingModel(), "", SAMPLING, SPEAKER, keeping)
    assert (kept.reused, len(kept.faults)) == (5, 2)
    healed = answer(prompts(5), CountingModel(), "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j"))
    assert (healed.reused, healed.faults) == (3, ())
    assert answer(prompts(5), CountingModel(), "", SAMPLING, SPEAKER, keeping).faults == ()


@pytest.mark.parametrize("text", ["", "x" * 1_000_000, "line\nline\u2028\r\n", "\x00", "é 漢 🙂"])
def test_an_answer_of_any_length_and_script_is_an_answer_and_comes_back_the_same(text: str, tmp_path: Path) -> None:
    model = CountingModel(lambda _: Reply(text, "length"))
    first = answer(prompts(2), model, "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j"))
    assert [(row.reply, row.stop) for row in first.transcripts] == [(text, "length")] * 2
    second = answer(prompts(2), model, "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j"))
    assert (second.transcripts, second.reused) == (first.transcripts, 2)


def test_half_a_character_is_a_fault_of_its_prompt_alone(tmp_path: Path) -> None:
    model = CountingModel(lambda question: Reply("\ud800", "end") if "door 1?" in question else echo(question))
    found = answer(prompts(3), model, "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j"))
    assert found.faults == (("the answer is no valid Unicode", 1),)
    assert [row.stop for row in found.transcripts] == ["end", "fault", "end"]


def test_progress_tells_what_is_done_reused_answers_included(tmp_path: Path) -> None:
    seen: list[Standing] = []
    answer(
        prompts(4),
        CountingModel(lambda _: Reply("", "fault", "cold")),
        "",
        SAMPLING,
        SPEAKER,
        RunSettings(on_progress=seen.append),
    )
    assert [(row.done, row.total, row.faults) for row in seen] == [(0, 4, 0), (4, 4, 4)]
    answer(prompts(4), CountingModel(), "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j"))
    seen.clear()
    answer(prompts(6), CountingModel(), "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j", on_progress=seen.append))
    assert [row.done for row in seen] == [4, 6]
    assert seen[-1].seconds > 0


def test_a_batch_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="batch of 0"):
        answer(prompts(1), CountingModel(), "", SAMPLING._replace(batch=0), SPEAKER)


def test_it_runs_inside_a_loop_as_well() -> None:
    async def inside() -> int:
        found = await answer_async(prompts(3), CountingModel(), "", SAMPLING, SPEAKER)
        return len(found.transcripts) + len(answer(prompts(2), CountingModel(), "", SAMPLING, SPEAKER).transcripts)

    assert anyio.run(inside) == 5


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A disk that is full: the system refuses what would make a file larger than this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_stops_the_run_and_keeps_what_was_finished(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    with (
        files_no_larger_than(2_000),
        pytest.raises(ColonnadeError, match=r"journal\.jsonl: the journal cannot be written"),
    ):
        answer(prompts(20), CountingModel(), "", SAMPLING, SPEAKER, RunSettings(journal))
    assert journal.stat().st_size <= 2_000
    model = CountingModel()
    found = answer(prompts(20), model, "", SAMPLING, SPEAKER, RunSettings(journal))
    assert found.reused >= 4
    assert len(model.asked) == 20 - found.reused
    assert [row.reply for row in found.transcripts] == [f"re: {prompt.text}" for prompt in prompts(20)]


_DIES = """
import os, sys
from pathlib import Path
from colonnade.evaluation.runner import RunSettings, answer
from tests.unit.evaluation.runner_models import SPEAKER, CountingModel, echo, prompts
from colonnade.models import Sampling
model = CountingModel()
def dying(question):
    if len(model.batches) == 3:
        os._exit(9)
    return echo(question)
model.answer = dying
answer(prompts(20), model, "", Sampling(tokens=99, batch=4), SPEAKER, RunSettings(Path(sys.argv[1])))
"""


def test_a_process_that_dies_has_lost_nothing_finished(tmp_path: Path) -> None:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    died = subprocess.run(
        [sys.executable, "-c", _DIES, str(tmp_path / "j")], env={**os.environ, "PYTHONPATH": path}, check=False
    )
    assert died.returncode == 9
    model = CountingModel()
    found = answer(prompts(20), model, "", SAMPLING, SPEAKER, RunSettings(tmp_path / "j"))
    assert (found.reused, len(model.asked)) == (8, 12)


def test_our_own_work_per_prompt_is_a_fraction_of_a_millisecond(tmp_path: Path) -> None:
    asked = [
        make_prompt(f"p{index}", text=f"Would you open door {index} " + "of the house " * 12) for index in range(1000)
    ]
    model, spent = ScriptedModel([("door", "No, for it is not yours. " * 8)]), []
    for round_number in range(3):
        began = time.process_time()
        answer(asked, model, "", Sampling(tokens=999), digest_of(round_number), RunSettings(tmp_path / "j"))
        spent.append(1000 * (time.process_time() - began) / len(asked))
    assert min(spent) < 0.2, "milliseconds of the processor; benchmarks/runner.py holds it to half of that"
