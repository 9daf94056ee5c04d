"""Prompts put to a model, and what came back, as transcripts."""

from __future__ import annotations

from collections.abc import Sequence

from colonnade.models.model import Model, Progress, Sampling, conversation
from colonnade.records import Digest, Message, Prompt, Transcript


def transcribe(
    model: Model,
    prompts: Sequence[Prompt],
    system: str,
    sampling: Sampling,
    speaker: Digest,
    progress: Progress | None = None,
) -> tuple[Transcript, ...]:
    """One transcript per prompt, in order; a fault of one prompt is written down, not raised."""
    conversations = [conversation(system, prompt.text) for prompt in prompts]
    replies = model.reply(conversations, sampling, progress)
    return tuple(
        Transcript(
            prompt=prompt.id,
            speaker=speaker,
            messages=turns if reply.stop == "fault" else (*turns, Message(role="assistant", content=reply.text)),
            stop=reply.stop,
            fault=reply.fault,
        )
        for prompt, turns, reply in zip(prompts, conversations, replies, strict=True)
    )
