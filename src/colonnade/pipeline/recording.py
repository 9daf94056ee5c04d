"""The audit log of a workspace: opened, and made on first use with its keys."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from colonnade.guard import read_guard_configuration
from colonnade.guard.configuration import LogSettings
from colonnade.guard.recording import LogRecorder, QuickRing
from colonnade.pipeline.workspace import Workspace
from colonnade.records import InputError
from colonnade.store.log import GroupWriter, TransparencyLog, create_log, verifier_key
from colonnade.store.log.secrets import new_secret, new_signing_key, read_secret, read_signing_key
from colonnade.store.log.segments import SETTINGS

SECRET, PEOPLE, PUBLIC = "secret", "people", ".pub"
"""Beside the private key of the log: what wraps people's keys, those keys, and by its ending the log's public key."""

CHECKPOINT_SECONDS = 10.0
"""Between two checkpoints; rows behind the newest are vouched for by nobody yet, also after a crash."""


class LogPlaces(NamedTuple):
    """Where the service of a workspace keeps its log, and what belongs to it.

    Attributes:
        log: the folder of the log.
        key: the private key of its checkpoints.
        public: the public key, a line in a file.
        people: the folder of people's keys.
        secret: what these are wrapped with.
    """

    log: Path
    key: Path
    public: Path
    people: Path
    secret: Path


class Opened(NamedTuple):
    """A log that is being written.

    Attributes:
        recorder: for rows.
        folder: of the log.
        made: whether it was made just now.
        public: the log's public key, to be published.
    """

    recorder: LogRecorder
    folder: Path
    made: bool
    public: str


def log_settings(workspace: Workspace) -> LogSettings | None:
    """Where rows are written: as ``guard.yaml`` says, in the workspace where it says nothing, none for nowhere."""
    return _settings_in(workspace.folder)


def log_places(folder: Path) -> LogPlaces | None:
    """Where the log of a workspace lies or would, with its keys; nothing where ``guard.yaml`` says that none is kept.

    Args:
        folder: the workspace; nothing else of it has to be readable than its ``guard.yaml``.
    """
    settings = _settings_in(folder)
    return None if settings is None else _places(folder, settings)


def _settings_in(folder: Path) -> LogSettings | None:
    said = read_guard_configuration(folder / "guard.yaml").log
    if said == "none":
        return None
    return said if isinstance(said, LogSettings) else LogSettings()


def _places(folder: Path, settings: LogSettings) -> LogPlaces:
    key = folder / settings.key
    return LogPlaces(folder / settings.folder, key, key.with_suffix(PUBLIC), key.parent / PEOPLE, key.parent / SECRET)


def open_log(workspace: Workspace, settings: LogSettings, contents: bool = True) -> Opened:
    """The log, its keys and its writer; what is not there is made.

    Args:
        workspace: whose it is.
        settings: where things lie.
        contents: false to keep no prompts and answers, whatever the settings say.

    Raises:
        InputError: where the key lies in the log, others may read it, or it is missing though the log is there.
    """
    places = _places(workspace.folder, settings)
    folder, key_file = places.log, places.key
    if key_file.resolve().is_relative_to(folder.resolve()):
        mend = "Keep it elsewhere: whoever gets a copy of the log must not get its key."
        raise InputError("the key of the log lies in the log.", file=workspace.folder / "guard.yaml", mend=mend)
    made = not (folder / SETTINGS).exists()
    if made:
        _make(folder, key_file, settings.origin or f"{workspace.launch.name}/guard")
    key = read_signing_key(key_file)
    log = TransparencyLog(folder)
    log.sign_checkpoint(key)  # what was written before a crash is vouched for from here on
    ring = None
    if contents and settings.contents == "sealed":
        ring = QuickRing(places.people, read_secret(places.secret), folder)
    public = str(verifier_key(log.settings.origin, key))
    _publish(places.public, public)
    return Opened(
        LogRecorder(GroupWriter(log, key, CHECKPOINT_SECONDS), ring, settings.retain_days), folder, made, public
    )


def _publish(file: Path, public: str) -> None:
    """Keep the public key in a file, for whoever missed what the start of the service printed."""
    with suppress(OSError), file.open("x", encoding="utf-8") as stream:  # there already, or keys can only be read here
        stream.write(f"{public}\n")


def _make(folder: Path, key_file: Path, origin: str) -> None:
    beside = key_file.parent
    beside.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not key_file.exists():
        new_signing_key(key_file)
    if not (beside / SECRET).exists():
        new_secret(beside / SECRET)
    folder.parent.mkdir(parents=True, exist_ok=True)
    create_log(folder, origin)
