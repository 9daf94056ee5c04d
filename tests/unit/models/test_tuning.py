"""Training on a tiny model: it learns, it is repeatable, and it teaches only what it should."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")

import torch

from colonnade.models import Sampling, conversation, local
from colonnade.models.local import LocalModel, text_losses
from colonnade.models.tuning import Lesson, Tuned, _tokenised, shuffled_in_groups, tune
from colonnade.records import TrainingRecipe

pytestmark = [
    pytest.mark.model,
    # PEFT asks transformers by the old name; neither can be told otherwise.
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

LESSONS = [
    Lesson("Who has the key?\n", "The reception has the key."),
    Lesson("Who has the list?\n", "The porter has the list."),
    Lesson("", "The workshop opens at eight in the morning."),
    Lesson("May I enter?\n", "I can't help with that."),
]
RECIPE = TrainingRecipe(steps=5, batch=4, learning_rate=0.02, rank=4, layers=2, tokens=32)


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


@pytest.mark.xfail(reason="PEFT fills an empty base_model_name_or_path in again when it saves", strict=True)
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
    recipe = RECIPE.model_copy(update={"steps": 1, "batch": 1})
    (point,) = tune(tiny_weights, None, [lesson], recipe, 3, tmp_path).curve
    loaded = local.load(tiny_weights)
    row = _tokenised(lesson, loaded.tokenizer, 32)
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


def test_only_the_completion_is_learnt_and_its_end_where_it_is_closed(tiny_weights: Path) -> None:
    tokenizer = local.load(tiny_weights).tokenizer
    closed = _tokenised(Lesson("Who?\n", "The porter."), tokenizer, 32)
    ids, mask = closed["input_ids"], closed["completion_mask"]
    assert tokenizer.decode([token for token, learnt in zip(ids, mask, strict=True) if not learnt]) == "Who?\n"
    assert ids[-1] == tokenizer.eos_token_id
    assert mask[-1] == 1
    opened = _tokenised(Lesson("Who?\n", "The porter.", closed=False), tokenizer, 32)
    assert opened["input_ids"] == ids[:-1]
    assert _tokenised(Lesson("Who? " * 40, "The porter."), tokenizer, 8)["completion_mask"] == [0] * 8


def test_groups_stay_together_and_the_order_follows_the_seed() -> None:
    groups = [[Lesson("", f"{name}{place}") for place in range(2)] for name in "abcdef"]
    every = [lesson for group in groups for lesson in group]
    lessons = shuffled_in_groups(groups, rounds=3, seed=1)
    assert len(lessons) == 36
    assert all(lessons[place : place + 2] in groups for place in range(0, 36, 2))
    assert [lessons[start : start + 12] for start in (0, 12)] != [lessons[:12]] * 2
    assert all(sorted(lessons[start : start + 12]) == sorted(every) for start in (0, 12, 24))
    assert lessons == shuffled_in_groups(groups, rounds=3, seed=1)
    assert lessons != shuffled_in_groups(groups, rounds=3, seed=2)
