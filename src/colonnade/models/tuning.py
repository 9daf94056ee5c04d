"""LoRA on local weights with TRL and PEFT: the one loop behind pretraining and fine-tuning."""

from __future__ import annotations

import json
import os
import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch  # the environment above is read at import
from datasets import Dataset, disable_progress_bars
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import PrinterCallback, ProgressCallback, TrainerCallback, set_seed
from trl import SFTConfig, SFTTrainer

from colonnade.models.local import Loaded, load
from colonnade.models.standing import Standing
from colonnade.records import LoopRecipe, TrainingPoint, TrainingRecipe
from colonnade.store.parts import NOTHING_KEPT, Parts

disable_progress_bars()

LINEAR_LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")

OnStep = Callable[[int, int], None]
"""Told how many steps are done, of how many."""


class Lesson(NamedTuple):
    """A text to learn from; only ``completion`` is learnt, ``prompt`` is what stands before it.

    Attributes:
        closed: whether the model shall learn to stop after the completion.
        beyond: how an open completion goes on; only a share of its tokens is learnt, so that it
            steers the model without drowning what the completion teaches.
    """

    prompt: str
    completion: str
    closed: bool = True
    beyond: str = ""


LEARNT_BEYOND = 0.4
"""The share of the tokens beyond a completion that are learnt, drawn by chance."""


class Tuned(NamedTuple):
    """The folders of the saved adapters by step, and the curve of the loss."""

    adapters: tuple[tuple[int, Path], ...]
    curve: tuple[TrainingPoint, ...]


class _LearntPositions(SFTTrainer):  # type: ignore[misc]  # trl ships no usable types
    """Computes logits only where something is learnt, and no statistics of the others.

    The loss is the same to the last digit. Over a vocabulary of 50,000 words the logits of the
    prompts, their entropy and their accuracy took almost half of a step.
    """

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_: Any) -> Any:
        """The mean cross-entropy over the learnt tokens of the batch."""
        following = inputs["labels"][:, 1:]
        learnt = following != -100
        kept = learnt.any(dim=0).nonzero().flatten()
        given = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        outputs = model(**given, logits_to_keep=kept, use_cache=False)
        loss = torch.nn.functional.cross_entropy(outputs.logits[learnt[:, kept]].float(), following[learnt])
        return (loss, outputs) if return_outputs else loss


class SaveAdapter(TrainerCallback):  # type: ignore[misc]  # transformers ships no usable types
    """Saves the adapter after certain steps; those that stand already are taken as they are."""

    def __init__(self, model: PeftModel, steps: Sequence[int], standing: Standing) -> None:
        self.model, self.steps, self.folder = model, frozenset(steps), standing.folder
        self.adapters = [(step, self._of(step)) for step in sorted(self.steps) if step <= standing.step]

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Save where it is time."""
        if state.global_step in self.steps:
            self.adapters.append((state.global_step, save_adapter(self.model, self._of(state.global_step))))

    def _of(self, step: int) -> Path:
        return self.folder / f"step-{step}"


class Callback(TrainerCallback):  # type: ignore[misc]  # transformers ships no usable types
    """Passes every finished step on."""

    def __init__(self, on_step: OnStep | None) -> None:
        self.on_step = on_step

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Report progress."""
        if self.on_step:
            self.on_step(state.global_step, state.max_steps)


def curve_of(log: Sequence[Mapping[str, Any]], metrics: Mapping[str, str]) -> tuple[TrainingPoint, ...]:
    """The metrics that were asked for, under our names, from what a trainer has logged."""
    return tuple(
        TrainingPoint(step=row["step"], metric=ours, value=float(row[theirs]))
        for row in log
        for theirs, ours in metrics.items()
        if theirs in row
    )


def with_new_lora(weights: Path, recipe: TrainingRecipe) -> Loaded:
    """Weights with a new, trainable adapter on the last layers."""
    model, tokenizer = load(weights)
    depth: int = model.config.num_hidden_layers
    present = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=2 * recipe.rank,
        target_modules=[name for name in LINEAR_LAYERS if name in present],
        layers_to_transform=list(range(max(0, depth - recipe.layers), depth)),
        task_type="CAUSAL_LM",
    )
    return Loaded(get_peft_model(model, config), tokenizer)


