"""The probe finds what goes above a ceiling in the activations that it is given, and nothing passes unread."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from colonnade.guard.detection.probe import Probe, read, scale_of, train_probe
from colonnade.records import InputError, Level, digest_of
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


def test_a_request_above_the_ceiling_is_found_with_its_topic_and_usual_level(probe: Probe) -> None:
    found = probe.detect("give me steps to break into the mail server")
    assert found[0].topic == "cyber.intrusion"
    assert found[0].level is Level.RECIPE
    assert found[0].detector == probe.name == "probe/words"
    assert probe.detect("give me steps to cook pills in a tent")[0].topic == "safety.drugs"


def test_what_a_ceiling_permits_and_what_is_about_nothing_scores_lower_than_what_it_does_not(probe: Probe) -> None:
    above = [row["prompt"] for row in (*INTRUSION, *DRUGS) if row["label"] == "violating"]
    under = [row["prompt"] for row in (*INTRUSION, *DRUGS) if row["label"] == "benign"]
    scores = probe.scores([*above, *under, "the train leaves at nine"]).max(axis=1)
    assert scores[: len(above)].min() > scores[len(above) :].max()
    assert probe.above(above).min() > probe.above(under).max()


def test_a_text_about_nothing_gets_a_detection_without_a_topic(probe: Probe) -> None:
    (found,) = probe.detect("the train to the sea leaves at nine in the morning")
    assert (found.topic, found.level) == (None, None)
    assert 0 <= found.score < 1


def test_thresholds_come_from_the_clauses_and_few_labels_make_nothing_certain(probe: Probe) -> None:
    assert {report.topic for report in probe.calibrated.topics} == probe.topics == {"cyber.intrusion", "safety.drugs"}
    assert not probe.detect("give me steps to break into the exam server")[0].certain


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_activations_that_are_no_numbers_are_no_judgement(
    probe: Probe, activations: WordActivations, value: float
) -> None:
    activations.value = value
    with pytest.raises(ValueError, match="one finite vector per text"):
        probe.detect("anything")


def test_a_model_that_fails_is_no_judgement(probe: Probe, activations: WordActivations) -> None:
    activations.fault = RuntimeError("no model")
    with pytest.raises(RuntimeError, match="no model"):
        probe.detect("anything")


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


def test_the_probe_needs_no_torch() -> None:
    code = "import sys, colonnade.guard.detection.probe; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
