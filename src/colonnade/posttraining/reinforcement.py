"""GRPO against the combined reward, with a light benchmark that no reward grader runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from datasets import Dataset
from transformers import TrainerCallback, set_seed
from trl import GRPOConfig, GRPOTrainer

from colonnade.models.local import Loaded, LocalModel, load
from colonnade.models.standing import Standing
from colonnade.models.tuning import (
    Callback,
    OnStep,
    curve_of,
    quiet_trainers,
    remove_chatter,
    save_adapter,
    trainer_arguments,
)
from colonnade.records import Prompt, ReinforcementRecipe, Reward, TrainingPoint
from colonnade.store.parts import NOTHING_KEPT, Parts

RewardAnswers = Callable[[Sequence[Prompt], Sequence[str]], Sequence[Reward]]
"""One reward per prompt and answer."""

Probe = Callable[[LocalModel], Mapping[str, float]]
"""The light benchmark: named rates of the model as it stands."""


class Reinforced(NamedTuple):
    """The folders of the saved adapters by step, and every curve."""

    adapters: tuple[tuple[int, Path], ...]
    curve: tuple[TrainingPoint, ...]


class _ProbeAndSave(TrainerCallback):  # type: ignore[misc]  # transformers ships no usable types
    """Every few steps: run the light benchmark, write its rates down, save the adapter."""

    def __init__(self, loaded: Loaded, probe: Probe, every: int, standing: Standing) -> None:
        self.loaded, self.probe, self.every, self.folder = loaded, probe, every, standing.folder
        self.curve = standing.points
        self.adapters = [(step, self._of(step)) for step in range(every, standing.step + 1, every)]

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Look, and save."""
        if state.global_step % self.every and state.global_step != state.max_steps:
            return
        self.look(state.global_step)
        self.adapters.append((state.global_step, save_adapter(self.loaded.model, self._of(state.global_step))))

    def look(self, step: int) -> None:
        """Run the light benchmark once."""
        self.loaded.model.eval()
        rates = self.probe(LocalModel(self.loaded, "in training"))
        self.loaded.model.train()
        self.curve += [TrainingPoint(step=step, metric=name, value=value) for name, value in rates.items()]

    def _of(self, step: int) -> Path:
        return self.folder / f"step-{step}"


def reinforce(
    weights: Path,
    adapter: Path,
    prompts: Sequence[Prompt],
    ask: Mapping[str, str],
    reward_answers: RewardAnswers,
    probe: Probe,
    recipe: ReinforcementRecipe,
    seed: int,
    folder: Path,
    on_step: OnStep | None = None,
    parts: Parts = NOTHING_KEPT,
) -> Reinforced:
    """Sample several answers per prompt, reward them against each other, and learn.

    Where ``parts`` outlive a crash, it goes on from where it stood.

    An answer without a combined reward gets none, and its group learns from the others (TRL reads
    ``None`` as "no reward"). Source of the method: Shao et al., DeepSeekMath, 2024 (GRPO), without
    the KL term (beta 0): the adapter is small and the steps are few.
    """
    if recipe.steps == 0:
        return Reinforced((), ())
    set_seed(seed)
    loaded = load(weights, adapter, trainable=True)
    by_id = {prompt.id: prompt for prompt in prompts}

    def combined(completions: list[str], prompt_id: list[str], **_: Any) -> list[float | None]:
        rewards = reward_answers([by_id[name] for name in prompt_id], completions)
        return [reward.combined for reward in rewards]

    needed = [prompts[place % len(prompts)].id for place in range(recipe.steps * recipe.prompts)]
    standing = Standing(parts, folder)
    prober = _ProbeAndSave(loaded, probe, recipe.probe_every, standing)
    with quiet_trainers():
        trainer = GRPOTrainer(
            model=loaded.model,
            reward_funcs=[combined],
            args=GRPOConfig(
                **trainer_arguments(standing.folder, recipe.steps, recipe.learning_rate, seed),
                per_device_train_batch_size=recipe.prompts * recipe.answers,
                num_generations=recipe.answers,
                max_completion_length=recipe.tokens,
                temperature=1.0,
                beta=0.0,
                shuffle_dataset=False,
            ),
            train_dataset=Dataset.from_list([{"prompt": ask[name], "prompt_id": name} for name in needed]),
            processing_class=loaded.tokenizer,
            callbacks=[Callback(on_step), prober, standing],
        )
        remove_chatter(trainer)
        if not standing.step:
            prober.look(0)
        trainer.train(resume_from_checkpoint=standing.checkpoint)
    rewards = curve_of(trainer.state.log_history, {"reward": "reward", "reward_std": "reward_spread"})
    return Reinforced(tuple(prober.adapters), (*rewards, *prober.curve))
