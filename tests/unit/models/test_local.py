"""Local weights: how answers are batched must not change them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

import torch

from colonnade.models import Conversation, Sampling, conversation, local
from colonnade.models.local import Loaded, LocalModel, _shared_beginning, choose, load, text_losses
from colonnade.records import InputError, Message

pytestmark = pytest.mark.model

QUESTIONS = (
    "Who has the key?",
    "When does the workshop open in the morning, and who opens it on the days when the porter is away?",
    "Why?",
    "Who has the list of shifts for the coming week?",
    "Who has the key?",
)


@pytest.fixture
def model(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> LocalModel:
    monkeypatch.setattr(local, "fast_dtype", lambda: torch.float32)
    return LocalModel.from_folder(tiny_weights)


def _conversations(*questions: str) -> list[Conversation]:
    return [conversation("You are a careful assistant of a small workshop.", question) for question in questions]


def test_the_size_of_a_batch_does_not_change_greedy_answers(model: LocalModel) -> None:
    alone = model.reply(_conversations(*QUESTIONS), Sampling(tokens=12, batch=1))
    assert len({reply.text for reply in alone}) >= 3, "the model must tell questions apart"
    for batch in (2, 4, 64):
        assert model.reply(_conversations(*QUESTIONS), Sampling(tokens=12, batch=batch)) == alone


def test_a_reply_goes_on_from_the_words_that_the_assistant_has_said(model: LocalModel) -> None:
    (turns,) = _conversations(QUESTIONS[0])
    (whole,) = model.reply([turns], Sampling(tokens=12))
    begun = " ".join(whole.text.split()[:2])
    assert model.prompt_text((*turns, Message(role="assistant", content=begun))) == model.prompt_text(turns) + begun
    (rest,) = model.reply([(*turns, Message(role="assistant", content=begun))], Sampling(tokens=12))
    assert rest.text
    assert not rest.text.startswith(begun)


def test_reading_a_shared_beginning_once_does_not_change_greedy_answers(
    model: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = model.reply(_conversations(*QUESTIONS), Sampling(tokens=12, batch=4))
    shared: list[int] = []

    def nothing_shared(rows: list[list[int]]) -> list[int]:
        shared.append(len(_shared_beginning(rows)))
        return []

    monkeypatch.setattr(local, "_shared_beginning", nothing_shared)
    assert model.reply(_conversations(*QUESTIONS), Sampling(tokens=12, batch=4)) == cached
    assert min(shared) > 5, "the questions must share a beginning"


def test_answers_come_in_the_order_of_the_questions(model: LocalModel) -> None:
    forth = model.reply(_conversations(*QUESTIONS), Sampling(tokens=8, batch=2))
    back = model.reply(_conversations(*QUESTIONS[::-1]), Sampling(tokens=8, batch=2))
    assert back == forth[::-1]
    assert forth[0] == forth[-1]


def test_sampled_answers_follow_the_seed(model: LocalModel) -> None:
    first, again, other = (
        model.reply(_conversations(*QUESTIONS[:2]), Sampling(tokens=12, temperature=1.0, seed=seed))
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_a_conversation_that_is_too_long_is_a_fault_and_the_others_are_answered(model: LocalModel) -> None:
    long = "word " * 400
    told: list[tuple[int, int]] = []
    before, fault, after = model.reply(
        _conversations(QUESTIONS[0], long, QUESTIONS[0]),
        Sampling(tokens=4, batch=1),
        lambda done, total: told.append((done, total)),
    )
    assert (fault.stop, fault.text) == ("fault", "")
    assert "longer than the model can read" in fault.fault
    assert before == after
    assert before.stop != "fault"
    assert told[-1] == (3, 3)
    (alone,) = model.reply(_conversations(long), Sampling(tokens=4))
    assert alone.stop == "fault"
    assert model.reply([], Sampling()) == []


def test_an_answer_is_cut_after_so_many_tokens(model: LocalModel) -> None:
    (reply,) = model.reply(_conversations(QUESTIONS[0]), Sampling(tokens=3))
    assert reply.stop in ("length", "end")
    assert len(model.loaded.tokenizer(reply.text)["input_ids"]) <= 6


def test_the_pad_token_is_not_the_end_token(model: LocalModel) -> None:
    assert model.loaded.tokenizer.pad_token_id != model.loaded.tokenizer.eos_token_id
    assert model.loaded.model.config.pad_token_id == model.loaded.tokenizer.pad_token_id


@pytest.mark.parametrize(
    ("rows", "shared"),
    [
        ([[1, 2, 3], [1, 2, 4]], [1, 2]),
        ([[1, 2, 3], [1, 2, 3]], [1, 2]),
        ([[1, 2, 3], [1, 2]], [1]),
        ([[1], [1]], []),
        ([[1, 2], [3, 2]], []),
        ([[5, 6, 7]], [5, 6]),
    ],
)
def test_a_shared_beginning_leaves_a_token_to_every_row(rows: list[list[int]], shared: list[int]) -> None:
    assert _shared_beginning(rows) == shared


def test_one_of_the_options_is_chosen_and_the_batch_does_not_matter(model: LocalModel) -> None:
    questions = [f"Request: {question}\nAnswer:" for question in QUESTIONS] * 5
    options = [(" Decline", " Help")] * 12 + [(" Help", " Decline", " Wait")] * 13
    chosen = choose(model.loaded, questions, options)
    assert all(0 <= place < len(row) for place, row in zip(chosen, options, strict=True))
    alone = [choose(model.loaded, [question], [row])[0] for question, row in zip(questions, options, strict=True)]
    assert chosen == alone
    turned = choose(model.loaded, questions[:5], [(" Help", " Decline")] * 5)
    assert turned == [1 - place for place in chosen[:5]]


def test_the_option_that_the_model_finds_likeliest_is_chosen(model: LocalModel) -> None:
    loaded = model.loaded
    question = "Request: Who has the key?\nAnswer:"
    ids = loaded.tokenizer(question, add_special_tokens=False, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        best, worst = loaded.model(ids).logits[0, -1].argsort(descending=True)[[0, -1]].tolist()
    texts = [loaded.tokenizer.decode([token]) for token in (worst, best)]
    if any(loaded.tokenizer(text, add_special_tokens=False)["input_ids"][0] not in (worst, best) for text in texts):
        pytest.skip("these tokens do not survive being written and read")
    assert choose(loaded, [question], [texts]) == [1]


def test_the_loss_of_a_text_does_not_depend_on_what_stands_beside_it(model: LocalModel) -> None:
    texts = [*QUESTIONS, "", "word"]
    together = text_losses(model.loaded, texts, tokens=10)
    for text, found in zip(texts, together, strict=True):
        (alone,) = text_losses(model.loaded, [text], tokens=10) if text else (found,)
        assert alone.tokens == found.tokens
        assert alone.loss == pytest.approx(found.loss, rel=1e-4)
    assert [row.tokens for row in together][-2:] == [0, 0]
    assert max(row.tokens for row in together) == 9
    assert all(row.loss > 0 for row in together[:5])


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a transformers checkpoint") as caught:
        load(tmp_path)
    assert caught.value.file == tmp_path


def test_what_is_loaded_is_ready_to_answer(model: LocalModel) -> None:
    assert isinstance(model.loaded, Loaded)
    assert not model.loaded.model.training
