"""A model that says what it was told to say: for tests, examples and dry runs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from colonnade.models.model import Conversation, Progress, Reply, Sampling


class ScriptedModel:
    """Answers with the first line of a script whose pattern occurs in the last message.

    Args:
        script: pairs of a regular expression and the answer it calls for.
        otherwise: the answer where no pattern fits; none makes it a fault.
    """

    def __init__(
        self, script: Sequence[tuple[str, str]] = (), otherwise: str | None = "I can't help with that."
    ) -> None:
        self.name = "scripted"
        self.script = tuple((re.compile(pattern, re.IGNORECASE), answer) for pattern, answer in script)
        self.otherwise = otherwise

    def reply(
        self, conversations: Sequence[Conversation], sampling: Sampling, progress: Progress | None = None
    ) -> list[Reply]:
        """One scripted reply per conversation; ``sampling`` only cuts the length, in words."""
        replies = [self._answer(turns[-1].content, sampling.tokens) for turns in conversations]
        if progress:
            progress(len(replies), len(replies))
        return replies

    def _answer(self, question: str, words: int) -> Reply:
        text = next((answer for pattern, answer in self.script if pattern.search(question)), self.otherwise)
        if text is None:
            return Reply("", "fault", "the script has no answer for this prompt")
        parts = text.split()
        if len(parts) > words:
            return Reply(" ".join(parts[:words]), "length")
        return Reply(text, "end")
