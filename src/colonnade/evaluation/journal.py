"""Answers written down as they come, so that a run that was interrupted asks only for what is missing."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from pathlib import Path
from typing import NamedTuple

from colonnade.models import Reply, Sampling
from colonnade.records import Digest, canonical_json
from colonnade.store import journal

KIND = "answers"


class Entry(NamedTuple):
    """One line.

    Attributes:
        key: what was asked, of whom and how; see :func:`keys`.
        prompt: the id of the prompt, for whoever reads along.
        tokens_in, tokens_out: as the server counted them; none where it did not.
    """

    key: str
    prompt: str
    reply: Reply
    tokens_in: int | None = None
    tokens_out: int | None = None


def keys(texts: Sequence[str], system: str, sampling: Sampling, speaker: Digest) -> list[str]:
    """For each text the sha256 of all that an answer depends on.

    How many prompts a model is handed at a time is left out: after a run that was too large for the
    memory, the next one may take smaller batches and keep what there is.
    """
    drawn = {"tokens": sampling.tokens, "temperature": sampling.temperature, "seed": sampling.seed}
    # JSON ends where its outermost brace closes, so that no text can pass for a part of it.
    base = hashlib.sha256(canonical_json({"system": system, "sampling": drawn, "speaker": speaker}))
    found = []
    for text in texts:
        one = base.copy()
        one.update(text.encode())
        found.append(one.hexdigest())
    return found


class Journal(journal.Journal):
    """A journal of answers; several models and samplings may share a file."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, KIND, "what was answered there is asked again")

    def read(self, wanted: Container[str], faults: bool = False) -> dict[str, Entry]:
        """The entries with these keys; of several with one key the last. Faults only where they are asked for."""
        found: dict[str, Entry] = {}
        for row in self.rows():
            entry = Entry(row["key"], row["prompt"], Reply(row["text"], row["stop"], row["fault"]), *row["tokens"])
            if entry.key in wanted and (faults or entry.reply.stop != "fault"):
                found[entry.key] = entry
        return found

    def add(self, entries: Sequence[Entry]) -> None:
        """Append entries in one write.

        Raises:
            ColonnadeError: where they cannot be written, for instance on a full disk.
        """
        self.append(
            [
                {
                    "key": entry.key,
                    "prompt": entry.prompt,
                    "text": entry.reply.text,
                    "stop": entry.reply.stop,
                    "fault": entry.reply.fault,
                    "tokens": [entry.tokens_in, entry.tokens_out],
                }
                for entry in entries
            ]
        )
