"""Weights on this machine, through transformers and PEFT; one engine trains, scores and serves."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache, GgufConfig
from transformers.utils import logging

from colonnade.models.model import Conversation, Progress, Reply, Sampling
from colonnade.models.weights import PACKAGED_FILE, cache_folder, packaged_weights
from colonnade.records import InputError

logging.set_verbosity_error()
logging.disable_progress_bar()
# A name that PEFT still uses and transformers will drop: nothing that a user could mend.
warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)


def converted_weights() -> Path:
    """The packaged model as a transformers checkpoint, converted on first use (about 30 s)."""
    source = packaged_weights()
    target = cache_folder() / PACKAGED_FILE.removesuffix(".gguf")
    if (target / "complete").exists():
        return target
    folder = str(source.parent)
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=source.name)
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=source.name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    (target / "complete").touch()
    return target


def fast_dtype() -> torch.dtype:
    """bfloat16 where the processor computes in it, else float32 (emulated bfloat16 is slower)."""
    if torch.cuda.is_available():
        return torch.bfloat16
    for probe in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        if getattr(torch.cpu, probe, lambda: False)():
            return torch.bfloat16
    return torch.float32


def control_tokens(tokenizer: Any) -> tuple[str, ...]:
    """Every token of a tokenizer that is no text, whether it has a role that the tokenizer names or not.

    Those that part the turns of a conversation often have none.
    """
    added = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
    return tuple(dict.fromkeys([*tokenizer.all_special_tokens, *added]))


def broken_up(text: str, control: Sequence[str]) -> str:
    """The text without control tokens of the model, so that nobody forges a turn."""
    for token in control:
        text = text.replace(token, f"{token[:1]} {token[1:]}")
    return text


class Loaded(NamedTuple):
    """A model in memory with its tokenizer."""

    model: Any
    tokenizer: Any


def load(weights: Path, adapter: Path | None = None, trainable: bool = False) -> Loaded:
    """Weights, with a LoRA adapter on top if one is named.

    A frozen adapter is merged, which saves about a sixth of the time of every token. The pad token
    is moved off the end token: otherwise padding would teach the model never to stop.

    Raises:
        InputError: where the folder holds no transformers checkpoint.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(weights), local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(str(weights), dtype=fast_dtype(), local_files_only=True)
    except (OSError, ValueError) as fault:
        raise InputError(f"this is not a transformers checkpoint: {str(fault).splitlines()[0]}", file=weights) from None
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
        tokenizer.pad_token = tokenizer.unk_token or tokenizer.bos_token or tokenizer.eos_token
    tokenizer.padding_side = "left"
    model.config.pad_token_id = model.generation_config.pad_token_id = tokenizer.pad_token_id
    if torch.cuda.is_available():
        model.to("cuda")
    if adapter is not None:
        model = PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable)
        if not trainable:
            model = model.merge_and_unload()
    return Loaded(model if trainable else model.eval(), tokenizer)


class LocalModel:
    """Answers with local weights, in batches of prompts of like length."""

    def __init__(self, loaded: Loaded, name: str = "local") -> None:
        self.name, self.loaded = name, loaded

    @classmethod
    def from_folder(cls, weights: Path, adapter: Path | None = None) -> LocalModel:
        """Load weights and an optional adapter."""
        return cls(load(weights, adapter))

    def reply(
        self, conversations: Sequence[Conversation], sampling: Sampling, progress: Progress | None = None
    ) -> list[Reply]:
        """One reply per conversation, in order; a conversation too long for the model is a fault."""
        return self.complete([self.prompt_text(turns) for turns in conversations], sampling, progress)

    def complete(self, texts: Sequence[str], sampling: Sampling, progress: Progress | None = None) -> list[Reply]:
        """How each bare text goes on, in order; one too long for the model is a fault."""
        replies = [Reply("", "fault", "the conversation is longer than the model can read")] * len(texts)
        lengths = [len(self.loaded.tokenizer(text)["input_ids"]) for text in texts]
        limit = getattr(self.loaded.model.config, "max_position_embeddings", 1 << 20) - sampling.tokens
        order = sorted((index for index in range(len(texts)) if lengths[index] <= limit), key=lengths.__getitem__)
        done = len(texts) - len(order)
        torch.manual_seed(sampling.seed)
        for start in range(0, len(order), sampling.batch):
            batch = order[start : start + sampling.batch]
            for index, reply in zip(batch, self._generate([texts[index] for index in batch], sampling), strict=True):
                replies[index] = reply
            done += len(batch)
            if progress:
                progress(done, len(texts))
        return replies

    def prompt_text(self, turns: Conversation) -> str:
        """The conversation in the model's own chat format, up to where its answer begins.

        Where the last turn is the assistant's, up to the end of what it has said: the reply goes on from there.
        """
        messages = [{"role": turn.role, "content": turn.content} for turn in turns]
        begun = turns[-1].role == "assistant"
        text: str = self.loaded.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=not begun, continue_final_message=begun
        )
        return text

    def _generate(self, texts: list[str], sampling: Sampling) -> list[Reply]:
        model, tokenizer = self.loaded
        rows: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"]
        shared = _shared_beginning(rows)
        width = max(map(len, rows)) - len(shared)
        pad = tokenizer.pad_token_id
        gaps = [width - (len(row) - len(shared)) for row in rows]
        ids = [shared + [pad] * gap + row[len(shared) :] for row, gap in zip(rows, gaps, strict=True)]
        mask = [[1] * len(shared) + [0] * gap + [1] * (width - gap) for gap in gaps]
        draw: dict[str, Any] = {"do_sample": False}
        if sampling.temperature > 0:
            draw = {"do_sample": True, "temperature": sampling.temperature, "top_p": 0.95, "top_k": 0}
        with torch.inference_mode():
            cache = self._read_once(shared, len(rows))
            inputs = {
                "input_ids": torch.tensor(ids, device=model.device),
                "attention_mask": torch.tensor(mask, device=model.device),
            }
            tokens = model.generate(
                **inputs, past_key_values=cache, max_new_tokens=sampling.tokens, pad_token_id=pad, **draw
            )
        answers = tokens[:, inputs["input_ids"].shape[1] :]
        ended = (answers == tokenizer.eos_token_id).any(dim=1).tolist()
        decoded = tokenizer.batch_decode(answers, skip_special_tokens=True)
        return [Reply(text.strip(), "end" if end else "length") for text, end in zip(decoded, ended, strict=True)]

    def _read_once(self, shared: list[int], rows: int) -> DynamicCache:
        """What the model remembers of a beginning that all rows share, computed for one row."""
        cache = DynamicCache(config=self.loaded.model.config)
        if shared:
            self.loaded.model(
                torch.tensor([shared], device=self.loaded.model.device), past_key_values=cache, use_cache=True
            )
            cache.batch_repeat_interleave(rows)
        return cache


