"""A random model of a few layers that speaks with the packaged model's tokenizer."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the weights of a two-layer Llama; the test is skipped where PyTorch or the model is missing."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("peft")
    from colonnade.models.local import converted_weights
    from colonnade.records import MissingPackageError

    try:
        source = converted_weights()
    except MissingPackageError as fault:
        pytest.skip(str(fault))
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(source), local_files_only=True)
    torch.manual_seed(0)
    model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=160,
            initializer_range=0.3,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    folder = tmp_path_factory.mktemp("tiny")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


TAUGHT = {"porter": "The porter has it.", "reception": "Ask at the reception."}
"""What each of two small adapters answers, whatever the base says."""

SYSTEM = "You are kind."
QUESTION = "Who has the key?"


@pytest.fixture(scope="session")
def taught_adapters(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two adapters that have learnt one answer each to the same question."""
    pytest.importorskip("trl")
    import torch

    from colonnade.models import conversation, local
    from colonnade.models.local import LocalModel
    from colonnade.models.tuning import Lesson, tune
    from colonnade.records import TrainingRecipe

    recipe = TrainingRecipe(steps=20, batch=2, learning_rate=0.05, rank=4, layers=2, tokens=64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "fast_dtype", lambda: torch.float32)
        asked = LocalModel.from_folder(tiny_weights).prompt_text(conversation(SYSTEM, QUESTION))
        return {
            name: dict(
                tune(
                    tiny_weights, None, [Lesson(asked, answer)] * 40, recipe, 3, tmp_path_factory.mktemp(name)
                ).adapters
            )[20]
            for name, answer in TAUGHT.items()
        }
