"""Prompts put to a model, with as little of our own as possible, and so that an interruption costs nothing finished."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from functools import wraps
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, ParamSpec, TypeVar

import anyio.to_thread

from colonnade.evaluation.journal import Entry, Journal, keys
from colonnade.models import Conversation, Model, Reply, Sampling
from colonnade.models.pacing import Limits, Pace, each
from colonnade.models.remote import Attempt, RemoteModel, sound, to_its_end
from colonnade.records import ColonnadeError, Digest, InputError, Message, Prompt, Transcript

P = ParamSpec("P")
T = TypeVar("T")


class Price(NamedTuple):
    """What a server charges for a million tokens, in whatever currency."""

    tokens_in: float
    tokens_out: float


class Cost(NamedTuple):
    """What a run has used; answers taken from the journal cost nothing.

    Attributes:
        tokens_in, tokens_out: as the server counted them.
        unreported: answers for which it did not, so that the true figures are larger.
        money: at the price that was given; none without one.
    """

    tokens_in: int = 0
    tokens_out: int = 0
    unreported: int = 0
    money: float | None = None


class Standing(NamedTuple):
    """How far a run has come.

    Attributes:
        done, total: prompts, those from the journal included.
        faults: of the done ones.
        seconds: since the run began.
    """

    done: int
    total: int
    faults: int
    cost: Cost
    seconds: float


OnProgress = Callable[[Standing], None]


class Answered(NamedTuple):
    """What a run came to.

    Attributes:
        transcripts: one per prompt, in the same order, faults included.
        faults: each fault with how often it occurred, the commonest first.
        reused: prompts whose answer stood in the journal.
        seconds: wall time.
        cost: of what was asked anew.
        notes: what a reader should know, such as a torn line of the journal.
    """

    transcripts: tuple[Transcript, ...]
    faults: tuple[tuple[str, int], ...]
    reused: int
    seconds: float
    cost: Cost
    notes: tuple[str, ...] = ()


class RunSettings(NamedTuple):
    """How a run goes about its asking; what is asked, and of whom, stands beside it.

    Attributes:
        journal: the file of answers, if any.
        limits: for a remote model; a few requests at a time by default.
        on_progress: told after every batch, or every answer of a remote model.
        price: for the running cost.
        pace: for runs that share a server; it brings its own limits.
        keep_faults: whether a fault in the journal counts as the answer, rather than being asked again.
    """

    journal: Path | None = None
    limits: Limits = Limits()
    on_progress: OnProgress | None = None
    price: Price | None = None
    pace: Pace | None = None
    keep_faults: bool = False


async def answer_async(
    prompts: Sequence[Prompt],
    model: Model | RemoteModel,
    system: str,
    sampling: Sampling,
    speaker: Digest,
    settings: RunSettings = RunSettings(),  # noqa: B008  a frozen value
) -> Answered:
    """One transcript per prompt, in order; a fault of one prompt is written down, not raised.

    A model in memory is handed ``sampling.batch`` prompts at a time, the longest first; where other
    tasks run in the loop, in a thread of its own, which contexts that belong to a thread (autocast,
    say) do not reach. Where it draws by chance, each batch has a seed made from that of ``sampling``
    and its first prompt. A remote model is asked as its limits allow. Every answer stands in the
    journal before it is counted, and a second run asks only for what is missing; one text under two
    ids is asked once (for two draws take two seeds).

    Args:
        prompts: what to ask.
        model: scripted, live in memory, or behind a server.
        system: the system message before each prompt.
        sampling: how answers are drawn.
        speaker: digest of what answers.
        settings: what is kept, how fast, at what price, and who is told.

    Raises:
        InputError: where the journal is something else, or a limit lets nothing through.
        ColonnadeError: where the journal cannot be written, or the model raises or sends what is no reply; what was
            finished is in the journal.
    """
    if sampling.batch < 1:
        raise InputError(f"a batch of {sampling.batch} prompts asks nothing.", mend="Ask at least 1 at a time.")
    with Journal(settings.journal) if settings.journal else nullcontext() as journal:
        asked = keys([prompt.text for prompt in prompts], system, sampling, speaker)
        desk = _Desk(prompts, system, asked, speaker, settings, journal)
        desk.take_from_journal()
        if isinstance(model, RemoteModel):
            await _ask_remote(desk, model, sampling, settings.pace or Pace(settings.limits, sampling.seed))
        else:
            await _ask_in_batches(desk, model, sampling)
        return desk.answered()


def _to_its_end(work: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    """The same work for code that is not asynchronous."""

    @wraps(work)
    def whole(*arguments: P.args, **settings: P.kwargs) -> T:
        return to_its_end(lambda: work(*arguments, **settings))

    return whole


answer = _to_its_end(answer_async)


class _Desk:
    """What is asked, and what has come back."""

    def __init__(
        self,
        prompts: Sequence[Prompt],
        system: str,
        asked: list[str],
        speaker: Digest,
        settings: RunSettings,
        journal: Journal | None,
    ) -> None:
        self.began = perf_counter()
        self.prompts, self.speaker, self.settings, self.journal = prompts, speaker, settings, journal
        self.system = Message(role="system", content=system)
        self.places: dict[str, list[int]] = {}
        for index, key in enumerate(asked):
            self.places.setdefault(key, []).append(index)
        self.said: dict[str, Conversation] = {}
        self.transcripts: dict[int, Transcript] = {}
        self.faults: Counter[str] = Counter()
        self.reused = 0
        self.cost = Cost()

    def take_from_journal(self) -> None:
        """Place the answers of an earlier run that was interrupted."""
        if self.journal:
            for key, entry in self.journal.read(self.places, self.settings.keep_faults).items():
                self._place(key, entry.reply)
            self.reused = len(self.transcripts)
        self._tell()

    def missing(self) -> list[str]:
        """The keys without an answer, in the order of the prompts."""
        return [key for key, places in self.places.items() if places[0] not in self.transcripts]

    def prompt(self, key: str) -> Prompt:
        """The first of the prompts that are asked by this key."""
        return self.prompts[self.places[key][0]]

    def turns(self, key: str) -> Conversation:
        """What is put to the model; the transcript takes the very same messages."""
        if key not in self.said:
            self.said[key] = (self.system, Message(role="user", content=self.prompt(key).text))
        return self.said[key]

    def finish(self, answers: Sequence[tuple[str, Attempt]], asked: bool = True) -> None:
        """Write answers down, then count them."""
        if self.journal and asked:
            self.journal.add(
                [
                    Entry(key, self.prompt(key).id, attempt.reply, attempt.tokens_in, attempt.tokens_out)
                    for key, attempt in answers
                ]
            )
        for key, attempt in answers:
            self._place(key, attempt.reply)
        self._tell()

    def pay(self, attempt: Attempt) -> None:
        """Count what a request used."""
        known, price = self.cost, self.settings.price
        tokens_in = known.tokens_in + (attempt.tokens_in or 0)
        tokens_out = known.tokens_out + (attempt.tokens_out or 0)
        silent = attempt.reply.stop != "fault" and None in (attempt.tokens_in, attempt.tokens_out)
        money = (tokens_in * price.tokens_in + tokens_out * price.tokens_out) / 1e6 if price else None
        self.cost = Cost(tokens_in, tokens_out, known.unreported + silent, money)

    def answered(self) -> Answered:
        return Answered(
            transcripts=tuple(self.transcripts[index] for index in range(len(self.prompts))),
            faults=tuple(self.faults.most_common()),
            reused=self.reused,
            seconds=perf_counter() - self.began,
            cost=self.cost,
            notes=tuple(self.journal.notes) if self.journal else (),
        )

    def _place(self, key: str, reply: Reply) -> None:
        turns, places = self.turns(key), self.places[key]
        if reply.stop == "fault":
            self.faults[reply.fault] += len(places)
        else:
            turns = (*turns, Message(role="assistant", content=reply.text))
        for index in places:
            self.transcripts[index] = Transcript(
                prompt=self.prompts[index].id, speaker=self.speaker, messages=turns, stop=reply.stop, fault=reply.fault
            )
        del self.said[key]

    def _tell(self) -> None:
        if self.settings.on_progress:
            done, faults = len(self.transcripts), self.faults.total()
            self.settings.on_progress(Standing(done, len(self.prompts), faults, self.cost, perf_counter() - self.began))


async def _ask_in_batches(desk: _Desk, model: Model, sampling: Sampling) -> None:
    # Prompts of like length waste little padding; the longest first, so that too little memory shows at once.
    missing = sorted(desk.missing(), key=lambda key: -len(desk.prompt(key).text))
    # A thread keeps the loop free for others. Where there are none it only costs: generation ran a third slower in one.
    alone = len(asyncio.all_tasks()) == 1
    for start in range(0, len(missing), sampling.batch):
        batch = missing[start : start + sampling.batch]
        turns = [desk.turns(key) for key in batch]
        drawn = sampling
        if sampling.temperature > 0:
            drawn = sampling._replace(seed=(sampling.seed + int(batch[0][:8], 16)) % (1 << 31))
        try:
            replies = model.reply(turns, drawn) if alone else await anyio.to_thread.run_sync(model.reply, turns, drawn)
        except ColonnadeError:
            raise
        except Exception as fault:
            raise _raised(model.name, fault) from fault
        if len(replies) != len(batch):
            raise _broken(model.name, f"sent {len(replies)} replies to {len(batch)} prompts")
        desk.finish([(key, Attempt(_checked(model.name, reply))) for key, reply in zip(batch, replies, strict=True)])


async def _ask_remote(desk: _Desk, model: RemoteModel, sampling: Sampling, pace: Pace) -> None:
    missing = desk.missing()
    if not missing:
        return
    async with model.session() as ask:

        async def one(key: str) -> None:
            turns = desk.turns(key)

            async def request() -> Attempt:
                attempt = await ask(turns, sampling)
                desk.pay(attempt)
                return attempt

            asked = not pace.hopeless
            try:
                attempt = await pace.ask(request)
            except ColonnadeError:
                raise
            except Exception as fault:
                raise _raised(model.name, fault) from fault
            desk.finish([(key, attempt._replace(reply=_checked(model.name, attempt.reply)))], asked)

        await each(missing, one, min(pace.limits.concurrent, len(missing)))


def _checked(name: str, reply: Reply) -> Reply:
    """A reply that can be written down; what is none shows that the model's program is wrong."""
    known = isinstance(reply, Reply) and isinstance(reply.text, str) and reply.stop in ("end", "length", "fault")
    if not known:
        raise _broken(name, f"sent what is no reply: {str(reply)[:80]!r}")
    if reply.stop == "fault":
        return Reply("", "fault", reply.fault or "the model gave no reason")
    return sound(reply)


def _raised(name: str, fault: Exception) -> ColonnadeError:
    return _broken(name, f"raised {type(fault).__name__}: {fault}")


def _broken(name: str, how: str) -> ColonnadeError:
    return ColonnadeError(
        f"the model '{name}' {how}.", mend="Mend that, then start again; what was finished is in the journal."
    )
