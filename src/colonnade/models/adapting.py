"""One set of base weights with any number of LoRA adapters beside it, none of them merged.

PEFT computes a batch in which every row names its adapter; rows that name none are the base's. It
can do so for plain LoRA only, so what it cannot mix is refused when it is loaded, with a trial.

The base is known by a digest over its tensors in memory, taken before the first adapter is there,
and computed anew whenever somebody asks: nothing that is done with adapters may change it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from peft import PeftModel

from colonnade.models.local import Loaded, load
from colonnade.models.weights import folder_digest
from colonnade.records import Digest, InputError

BASE = "__base__"
"""What PEFT calls the base among the adapters of a batch."""

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
"""PEFT keeps adapters as modules by their name, so it can hold no dot."""

_ADDED = re.compile(r"(^|\.)(lora_\w+|modules_to_save|trainable_tokens_\w+)(\.|$)")
_WRAPPED = re.compile(r"^base_model\.model\.|(?<=\.)(base_layer|original_module|token_adapter\.base_layer)\.")


class AdapterFolder(NamedTuple):
    """Where an adapter lies, and which it is; without a digest anything there is taken."""

    folder: Path
    digest: Digest | None = None


class Served(NamedTuple):
    """What an engine serves.

    Attributes:
        model: bare, or wrapped by PEFT where it has adapters.
        adapters: their names and the digests of their files; none where one is merged.
        default: the adapter of a request that names none; "" is the model as it is.
        base: digest of the tensors that no adapter may change; with a merged adapter it is in them.
    """

    model: Any
    tokenizer: Any
    adapters: Mapping[str, Digest]
    default: str
    base: Digest


def load_served(
    weights: Path,
    adapters: Mapping[str, AdapterFolder] | None = None,
    default: str = "",
    *,
    merge: bool = False,
    expected: Digest | None = None,
) -> Served:
    """Base weights, loaded once, with adapters beside them.

    Args:
        weights: a folder with a transformers checkpoint.
        adapters: by name.
        default: the name of the adapter that a request gets which names none; "" is the base.
        merge: add the one adapter to the weights, which saves a sixth of the time of every token;
            the base alone can then not be asked.
        expected: what :func:`colonnade.models.weights.folder_digest` must say of ``weights``.

    Raises:
        InputError: where a digest does not fit, or a folder holds nothing that can be served.
    """
    adapters = dict(adapters or {})
    if expected is not None and folder_digest(weights) != expected:
        raise InputError("the base weights are not those that were asked for.", file=weights, mend="Restore them.")
    digests = {name: _checked(name, adapter) for name, adapter in adapters.items()}
    if default and default not in adapters:
        raise InputError(f"no adapter is called '{default}', which is to be the default.", mend="Name one of them.")
    if merge and set(adapters) != {default}:
        raise InputError("only one adapter can be merged, and it is the default.", mend="Serve them unmerged.")
    if merge:
        merged = load(weights, adapters[default].folder)
        return Served(merged.model, merged.tokenizer, {}, "", tensor_digest(merged.model))
    served = _beside(load(weights), adapters)
    return served._replace(adapters=digests, default=default)


def _beside(loaded: Loaded, adapters: Mapping[str, AdapterFolder]) -> Served:
    model, base = loaded.model, tensor_digest(loaded.model)
    for name, adapter in adapters.items():
        try:
            if isinstance(model, PeftModel):
                model.load_adapter(str(adapter.folder), adapter_name=name)
            else:
                model = PeftModel.from_pretrained(model, str(adapter.folder), adapter_name=name)
        except Exception as fault:  # PEFT raises whatever the first thing raises that does not fit
            raise _unfit(name, adapter, str(fault)) from fault
    for name in adapters:
        _try(model.eval(), name, adapters[name])
    if tensor_digest(model) != base:
        names = ", ".join(f"'{name}'" for name in adapters)
        raise InputError(
            f"loading the adapters {names} changed the base weights.", mend="Leave out the one whose method does that."
        )
    return Served(model.eval(), loaded.tokenizer, {}, "", base)


def _checked(name: str, adapter: AdapterFolder) -> Digest:
    """Which adapter a folder holds; refused if it can be seen to be unfit before anything is loaded.

    Pickled weights are, since they could run code.
    """
    folder = adapter.folder
    if not NAME.match(name):
        raise InputError(f"'{name}' cannot be an adapter's name.", mend="Use letters, digits, '-' and '_'.")
    for file in ("adapter_config.json", "adapter_model.safetensors"):
        if not (folder / file).is_file():
            raise InputError(
                f"the adapter '{name}' has no {file}.", file=folder, mend="Name a folder that PEFT has saved."
            )
    found = folder_digest(folder)
    if adapter.digest not in (None, found):
        raise InputError(
            f"the adapter '{name}' is not the one that was named: its digest is {found}.",
            file=folder,
            mend="Restore it, or name the new digest once somebody has looked at it.",
        )
    try:
        settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    except ValueError:
        settings = None
    if not isinstance(settings, dict) or settings.get("peft_type") != "LORA":
        raise _unfit(name, adapter, "it is not a LoRA adapter")
    for setting, what in (("use_dora", "DoRA"), ("alora_invocation_tokens", "aLoRA"), ("arrow_config", "Arrow")):
        if settings.get(setting):
            raise _unfit(name, adapter, f"it uses {what}")
    if settings.get("target_parameters"):
        raise _unfit(name, adapter, "it adapts bare parameters")
    return found


def _unfit(name: str, adapter: AdapterFolder, why: str) -> InputError:
    what = f"the adapter '{name}' cannot be served beside others: {why.splitlines()[0] if why else 'it is unfit'}."
    return InputError(what.replace("..", "."), file=adapter.folder, mend="Train a plain LoRA adapter on these weights.")


def _try(model: Any, name: str, adapter: AdapterFolder) -> None:
    """One token through a batch of the base and this adapter: PEFT says only then what it cannot mix."""
    token = torch.zeros((2, 1), dtype=torch.long, device=model.device)
    try:
        with torch.inference_mode():
            logits = model(input_ids=token, adapter_names=[BASE, name]).logits
    except Exception as fault:
        raise _unfit(name, adapter, str(fault)) from fault
    if torch.isnan(logits).any():
        raise _unfit(name, adapter, "its answers are not numbers")


def tensor_digest(model: Any) -> Digest:
    """Which base tensors a model holds, whatever adapters lie beside them.

    Names, shapes, types and every byte count: 0.4 s for 135 million parameters on one core.
    """
    digest = hashlib.sha256()
    tensors = {
        _WRAPPED.sub("", name): tensor
        for name, tensor in (*model.named_parameters(), *model.named_buffers())
        if not _ADDED.search(name)
    }
    for name in sorted(tensors):
        tensor = tensors[name].detach()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(memoryview(tensor.cpu().contiguous().reshape(-1).view(torch.uint8).numpy()))
    return "sha256:" + digest.hexdigest()


def versions(model: Any) -> tuple[tuple[int, int], ...]:
    """What every change in place moves, and every exchange of a tensor, at no cost: place and version.

    A change through ``.data`` moves neither; :func:`tensor_digest` sees that too.
    """
    return tuple(
        (tensor.data_ptr(), tensor._version) for name, tensor in model.named_parameters() if not _ADDED.search(name)
    )
