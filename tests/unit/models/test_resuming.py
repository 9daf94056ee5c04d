"""Batches that an earlier run has finished are taken over, and what follows is drawn as it would have been."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.models import Reply, Sampling, local
from colonnade.models.local import LocalModel
from colonnade.models.resuming import ResumingModel
from colonnade.records import digest_of
from colonnade.store.parts import NOTHING_KEPT, Counted, Parts, parts_of

from .scripted_local import LOADED, Generation

KEY, SPEAKER = digest_of("key"), digest_of("speaker")
TEXTS = [f"{'very ' * (place % 5)}door {place}" for place in range(23)]
PASSES = (
    Sampling(8, batch=4),
    Sampling(8, temperature=0.8, seed=7, batch=5),
    Sampling(8, temperature=0.8, seed=8, batch=5),
    Sampling(24, batch=6),
)
BATCHES = 6 + 5 + 5 + 4


class _CrashError(Exception):
    pass


def _crash() -> None:
    raise _CrashError


def _said(model: LocalModel) -> list[list[Reply]]:
    return [model.complete(TEXTS, sampling) for sampling in PASSES]


def _said_here(parts: Parts) -> list[list[Reply]]:
    return _said(ResumingModel(LOADED, parts, SPEAKER))


@settings(deadline=None, max_examples=30)
@given(deaths=st.lists(st.integers(0, BATCHES - 1), max_size=4))
def test_however_often_it_dies_it_says_the_same_and_is_asked_nothing_twice(
    tmp_path_factory: pytest.TempPathFactory, deaths: list[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        plain = Generation().put_in(patch)
        expected, chance = _said(LocalModel(LOADED)), torch.get_rng_state()
        home, asked = tmp_path_factory.mktemp("parts"), list[list[str]]()
        for death in deaths:
            dying = Generation(_crash, death).put_in(patch)
            with parts_of(home, "step", KEY) as parts:
                if len(asked) + death < BATCHES:
                    with pytest.raises(_CrashError):
                        _said_here(parts)
                else:
                    assert _said_here(parts) == expected
            asked += dying.batches
        rest = Generation().put_in(patch)
        with parts_of(home, "step", KEY) as parts:
            assert _said_here(parts) == expected
            assert torch.equal(torch.get_rng_state(), chance)
            assert parts.counted == Counted(len(asked), BATCHES)
        assert asked + rest.batches == plain.batches


def test_without_a_place_to_keep_them_it_is_the_same_model(monkeypatch: pytest.MonkeyPatch) -> None:
    Generation().put_in(monkeypatch)
    assert _said_here(NOTHING_KEPT) == _said(LocalModel(LOADED))


@pytest.mark.parametrize(
    "other",
    [
        Sampling(9, batch=4),
        Sampling(8, batch=3),
        Sampling(8, temperature=0.8, seed=7, batch=4),
        Sampling(8, temperature=0.8, seed=8, batch=4),
        Sampling(8, temperature=0.7, seed=7, batch=4),
    ],
)
def test_a_batch_that_was_sampled_otherwise_is_asked_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: Sampling
) -> None:
    Generation().put_in(monkeypatch)
    for sampling in (Sampling(8, batch=4), Sampling(8, temperature=0.8, seed=9, batch=4)):
        with parts_of(tmp_path, "step", KEY) as parts:
            ResumingModel(LOADED, parts, SPEAKER).complete(TEXTS, sampling)
    anew = Generation().put_in(monkeypatch)
    with parts_of(tmp_path, "step", KEY) as parts:
        ResumingModel(LOADED, parts, SPEAKER).complete(TEXTS, other)
    assert [text for batch in anew.batches for text in batch] == sorted(TEXTS, key=lambda text: len(text.split()))


def test_two_checkpoints_never_speak_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Generation().put_in(monkeypatch)
    with parts_of(tmp_path, "step", KEY) as parts:
        ResumingModel(LOADED, parts, SPEAKER).complete(TEXTS, PASSES[0])
    anew = Generation().put_in(monkeypatch)
    with parts_of(tmp_path, "step", KEY) as parts:
        ResumingModel(LOADED, parts, digest_of("another")).complete(TEXTS, PASSES[0])
    assert len(anew.batches) == 6


@pytest.mark.model
def test_a_real_model_that_draws_goes_on_as_if_nothing_had_happened(
    tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "fast_dtype", lambda: torch.float32)
    loaded, few = local.load(tiny_weights), TEXTS[:6]
    drawn = Sampling(3, temperature=0.8, seed=3, batch=2)
    expected = LocalModel(loaded).complete(few, drawn)
    assert LocalModel(loaded).complete(few, drawn._replace(seed=4)) != expected
    real, asked = LocalModel._generate, list[int]()

    def dying(model: LocalModel, texts: list[str], sampling: Sampling) -> list[Reply]:
        if len(asked) == 2:
            raise _CrashError
        asked.append(len(texts))
        return real(model, texts, sampling)

    monkeypatch.setattr(LocalModel, "_generate", dying)
    with parts_of(tmp_path, "step", KEY) as parts, pytest.raises(_CrashError):
        ResumingModel(loaded, parts, SPEAKER).complete(few, drawn)
    monkeypatch.setattr(LocalModel, "_generate", real)
    with parts_of(tmp_path, "step", KEY) as parts:
        assert ResumingModel(loaded, parts, SPEAKER).complete(few, drawn) == expected
        assert parts.counted == Counted(2, 3)
