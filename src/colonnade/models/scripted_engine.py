"""An engine that says what it is told to, when it is told to: for tests and for demonstrations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

from colonnade.models.engine import EngineError, Finish, Generation, Load, Piece, Usage, check_request
from colonnade.records import Digest, digest_of

Event = str | float | EngineError
"""A text to send, seconds to wait, or a fault to end with."""

Script = Sequence[Event] | Callable[[Generation], Sequence[Event]]


class ScriptedEngine:
    """Answers every request by the script of the adapter that it names.

    Each text of a script counts as one token, and every choice gets the same script; the choices
    take turns.

    Args:
        scripts: events by the name of an adapter; "" is what is served by default.
        most_choices: a request for more is invalid.
        places: requests at once; one more is told that the engine is busy.

    Attributes:
        asked: every request, in order.
        intact: set it to false, and the base has changed.
    """

    def __init__(self, scripts: Mapping[str, Script], *, most_choices: int = 16, places: int = 1 << 20) -> None:
        self.name = "scripted"
        self.adapters = {name: digest_of(name) for name in scripts if name}
        self.asked: list[Generation] = []
        self.intact = True
        self._scripts = dict(scripts)
        self._most_choices, self._places = most_choices, places
        self._running: list[Generation] = []
        self._steps = self._mixed = self._cancelled = 0

    async def stream(self, request: Generation) -> AsyncGenerator[Piece, None]:
        """The script of the request's adapter, as pieces."""
        check_request(request, self.adapters, self._most_choices)
        self._refuse_if_changed()
        if len(self._running) >= self._places:
            raise EngineError("busy", "too many requests are waiting.")
        self.asked.append(request)
        self._running.append(request)
        try:
            async for piece in self._play(request):
                yield piece
        except GeneratorExit:
            self._cancelled += 1
            raise
        finally:
            self._running.remove(request)

    async def _play(self, request: Generation) -> AsyncGenerator[Piece, None]:
        script = self._scripts.get(request.adapter, ())
        events = script(request) if callable(script) else script
        said = 0
        for event in events:
            if isinstance(event, EngineError):
                raise event
            if isinstance(event, str):
                if said == request.tokens:
                    break
                said += 1
                self._steps += 1
                self._mixed += len({other.adapter for other in self._running}) > 1
                for choice in range(request.choices):
                    yield Piece(choice, event)
            await asyncio.sleep(0.0 if isinstance(event, str) else event)
        texts = sum(isinstance(event, str) for event in events)
        finish: Finish = "length" if texts > request.tokens else "stop"
        usage = Usage(len(str(request.prompt).split()), said * request.choices)
        for choice in range(request.choices):
            yield Piece(choice, "", finish, usage if choice == request.choices - 1 else None)

    def load(self) -> Load:
        """How busy it is."""
        rows = sum(request.choices for request in self._running)
        return Load(0, rows, self._steps, self._mixed, self._cancelled)

    async def check(self) -> Digest:
        """The digest of the scripts' names."""
        self._refuse_if_changed()
        return digest_of(sorted(self._scripts))

    async def close(self) -> None:
        """Nothing is left to do."""

    def _refuse_if_changed(self) -> None:
        if not self.intact:
            raise EngineError("base changed", "the base weights are not those that were loaded.")