def _shared_beginning(rows: list[list[int]]) -> list[int]:
    """The tokens that all rows begin with, leaving at least one token to each."""
    length = 0
    while length < min(map(len, rows)) - 1 and len({row[length] for row in rows}) == 1:
        length += 1
    return rows[0][:length]


class TextLoss(NamedTuple):
    """Summed negative log-likelihood of a text, in nats, and the tokens it is over."""

    loss: float
    tokens: int


def text_losses(loaded: Loaded, texts: Sequence[str], tokens: int, progress: Progress | None = None) -> list[TextLoss]:
    """The loss of each text, cut after ``tokens`` tokens; a text of under two tokens has none."""
    model, tokenizer = loaded
    found: list[TextLoss] = []
    for start in range(0, len(texts), 8):
        encoded = [
            tokenizer(text, truncation=True, max_length=tokens)["input_ids"] for text in texts[start : start + 8]
        ]
        padded = pad_right(encoded, tokenizer.pad_token_id, model.device)
        with torch.inference_mode():
            logits = model(**padded).logits[:, :-1].float()
        losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), padded["input_ids"][:, 1:], reduction="none")
        mask = padded["attention_mask"][:, 1:]
        found += [
            TextLoss(float(loss), int(count)) for loss, count in zip((losses * mask).sum(1), mask.sum(1), strict=True)
        ]
        if progress:
            progress(min(start + 8, len(texts)), len(texts))
    return found


def choose(
    loaded: Loaded, questions: Sequence[str], options: Sequence[Sequence[str]], progress: Progress | None = None
) -> list[int]:
    """For each question the option whose first own token the model finds likeliest.

    Source: the first-token scoring of multiple-choice benchmarks such as MMLU (Hendrycks et al.,
    2021). Each question's options must differ in their first token.
    """
    model, tokenizer = loaded
    chosen: list[int] = [0] * len(questions)
    order = sorted(range(len(questions)), key=lambda index: len(questions[index]))
    for start in range(0, len(order), 16):
        batch = order[start : start + 16]
        encoded = [tokenizer(questions[index], add_special_tokens=False)["input_ids"] for index in batch]
        padded = pad_right(encoded, tokenizer.pad_token_id, model.device)
        last = padded["attention_mask"].sum(1) - 1
        with torch.inference_mode():
            hidden = model.get_decoder()(**padded).last_hidden_state
            logits = model.get_output_embeddings()(hidden[torch.arange(len(batch)), last]).float()
        for row, index in enumerate(batch):
            firsts = [tokenizer(option, add_special_tokens=False)["input_ids"][0] for option in options[index]]
            chosen[index] = int(logits[row, firsts].argmax())
        if progress:
            progress(min(start + 16, len(order)), len(order))
    return chosen


def pad_right(rows: list[list[int]], pad: int, device: Any) -> dict[str, torch.Tensor]:
    """Rows of tokens as one batch; what stands on the right of a causal model's tokens does not change them."""
    width = max(len(row) for row in rows)
    ids = torch.tensor([row + [pad] * (width - len(row)) for row in rows], device=device)
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], device=device)
    return {"input_ids": ids, "attention_mask": mask}


def release_memory() -> None:
    """Give freed memory back to the system between two large steps; harmless where it cannot."""
    import ctypes
    import gc

    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
