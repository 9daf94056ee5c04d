"""The local engine: one worker thread, one set of weights, many requests with an adapter each.

Whoever asks waits in line; between two tokens the worker takes the next one in, reads its prompt,
and goes on with everybody. A request whose consumer has gone away leaves at the next token.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from threading import Condition, Thread
from typing import Any, NamedTuple

import torch

from colonnade.models.adapting import Served, tensor_digest, versions
from colonnade.models.decoding import Batch, Draw, Reader, Reading, decoder_layers, draw_token
from colonnade.models.engine import EngineError, Finish, Generation, Leaning, Load, Piece, Usage, check_request
from colonnade.models.leaning import leant
from colonnade.models.local import Loaded, LocalModel, broken_up, control_tokens
from colonnade.models.model import Conversation
from colonnade.models.pieces import Writer
from colonnade.records import Digest, InputError

ROWS = 16
"""Answers drawn at once; measured, twice as many gain little on a processor."""

WAITING = 64
"""Requests in line; one more is told that the engine is busy."""

logger = logging.getLogger(__name__)


class _Job:
    """A request in line or under way, and the road back to whoever asked."""

    def __init__(self, request: Generation) -> None:
        self.request = request
        self.loop = asyncio.get_running_loop()
        self.pieces: asyncio.Queue[Piece | EngineError] = asyncio.Queue()
        self.cancelled = False
        # From here on the worker's alone.
        self.open = request.choices
        self.prompt: Sequence[int] = ()
        self.tokens = self.drawn = 0

    def deliver(self, piece: Piece | EngineError) -> None:
        """Hand over from the worker; a loop that has ended has nobody left to hand to."""
        try:
            self.loop.call_soon_threadsafe(self.pieces.put_nowait, piece)
        except RuntimeError:
            self.cancelled = True


class _Question(NamedTuple):
    """Prompts that are only to be read."""

    prompts: Sequence[Conversation | str]
    adapter: str
    answer: Future[list[torch.Tensor]]


class _Row:
    """One answer of a job.

    Attributes:
        ends: tokens that end it.
        banned: of these and of the model's own, what must not come while it must not end, or ever.
    """

    def __init__(self, job: _Job, choice: int, seed: int, writer: Writer, ends: frozenset[int]) -> None:
        request = job.request
        self.job, self.choice, self.writer = job, choice, writer
        generator = torch.Generator().manual_seed(seed + choice)
        self.draw = Draw(request.temperature, request.top_p, generator, request.top_k, request.min_p)
        self.ends = ends.union(request.stop_tokens)
        self._forever = ends.difference(request.stop_tokens) if request.ignore_end else frozenset[int]()
        self._leans = request.leaning != Leaning()
        self._said: list[int] = []
        self.token = 0
        self.drawn = 0

    @property
    def early(self) -> bool:
        """Whether it must not end yet."""
        return self.drawn < self.job.request.min_tokens

    def take(self, logits: torch.Tensor) -> None:
        """Its next token."""
        banned = self.ends if self.early else self._forever
        if self._leans or banned:
            logits = leant(logits, self.job.request.leaning, self.job.prompt, self._said, banned)
        self.token = draw_token(logits, self.draw)
        if self._leans:
            self._said.append(self.token)


class LocalEngine:
    """Answers many requests at once with local weights; see :class:`colonnade.models.engine.Engine`.

    Args:
        served: weights and adapters, see :func:`colonnade.models.adapting.load_served`.
        name: what it is called.
        rows: answers drawn at once, over all requests.
        waiting: requests in line.
        watched: the layer, from 1, whose activations :meth:`read` gives back.

    Raises:
        InputError: where the model has no such layer.
    """

    def __init__(
        self,
        served: Served,
        name: str = "local",
        *,
        rows: int = ROWS,
        waiting: int = WAITING,
        watched: int | None = None,
    ) -> None:
        if watched is not None and not 1 <= watched < len(decoder_layers(served.model)):
            last = len(decoder_layers(served.model)) - 1
            raise InputError(f"the model has no layer {watched} to watch.", mend=f"Choose from 1 to {last}.")
        self.name, self.adapters = name, served.adapters
        self.served, self.watched = served, watched
        self._most_rows, self._most_waiting = rows, waiting
        self._format = LocalModel(Loaded(served.model, served.tokenizer))
        self._ends, self._control = _end_tokens(served), control_tokens(served.tokenizer)
        self._longest: int = getattr(served.model.config, "max_position_embeddings", 1 << 20)
        self._words: int = getattr(served.model.config, "vocab_size", len(served.tokenizer))
        self._versions = versions(served.model)
        # What is only to be read need not wait for a place among the rows.
        self._line: deque[_Job] = deque()
        self._questions: deque[_Question] = deque()
        self._change = Condition()
        self._closing = self._changed = False
        self._running: list[_Row] = []
        self._steps = self._mixed = self._cancelled = 0
        self._reader, self._batch = Reader(served, watched), Batch(served)
        self._worker = Thread(target=self._work, name=f"engine-{name}", daemon=True)
        self._worker.start()

    async def stream(self, request: Generation) -> AsyncGenerator[Piece, None]:
        """The answer, piece by piece; whoever stops listening should close the generator.

        Raises:
            EngineError: at the first piece where the request cannot be answered, later where the
                engine fails.
        """
        check_request(request, self.adapters, self._most_rows)
        self._check_tokens("logit_bias", dict(request.leaning.bias))
        self._check_tokens("stop_token_ids", request.stop_tokens)
        job = _Job(request)
        self._enqueue(job)
        unfinished = request.choices
        try:
            while unfinished:
                piece = await job.pieces.get()
                if isinstance(piece, EngineError):
                    raise piece
                unfinished -= piece.finish is not None
                yield piece
        except (GeneratorExit, asyncio.CancelledError):
            self._cancelled += 1
            raise
        finally:
            job.cancelled = True

    def read(self, prompts: Sequence[Conversation | str], adapter: str = "") -> list[torch.Tensor]:
        """What the watched layer says of each token of each prompt, shape (tokens, dimensions).

        From any thread but the event loop's. A single prompt is remembered for a while: where it is
        asked next, with the same adapter, it is not read again. Several are read in one batch.

        Raises:
            EngineError: as from :meth:`stream`.
        """
        if self.watched is None:
            raise EngineError("invalid", "no layer is watched, so nothing can be read from it.")
        question = _Question(prompts, adapter, Future())
        self._enqueue(question)
        return question.answer.result()

    def load(self) -> Load:
        """How busy it is."""
        with self._change:
            waiting = len(self._line) + len(self._questions)
            return Load(waiting, len(self._running), self._steps, self._mixed, self._cancelled)

    async def check(self) -> Digest:
        """The digest of the base in memory, computed in a thread beside the work.

        Raises:
            EngineError: where it is not the one that was loaded; nothing is answered from then on.
        """
        found = await asyncio.to_thread(tensor_digest, self.served.model)
        if found != self.served.base:
            self._changed = True
            self._refuse_if_changed()
        return found

    async def close(self) -> None:
        """End the worker; what is under way fails."""
        with self._change:
            self._closing = True
            self._change.notify()
        await asyncio.to_thread(self._worker.join)

    def _check_tokens(self, key: str, tokens: Iterable[int]) -> None:
        for token in tokens:
            if not 0 <= token < self._words:
                message = f"'{key}' names the token {token}, and the model's lie from 0 to {self._words - 1}."
                raise EngineError("invalid", message)

    def _ids(self, prompt: Conversation | str) -> list[int]:
        """The tokens of a prompt; what reads like a control token in it is broken up, so that nobody forges a turn."""
        if isinstance(prompt, str):
            text = broken_up(prompt, self._control)
        else:
            turns = [turn.model_copy(update={"content": broken_up(turn.content, self._control)}) for turn in prompt]
            text = self._format.prompt_text(tuple(turns))
        # A bare text begins as the tokenizer begins texts; the chat format brings its own beginning.
        ids: list[int] = self.served.tokenizer(text, add_special_tokens=isinstance(prompt, str))["input_ids"]
        if len(ids) >= self._longest:
            raise EngineError("too long", f"the prompt has {len(ids)} tokens, and the model reads {self._longest}.")
        if not ids:
            raise EngineError("invalid", "the prompt is empty.")
        return ids

    def _enqueue(self, item: _Job | _Question) -> None:
        self._refuse_if_changed()
        with self._change:
            if self._closing:
                raise EngineError("failed", "the engine has been closed.")
            waiting = len(self._line) + len(self._questions)
            if waiting >= self._most_waiting:
                raise EngineError("busy", f"{waiting} requests are waiting; try again later.")
            if isinstance(item, _Job):
                self._line.append(item)
            else:
                self._questions.append(item)
            self._change.notify()

    def _refuse_if_changed(self) -> None:
        if not self._changed and versions(self.served.model) != self._versions:
            self._changed = True
        if self._changed:
            raise EngineError("base changed", "the base weights are not those that were loaded; nothing is answered.")

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._line or self._questions or self._running or self._closing)
                if self._closing:
                    break
                item = self._next()
            if item is not None:
                self._take_in(item)
            self._drop_cancelled()
            if self._running:
                self._step()
        gone = EngineError("failed", "the engine has been closed.")
        with self._change:
            waiting: list[_Job | _Question] = [*self._line, *self._questions]
        for item in waiting:
            _fail(item, gone)
        self._fail_running(gone)

    def _next(self) -> _Job | _Question | None:
        """What is taken in before the next token; one at a time, so that no stream stalls."""
        if self._questions:
            return self._questions.popleft()
        while self._line and self._line[0].cancelled:
            self._line.popleft()
        if self._line and len(self._running) + self._line[0].request.choices <= self._most_rows:
            return self._line.popleft()
        return None

    def _take_in(self, item: _Job | _Question) -> None:
        try:
            self._refuse_if_changed()
            if isinstance(item, _Question):
                item.answer.set_result(self._look(item))
            else:
                item.prompt = self._ids(item.request.prompt)
                self._begin(item, self._reader.read(item.prompt, item.request.adapter))
        except EngineError as fault:
            _fail(item, fault)
        except Exception as fault:
            logger.exception("reading a prompt failed")
            _fail(item, EngineError("failed", f"the model failed: {type(fault).__name__}."))

    def _look(self, question: _Question) -> list[torch.Tensor]:
        rows = [self._ids(prompt) for prompt in question.prompts]
        if len(rows) > 1:
            return self._reader.glance(rows, question.adapter)
        readings = [self._reader.read(ids, question.adapter, keep=True) for ids in rows]
        return [reading.hidden for reading in readings if reading.hidden is not None]

    def _begin(self, job: _Job, reading: Reading) -> None:
        request = job.request
        job.tokens = min(request.tokens, self._longest - reading.tokens)
        seed = request.seed if request.seed is not None else secrets.randbits(32)
        rows = [
            _Row(job, choice, seed, Writer(self._decode, request.stop), self._ends) for choice in range(request.choices)
        ]
        for row in rows:
            row.take(reading.logits)
        self._batch.join(reading, request.adapter, len(rows))
        self._running += rows
        self._settle(rows)

    def _step(self) -> None:
        try:
            logits = self._batch.step([row.token for row in self._running])
            for row, ahead in zip(self._running, logits, strict=True):
                row.take(ahead)
        except Exception as fault:  # nobody's memory can be trusted after half a step
            logger.exception("a step failed")
            self._fail_running(EngineError("failed", f"the model failed: {type(fault).__name__}."))
            return
        self._steps += 1
        self._mixed += len(set(self._batch.adapters)) > 1
        self._settle(self._running)

    def _settle(self, rows: Sequence[_Row]) -> None:
        """Let those leave whose answer ends with its newest token, then send what the newest tokens say."""
        said = [(row, self._say(row)) for row in rows]
        ended = {id(row) for row, piece in said if piece.finish is not None}
        if ended:
            self._leave(ended)
        for row, piece in said:
            if piece.text or piece.finish is not None:
                row.job.deliver(piece)

    def _say(self, row: _Row) -> Piece:
        """What the newest token of a row adds to its answer."""
        job, text, early = row.job, "", row.early
        finish: Finish | None = None
        job.drawn += 1
        row.drawn += 1
        if row.token not in row.ends:
            text = row.writer.feed(row.token, early)
        if row.token in row.ends or row.writer.stopped:
            finish = "stop"
        elif row.drawn >= job.tokens:
            finish = "length"
        if finish is None:
            return Piece(row.choice, text)
        job.open -= 1
        usage = None if job.open else Usage(len(job.prompt), job.drawn)
        return Piece(row.choice, text + row.writer.finish(), finish, usage)

    def _drop_cancelled(self) -> None:
        gone = {id(row) for row in self._running if row.job.cancelled}
        if gone:
            self._leave(gone)

    def _leave(self, rows: set[int]) -> None:
        self._batch.keep([place for place, row in enumerate(self._running) if id(row) not in rows])
        self._running = [row for row in self._running if id(row) not in rows]

    def _fail_running(self, fault: EngineError) -> None:
        for job in {id(row.job): row.job for row in self._running}.values():
            _fail(job, fault)
        self._running, self._batch = [], Batch(self.served)

    def _decode(self, tokens: Sequence[int]) -> str:
        text: str = self.served.tokenizer.decode(
            list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text


def _fail(item: _Job | _Question, fault: EngineError) -> None:
    if isinstance(item, _Job):
        item.deliver(fault)
    else:
        with suppress(Exception):  # whoever waited may have given up
            item.answer.set_exception(fault)


def _end_tokens(served: Served) -> frozenset[int]:
    """Every token that ends an answer: the tokenizer's, and those that the model's own settings name."""
    named: Any = served.model.generation_config.eos_token_id
    listed = named if isinstance(named, list) else [named]
    return frozenset(token for token in (served.tokenizer.eos_token_id, *listed) if token is not None)
