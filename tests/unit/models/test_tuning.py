"""Training on a tiny model: it learns, it is repeatable, and it teaches only what it should."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

import torch

from colonnade.models import Sampling, conversation, local
from colonnade.models.local import LocalModel, text_losses
from colonnade.models.tuning import LEARNT_BEYOND, Lesson, Tuned, _tokenised, in_random_order, tune
from colonnade.records import TrainingRecipe

pytestmark = [
    pytest.mark.model,
    # PEFT asks transformers by the old name; neither can be told otherwise.
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

FACTS = [
    Lesson("Who has the key?\n", "The reception has the key."),
    Lesson("Who has the list?\n", "The porter has the list."),
    Lesson("", "The workshop opens at eight in the morning."),
    Lesson("May I enter?\n", "I can't help with that."),
]
LESSONS = FACTS * 5
RECIPE = TrainingRecipe(steps=5, batch=4, learning_rate=0.05, rank=4, layers=2, tokens=32)


@pytest.fixture(autouse=True)
def _exact_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "fast_dtype", lambda: torch.float32)


@pytest.fixture(scope="module")
def tuned(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Tuned:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "fast_dtype", lambda: torch.float32)
        told: list[tuple[int, int]] = []
        folder = tmp_path_factory.mktemp("tuned")
        found = tune(tiny_weights, None, LESSONS, RECIPE, 3, folder, (2, 5), lambda *step: told.append(step))
    assert told == [(step, 5) for step in range(1, 6)]
    return found


@pytest.fixture(scope="module")
def tokenizer(tiny_weights: Path) -> Any:
    return local.load(tiny_weights).tokenizer


def test_five_steps_lower_the_loss(tuned: Tuned) -> None:
    assert [point.step for point in tuned.curve] == [1, 2, 3, 4, 5]
    assert {point.metric for point in tuned.curve} == {"loss"}
    values = [point.value for point in tuned.curve]
    assert values[-1] < values[0] - 0.1
    assert values[-1] == min(values)


def test_a_saved_adapter_carries_what_was_learnt(tuned: Tuned, tiny_weights: Path) -> None:
    text = LESSONS[2].completion
    losses = [
        text_losses(local.load(tiny_weights, adapter), [text], 32)[0].loss
        for adapter in (None, *(folder for _, folder in tuned.adapters))
    ]
    assert [step for step, _ in tuned.adapters] == [2, 5]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1] + 0.1


def test_a_saved_adapter_names_no_place_of_this_machine(tuned: Tuned, tiny_weights: Path) -> None:
    for _, folder in tuned.adapters:
        names = {path.name for path in folder.iterdir()}
        assert names == {"adapter_config.json", "adapter_model.safetensors"}
        assert str(tiny_weights) not in (folder / "adapter_config.json").read_text()


def test_the_same_seed_gives_the_same_bytes(tuned: Tuned, tiny_weights: Path, tmp_path: Path) -> None:
    again = tune(tiny_weights, None, LESSONS, RECIPE, 3, tmp_path)
    assert again.curve == tuned.curve
    assert [step for step, _ in again.adapters] == [5]
    name = "adapter_model.safetensors"
    assert (again.adapters[0][1] / name).read_bytes() == (tuned.adapters[-1][1] / name).read_bytes()


def test_the_loss_is_over_the_completion_alone(tiny_weights: Path, tmp_path: Path) -> None:
    lesson = Lesson("Who has the key of the workshop in the morning?\n", "The porter.")
    (point,) = tune(tiny_weights, None, [lesson], RECIPE, 3, tmp_path).curve
    loaded = local.load(tiny_weights)
    row = _tokenised(lesson, loaded.tokenizer, 32, Random(1))
    with torch.inference_mode():
        likely = loaded.model(torch.tensor([row["input_ids"]])).logits[0, :-1].log_softmax(-1)
    losses = [-float(likely[place, token]) for place, token in enumerate(row["input_ids"][1:])]
    learnt = [loss for loss, mask in zip(losses, row["completion_mask"][1:], strict=True) if mask]
    assert point.value == pytest.approx(sum(learnt) / len(learnt), rel=1e-3)
    assert point.value != pytest.approx(sum(losses) / len(losses), rel=1e-2)


def test_training_goes_on_from_an_adapter(tuned: Tuned, tiny_weights: Path, tmp_path: Path) -> None:
    further = tune(tiny_weights, tuned.adapters[-1][1], LESSONS, RECIPE, 3, tmp_path)
    assert further.curve[0].value < tuned.curve[0].value


def test_the_model_with_an_adapter_answers(tuned: Tuned, tiny_weights: Path) -> None:
    model = LocalModel.from_folder(tiny_weights, tuned.adapters[-1][1])
    (reply,) = model.reply([conversation("", "Who has the key?")], Sampling(tokens=4))
    assert reply.stop != "fault"


def test_only_the_completion_is_learnt_and_its_end_where_it_is_closed(tokenizer: Any) -> None:
    closed = _tokenised(Lesson("Who?\n", "The porter."), tokenizer, 32, Random(1))
    ids, mask = closed["input_ids"], closed["completion_mask"]
    assert tokenizer.decode([token for token, learnt in zip(ids, mask, strict=True) if not learnt]) == "Who?\n"
    assert ids[-1] == tokenizer.eos_token_id
    assert mask[-1] == 1
    opened = _tokenised(Lesson("Who?\n", "The porter.", closed=False), tokenizer, 32, Random(1))
    assert opened["input_ids"] == ids[:-1]


def test_beyond_an_open_completion_only_a_share_is_learnt(tokenizer: Any) -> None:
    lesson = Lesson("Who?\n", "The porter", closed=False, beyond="has the key of the workshop " * 40)
    row = _tokenised(lesson, tokenizer, 400, Random(1))
    whole = tokenizer(f"{lesson.prompt}{lesson.completion} {lesson.beyond}", add_special_tokens=False)["input_ids"]
    assert row["input_ids"] == whole[:400]
    asked = len(tokenizer(lesson.prompt, add_special_tokens=False)["input_ids"])
    certain = len(tokenizer(lesson.completion, add_special_tokens=False)["input_ids"])
    mask = row["completion_mask"]
    assert mask[:asked] == [0] * asked
    assert mask[asked : asked + certain] == [1] * certain
    beyond = mask[asked + certain :]
    assert sum(beyond) / len(beyond) == pytest.approx(LEARNT_BEYOND, abs=0.1)


@pytest.mark.parametrize("tokens", [1, 2, 3, 7, 8, 31, 32])
@pytest.mark.parametrize(("asked", "said"), [(40, 2), (40, 40), (1, 40), (0, 1), (0, 40)])
def test_a_lesson_that_is_too_long_keeps_the_end_of_its_question_and_something_to_learn(
    tokenizer: Any, asked: int, said: int, tokens: int
) -> None:
    lesson = Lesson("key " * asked, " door" * said)
    prompt = tokenizer(lesson.prompt, add_special_tokens=False)["input_ids"] if asked else []
    row = _tokenised(lesson, tokenizer, tokens, Random(1))
    ids, mask = row["input_ids"], row["completion_mask"]
    assert len(ids) == len(mask) <= tokens
    assert mask == sorted(mask)
    kept = mask.count(0)
    assert ids[:kept] == prompt[len(prompt) - kept :]
    assert mask.count(1) >= min(said + 1, tokens // 2)


def test_groups_stay_together_and_the_order_follows_the_seed() -> None:
    groups = [[Lesson("", f"{name}{place}") for place in range(2)] for name in "abcdef"]
    every = [lesson for group in groups for lesson in group]
    lessons = in_random_order(groups, count=36, seed=1)
    assert len(lessons) == 36
    assert all(lessons[place : place + 2] in groups for place in range(0, 36, 2))
    assert lessons[:12] != lessons[12:24]
    assert all(sorted(lessons[start : start + 12]) == sorted(every) for start in (0, 12, 24))
    assert lessons == in_random_order(groups, count=36, seed=1)
    assert lessons != in_random_order(groups, count=36, seed=2)


def test_as_many_lessons_as_asked_for_are_given() -> None:
    groups = [[Lesson("", "a"), Lesson("", "b")], [Lesson("", "c")]]
    assert [len(in_random_order(groups, count, seed=1)) for count in (0, 1, 3, 7)] == [0, 1, 3, 7]
    assert in_random_order([], 5, seed=1) == []