def tune(
    weights: Path,
    adapter: Path | None,
    lessons: Sequence[Lesson],
    recipe: LoopRecipe,
    seed: int,
    folder: Path,
    saved_steps: Sequence[int] = (),
    on_step: OnStep | None = None,
    parts: Parts = NOTHING_KEPT,
) -> Tuned:
    """Train on all lessons, once and in the given order, a batch per step.

    The learning rate rises over a few steps, then falls to nothing. The adapter is saved below
    ``folder`` after each of ``saved_steps``, by default at the end; where ``parts`` outlive a
    crash, below theirs, and the training goes on from where it stood.
    """
    standing = Standing(parts, folder)
    set_seed(seed)
    if adapter is not None:
        loaded = load(weights, adapter, trainable=True)
    else:
        loaded = with_new_lora(weights, recipe if isinstance(recipe, TrainingRecipe) else TrainingRecipe(steps=1))
    steps = max(1, len(lessons) // recipe.batch)
    generator = random.Random(seed)  # noqa: S311  # a reproducible draw, no secret
    rows = [_tokenised(lesson, loaded.tokenizer, recipe.tokens, generator) for lesson in lessons]
    saver = SaveAdapter(loaded.model, saved_steps or (steps,), standing)
    with quiet_trainers():
        trainer = _LearntPositions(
            model=loaded.model,
            args=SFTConfig(
                **trainer_arguments(standing.folder, steps, recipe.learning_rate, seed),
                warmup_steps=min(5, steps - 1),
                per_device_train_batch_size=recipe.batch,
                completion_only_loss=True,
                max_length=recipe.tokens,
                train_sampling_strategy="sequential",
            ),
            train_dataset=Dataset.from_list(rows),
            processing_class=loaded.tokenizer,
            callbacks=[Callback(on_step), saver, standing],
        )
        remove_chatter(trainer)
        trainer.train(resume_from_checkpoint=standing.checkpoint)
    return Tuned(tuple(saver.adapters), curve_of(trainer.state.log_history, {"loss": "loss"}))


def trainer_arguments(folder: Path, steps: int, learning_rate: float, seed: int) -> dict[str, Any]:
    """What every trainer here is told: no reports, no checkpoints but those it is asked for, no surprises."""
    return {
        "output_dir": str(folder),
        "max_steps": steps,
        "learning_rate": learning_rate,
        "seed": seed,
        "use_cpu": not torch.cuda.is_available(),
        "bf16": False,
        "gradient_checkpointing": False,
        "report_to": [],
        "save_strategy": "no",
        "logging_steps": 1,
        "dataloader_pin_memory": False,
        "disable_tqdm": True,
    }


@contextmanager
def quiet_trainers() -> Iterator[None]:
    """Trainers warn about their own future; a user can do nothing about that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def remove_chatter(trainer: Any) -> None:
    """Take away the callbacks that print; our own progress bar shows the steps."""
    for noisy in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(noisy)


def save_adapter(model: PeftModel, folder: Path) -> Path:
    """Write the adapter's weights and configuration, with no path of this machine in them."""
    # Empty rather than none: none is filled in again when it is saved.
    model.peft_config["default"].base_model_name_or_path = ""
    model.save_pretrained(str(folder))
    (folder / "README.md").unlink(missing_ok=True)
    file = folder / "adapter_config.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    # PEFT keeps a set of names, and a set has another order in every process.
    told["target_modules"] = sorted(told["target_modules"])
    file.write_text(json.dumps(told, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return folder


def _tokenised(lesson: Lesson, tokenizer: Any, tokens: int, generator: random.Random) -> dict[str, list[int]]:
    def encoded(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []

    prompt, completion = encoded(lesson.prompt), encoded(lesson.completion)
    certain = len(completion) + lesson.closed
    if lesson.beyond:
        completion = encoded(f"{lesson.completion} {lesson.beyond}")
    if lesson.closed:
        completion = [*completion, tokenizer.eos_token_id]
    prompt = prompt[-max(0, tokens - min(len(completion), tokens // 2)) :]
    ids = (prompt + completion)[:tokens]
    learnt = [int(place < certain or generator.random() < LEARNT_BEYOND) for place in range(len(completion))]
    return {"input_ids": ids, "completion_mask": ([0] * len(prompt) + learnt)[:tokens]}


def in_random_order(groups: Sequence[Sequence[Lesson]], count: int, seed: int) -> list[Lesson]:
    """So many lessons in random order of groups, each group kept together, as often round as needed.

    A violating request and its benign twin belong in one batch: what tells them apart is then the
    only thing the gradient can learn from.
    """
    generator = random.Random(seed)  # noqa: S311  # a reproducible order, no secret
    lessons: list[Lesson] = []
    while groups and len(lessons) < count:
        order = list(groups)
        generator.shuffle(order)
        lessons += [lesson for group in order for lesson in group]
    return lessons[:count]
