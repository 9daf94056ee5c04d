"""Prompts put to a model, and what came back, as transcripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from colonnade.models.model import Model, Progress, Sampling, conversation
from colonnade.records import Digest, Message, Prompt, Transcript


def transcribe(
    model: Model,
    prompts: Sequence[Prompt],
    system: str,
    sampling: Sampling,
    speaker: Digest,
    progress: Progress | None = None,
    opening: Callable[[Prompt], str] | None = None,
) -> tuple[Transcript, ...]:
    """One transcript per prompt, in order; a fault of one prompt is written down, not raised.

    ``opening`` gives the words with which the answer to a prompt begins; the model goes on from there.
    """
    asked = [conversation(system, prompt.text) for prompt in prompts]
    openings = [opening(prompt) if opening else "" for prompt in prompts]
    begun = [
        (*turns, Message(role="assistant", content=words)) if words else turns
        for turns, words in zip(asked, openings, strict=True)
    ]
    replies = model.reply(begun, sampling, progress)
    answers = [
        f"{words} {reply.text}".strip() if words else reply.text for words, reply in zip(openings, replies, strict=True)
    ]
    return tuple(
        Transcript(
            prompt=prompt.id,
            speaker=speaker,
            messages=turns if reply.stop == "fault" else (*turns, Message(role="assistant", content=answer)),
            stop=reply.stop,
            fault=reply.fault,
        )
        for prompt, turns, reply, answer in zip(prompts, asked, replies, answers, strict=True)
    )
