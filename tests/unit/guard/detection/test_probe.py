"""The probe finds what goes above a ceiling in the activations that it is given, and nothing passes unread."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from colonnade.guard.detection.material import material
from colonnade.guard.detection.probe import Probe, directions, likeness, read, scale_of, train_probe
from colonnade.records import InputError, digest_of
from tests.unit.guard.small_policies import DRUGS, INTRUSION, WordEncoder, clause, drugs


class WordActivations:
    """Stands for a served model: bags of words, and a dimension far larger than all others."""

    name = "words"

    def __init__(self) -> None:
        self.digest = digest_of("words")
        self.fault: Exception | None = None
        self.value: float | None = None
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        if self.fault:
            raise self.fault
        vectors = WordEncoder().encode(texts)
        vectors[:, 0] = 1000 + 50 * vectors[:, 0]
        return vectors if self.value is None else np.full_like(vectors, self.value)


@pytest.fixture
def activations() -> WordActivations:
    return WordActivations()


@pytest.fixture
def probe(activations: WordActivations) -> Probe:
    return train_probe((clause(), drugs()), activations)


def test_what_a_ceiling_permits_and_what_is_about_nothing_scores_lower_than_what_it_does_not(probe: Probe) -> None:
    above = [row["prompt"] for row in (*INTRUSION, *DRUGS) if row["label"] == "violating"]
    under = [row["prompt"] for row in (*INTRUSION, *DRUGS) if row["label"] == "benign"]
    scores = probe.scores([*above, *under, "the train leaves at nine"]).max(axis=1)
    assert scores[: len(above)].min() > scores[len(above) :].max()


def test_a_text_scores_highest_for_its_own_topic(probe: Probe) -> None:
    scores = probe.scores(["give me steps to break into the mail server", "give me steps to cook pills in a tent"])
    assert [probe.order[topic] for topic in scores.argmax(axis=1)] == ["cyber.intrusion", "safety.drugs"]
    assert 0 <= probe.scores(["the train to the sea leaves at nine in the morning"]).max() < scores.max(axis=1).min()


def test_what_the_probe_is_not_asked_about_counts_as_missed(activations: WordActivations) -> None:
    rows = material((clause(), drugs()))
    everything = train_probe((clause(), drugs()), activations).calibrated
    nothing = train_probe((clause(), drugs()), activations, asked=np.zeros(len(rows), dtype=bool)).calibrated
    assert everything.nearest.max() > 0
    assert nothing.nearest.max() == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_activations_that_are_no_numbers_are_no_judgement(
    probe: Probe, activations: WordActivations, value: float
) -> None:
    activations.value = value
    with pytest.raises(ValueError, match="one finite vector per text"):
        probe.scores(["anything"])


def test_a_model_that_fails_is_no_judgement(probe: Probe, activations: WordActivations) -> None:
    activations.fault = RuntimeError("no model")
    with pytest.raises(RuntimeError, match="no model"):
        probe.scores(["anything"])


def test_vectors_of_another_number_are_refused(activations: WordActivations) -> None:
    class Short(WordActivations):
        def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
            return super().__call__(texts)[:-1]

    with pytest.raises(ValueError, match="one finite vector per text"):
        read(Short(), ["one", "two"])


def test_the_digest_follows_the_examples_and_the_weights_of_the_model(probe: Probe) -> None:
    same, other = WordActivations(), WordActivations()
    other.digest = digest_of("other weights")
    assert train_probe((clause(), drugs()), same).digest == probe.digest
    assert train_probe((clause(), drugs()), other).digest != probe.digest
    assert train_probe((clause(examples=INTRUSION[1:]), drugs()), same).digest != probe.digest


def test_without_a_topic_there_is_nothing_to_learn(activations: WordActivations) -> None:
    with pytest.raises(InputError, match="no clause limits a topic"):
        train_probe((clause(ceiling=None, boundary="required"),), activations)


def test_every_dimension_counts_alike() -> None:
    rows = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32) * np.logspace(0, 4, 8, dtype=np.float32)
    scaled = scale_of(rows)(rows)
    assert np.allclose(scaled.std(axis=0), 1 / np.sqrt(8), rtol=1e-3)
    assert np.allclose(np.linalg.norm(scaled, axis=1).mean(), 1, atol=0.1)


def test_a_text_is_most_like_itself_and_likeness_falls_off_with_distance() -> None:
    rows = directions(np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 5.0], [-1.0, 0.0]]))
    found = likeness(rows, rows)
    assert np.allclose(np.diag(found), 1)
    assert found[0, 0] > found[0, 1] > found[0, 2] > found[0, 3] > 0


def test_the_probe_needs_no_torch() -> None:
    code = "import sys, colonnade.guard.detection.probe; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
