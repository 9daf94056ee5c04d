"""A training that was interrupted goes on from where it stood, and comes to the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

import torch

from colonnade.models import local, standing
from colonnade.models.local import LocalModel
from colonnade.models.tuning import Lesson, Tuned, tune
from colonnade.posttraining.reinforcement import Reinforced, reinforce
from colonnade.records import ReinforcementRecipe, Reward, TrainingRecipe, digest_of
from colonnade.store.parts import Counted, Parts, parts_of
from tests.unit.records.samples import make_prompt

pytestmark = [
    pytest.mark.model,
    # PEFT asks transformers by the old name; neither can be told otherwise.
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

KEY = digest_of("key")
LESSONS = [Lesson(f"Who has key {place}?\n", f"The porter has key {place}.") for place in range(12)]
RECIPE = TrainingRecipe(steps=6, batch=2, learning_rate=0.05, rank=2, layers=2, tokens=24)
SAVED = (2, 4, 6)


class _CrashError(Exception):
    pass


@pytest.fixture(autouse=True)
def _saved_after_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "fast_dtype", lambda: torch.float32)
    monkeypatch.setattr(standing, "EVERY", 0.0)
    monkeypatch.setattr(standing, "SHARE", 0)


def _bytes(done: Tuned | Reinforced) -> dict[str, bytes]:
    return {
        f"{step}/{file.name}": file.read_bytes() for step, folder in done.adapters for file in sorted(folder.iterdir())
    }


def _tune(weights: Path, folder: Path, parts: Parts, dies_after: int = 99) -> tuple[Tuned, list[int]]:
    told: list[int] = []

    def on_step(step: int, _: int) -> None:
        told.append(step)
        if step > dies_after:
            raise _CrashError

    return tune(weights, None, LESSONS, RECIPE, 3, folder, SAVED, on_step, parts), told


def test_a_tuning_that_died_does_only_the_steps_that_are_missing_and_learns_the_same(
    tiny_weights: Path, tmp_path: Path
) -> None:
    plain = tune(tiny_weights, None, LESSONS, RECIPE, 3, tmp_path / "plain", SAVED)
    with parts_of(tmp_path, "step", KEY) as parts, pytest.raises(_CrashError):
        _tune(tiny_weights, tmp_path / "scratch", parts, dies_after=3)
    with parts_of(tmp_path, "step", KEY) as parts:
        done, told = _tune(tiny_weights, tmp_path / "scratch", parts)
        assert told == [4, 5, 6]
        assert parts.counted == Counted(3, 6)
        assert _bytes(done) == _bytes(plain)
        assert done.curve == plain.curve
        assert parts.folder is not None
        assert [path.name for path in parts.folder.glob("checkpoint-*")] == ["checkpoint-5"]


@pytest.mark.parametrize(
    "harmed", ["checkpoint-3/optimizer.pt", "checkpoint-3/rng_state.pth", "step-2/adapter_model.safetensors"]
)
def test_where_what_was_saved_has_changed_it_begins_anew_and_says_so(
    tiny_weights: Path, tmp_path: Path, harmed: str
) -> None:
    with parts_of(tmp_path, "step", KEY) as parts, pytest.raises(_CrashError):
        _tune(tiny_weights, tmp_path / "scratch", parts, dies_after=3)
    assert parts.folder is not None
    file = parts.folder / harmed
    file.write_bytes(file.read_bytes()[:-1])
    with parts_of(tmp_path, "step", KEY) as parts:
        assert f"left out as {harmed} has changed" in parts.notes[0]
        assert standing.Standing(parts, tmp_path).checkpoint is None


def test_without_a_place_to_keep_it_nothing_is_saved_on_the_way(tiny_weights: Path, tmp_path: Path) -> None:
    tune(tiny_weights, None, LESSONS[:4], RECIPE, 3, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["step-2"]


PROMPTS = [make_prompt(f"p{place}", text=f"Who has key {place}?") for place in range(4)]
GRPO = ReinforcementRecipe(steps=4, prompts=2, answers=4, tokens=4, learning_rate=0.05, probe_every=2)


def _reinforce(
    weights: Path, start: Path, folder: Path, parts: Parts | None, dies_in: int = 99
) -> tuple[Reinforced, list[list[str]]]:
    rewarded: list[list[str]] = []

    def reward(prompts: object, answers: list[str]) -> list[Reward]:
        if len(rewarded) == dies_in:
            raise _CrashError
        rewarded.append(answers)
        scores = [round(len(set(answer)) / 64, 6) for answer in answers]
        return [
            Reward(prompt="p", answer=answer, model_score=score, judge_score=score, combined=score)
            for answer, score in zip(answers, scores, strict=True)
        ]

    def look(model: LocalModel) -> dict[str, float]:
        (reply,) = model.complete(["Who has the key?"], local.Sampling(4))
        return {"probe_length": float(len(reply.text))}

    arguments = {} if parts is None else {"parts": parts}
    asked = {row.id: f"{row.text}\n" for row in PROMPTS}
    done = reinforce(weights, start, PROMPTS, asked, reward, look, GRPO, 3, folder, **arguments)  # type: ignore[arg-type]
    return done, rewarded


def test_a_reinforcement_that_died_samples_rewards_and_learns_the_same(tiny_weights: Path, tmp_path: Path) -> None:
    start = tune(tiny_weights, None, LESSONS[:4], RECIPE, 3, tmp_path / "start").adapters[-1][1]
    plain, rewarded = _reinforce(tiny_weights, start, tmp_path / "plain", None)
    with parts_of(tmp_path, "step", KEY) as parts, pytest.raises(_CrashError):
        _reinforce(tiny_weights, start, tmp_path / "scratch", parts, dies_in=3)
    with parts_of(tmp_path, "step", KEY) as parts:
        done, rest = _reinforce(tiny_weights, start, tmp_path / "scratch", parts)
        assert rest == rewarded[3:]
        assert done.curve == plain.curve
        assert _bytes(done) == _bytes(plain)
        assert parts.counted == Counted(3, 4)
