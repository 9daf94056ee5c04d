"""The reply's side: the span in every channel, cut in every way, streamed or whole, in one choice or several."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

from .check import PASSED, Check, Context, Outcome, unserved
from .client import Answer
from .official import complaint
from .plans import CHUNKINGS, COMPLETION_TOKENS, PROMPT_TOKENS, Part, Plan, saying
from .reading import MalformedError, Read, leak, passed_on, read, sound
from .speaking import CHANNELS
from .words import INNOCENT, NUMBER, POSITIONS, TRICKY, WORD, Planted, innocent, planted

COUNTS = (1, 2, 5)
ALIASES = {"reasoning": "reasoning_content", "reasoning_content": "reasoning"}
_WHOLE_CHUNKINGS = ("whole", "bytes", "escaped")
_STREAM_ONLY = {"closing events", "unknown event"}
_CLOSED = {"tool arguments", "function_call arguments", "custom tool input"}


class Cell(NamedTuple):
    """Where in the grid a reply is asked for."""

    endpoint: str
    streaming: bool
    channel: str
    chunking: str
    count: int

    def named(self, **more: str) -> dict[str, str]:
        """The cell as the report shows it."""
        way = "stream" if self.streaming else "whole"
        return {
            "endpoint": self.endpoint,
            "way": way,
            "channel": self.channel,
            "chunking": self.chunking,
            "n": str(self.count),
            **more,
        }

    def words(self) -> str:
        """The cell in words."""
        way = f"a stream ({self.chunking})" if self.streaming else f"a whole answer ({self.chunking})"
        several = f" of {self.count} choices" if self.count > 1 else ""
        return f"{self.channel} of {way}{several} at {self.endpoint}"


def cells() -> Iterator[Cell]:
    """The whole grid."""
    for endpoint, channels in CHANNELS.items():
        counts = (1,) if endpoint == "responses" else COUNTS
        for streaming, channel, count in product((True, False), channels, counts):
            if (not streaming and channel in _STREAM_ONLY) or (channel == "envelope" and count > 1):
                continue
            for chunking in CHUNKINGS if streaming else _WHOLE_CHUNKINGS:
                yield Cell(endpoint, streaming, channel, chunking, count)


def checks() -> Iterator[Check]:
    """All checks of the reply's side."""
    for cell in cells():
        yield _withholds(cell, "middle", WORD)
        if cell.channel != "closing events":  # a server that contradicts itself is no twin of anything
            yield _arrives(cell)
    for endpoint, streaming in product(CHANNELS, (True, False)):
        for chunking in CHUNKINGS if streaming else _WHOLE_CHUNKINGS:
            cell = Cell(endpoint, streaming, "content", chunking, 1)
            for position in POSITIONS:
                if position != "middle":
                    yield _withholds(cell, position, WORD)
            yield _withholds(cell, "middle", NUMBER)
            yield _arrives(cell, TRICKY)
        several = Cell(endpoint, streaming, "content", "word", 2)
        if endpoint != "responses":
            yield _one_of_two(several)
        yield _usage(Cell(endpoint, streaming, "content", "word", 1))
        yield _long(Cell(endpoint, streaming, "content", "word", 1))


def in_channel(cell: Cell, said: Planted) -> Planted:
    """The planted text as the channel of a cell holds it."""
    if cell.channel in _CLOSED:
        return Planted('{"note": "' + said.before, said.span, said.after + '", "place": 4}')
    if cell.channel.endswith("name"):
        return Planted("look_up_", said.span, "_now")
    return said


def body_for(context: Context, cell: Cell, case: str) -> dict[str, Any]:
    """A request that an answer of this cell can come back to."""
    more: dict[str, Any] = {"stream": True} if cell.streaming else {}
    if cell.count > 1:
        more["n"] = cell.count
    schema = {"type": "object", "properties": {"place": {"type": "string"}}}
    if cell.channel.startswith("tool ") and cell.endpoint == "chat":
        more["tools"] = [{"type": "function", "function": {"name": "look_up", "parameters": schema}}]
    elif cell.channel.startswith("tool "):
        more["tools"] = [{"type": "function", "name": "look_up", "parameters": schema}]
    elif cell.channel == "custom tool input":
        more["tools"] = [{"type": "custom", "name": "look_up"}]
    elif cell.channel.startswith("function_call "):
        more["functions"] = [{"name": "look_up", "parameters": schema}]
    elif cell.channel == "logprobs":
        more["logprobs"] = True if cell.endpoint == "chat" else 2
    elif cell.channel == "audio transcript":
        more |= {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
    return context.body(cell.endpoint, f"Please tell me what stands in {case}.", **more)


async def exchange(context: Context, cell: Cell, plan: Plan, **more: Any) -> Answer:
    """Asks for one planned answer."""
    case = context.upstream.plan(plan)
    answer = await context.ask(cell.endpoint, body_for(context, cell, case) | more)
    context.upstream.forget(case)
    return answer


def understood(cell: Cell, answer: Answer) -> tuple[Read | None, str]:
    """The answer read, or why it cannot be."""
    try:
        return read(cell.endpoint, cell.streaming, answer), ""
    except (MalformedError, KeyError, TypeError, AttributeError, IndexError) as fault:
        return None, str(fault) if isinstance(fault, MalformedError) else f"the answer is out of shape: {fault!r}"


def judged(cell: Cell, answer: Answer) -> tuple[Read | None, str]:
    """The answer read, and what is wrong with its form."""
    found, wrong = understood(cell, answer)
    if found is None:
        return None, wrong
    if answer.status != 200:
        return found, "" if found.error else f"status {answer.status} without an error object"
    return found, sound(found, cell.count) or complaint(cell.endpoint, cell.streaming, answer)


async def twin(context: Context, cell: Cell, text: str) -> Outcome:
    """Whether innocent text arrives in a cell, byte for byte."""
    plan = saying(text, cell.channel, cell.count, chunking=cell.chunking)
    answer = await exchange(context, cell, plan)
    if unserved(answer):
        return Outcome("not served", f"status {answer.status}")
    found, wrong = judged(cell, answer)
    if found is None or wrong or answer.status != 200:
        return Outcome("broken", wrong or f"status {answer.status}: {found.error if found else ''}")
    for index in range(cell.count):
        said = found.said.get((index, cell.channel)) or found.said.get((index, ALIASES.get(cell.channel, "")), "")
        if said != text:
            dropped = cell.channel != "content" and INNOCENT not in said
            return Outcome("not served" if dropped else "broken", _difference(said, text))
    return PASSED


def _difference(said: str, text: str) -> str:
    at = next(
        (at for at, (one, two) in enumerate(zip(said, text, strict=False)) if one != two), min(len(said), len(text))
    )
    return (
        f"from character {at} on it says {said[at : at + 30]!r} instead of {text[at : at + 30]!r}"
        if said
        else "nothing"
    )


def _arrives(cell: Cell, text: str | None = None) -> Check:
    group = "innocent" if text is None else "innocent, tricky"
    said = text or in_channel(cell, planted("middle", INNOCENT)).text

    async def run(context: Context) -> Outcome:
        outcome: Outcome = await context.once((cell, said), lambda: twin(context, cell, said))
        return outcome

    what = "Innocent" if text is None else "Innocent but easily altered"
    return Check(f"{what} text in the {cell.words()} arrives byte for byte.", group, cell.named(), run)


def _withholds(cell: Cell, position: str, span: str) -> Check:
    said = in_channel(cell, planted(position, span))
    twin_cell = cell._replace(channel="content") if cell.channel == "closing events" else cell
    control = in_channel(twin_cell, planted("middle", INNOCENT)).text

    async def run(context: Context) -> Outcome:
        plan = saying(said.text, cell.channel, cell.count, chunking=cell.chunking)
        answer = await exchange(context, cell, plan)
        outcome = judge(context, cell, said, answer)
        if outcome.verdict != "leak" and unserved(answer):  # asked for or not, a server may send it
            unasked = await exchange(context, cell._replace(channel="content"), plan)
            outcome = judge(context, cell, said, unasked)
        if outcome.verdict == "leak":
            return outcome
        served: Outcome = await context.once((twin_cell, control), lambda: twin(context, twin_cell, control))
        return served if served.verdict == "not served" else outcome

    what = "word" if span == WORD else "number"
    where = {"middle": "in the middle of", "first": "at the beginning of", "last": "at the end of", "alone": "alone as"}
    sentence = f"A forbidden {what} {where[position]} the {cell.words()} never reaches the client."
    group = "server's tricks" if cell.channel == "closing events" else "withheld"
    return Check(sentence, group, cell.named(position=position, span=what), run)


def judge(context: Context, cell: Cell, said: Planted, answer: Answer, choices: tuple[int, ...] = ()) -> Outcome:
    """Whether an answer kept a planted span back and ended as it should."""
    if found := leak(answer):
        return Outcome("leak", f"{found!r} came out")
    found_read, wrong = judged(cell, answer)
    if found_read:
        for (index, channel), text in found_read.said.items():
            escaped = passed_on(text, said.before, said.span)
            if channel in (cell.channel, ALIASES.get(cell.channel)) and escaped > context.allowed:
                return Outcome("leak", f"{escaped} characters of the span came out in choice {index}")
    return Outcome("broken", wrong) if wrong else PASSED


def _one_of_two(cell: Cell) -> Check:
    """Only the second choice is forbidden; the first must arrive whole."""
    said, free = planted(), innocent()

    async def run(context: Context) -> Outcome:
        plan = Plan(((Part("content", free),), (Part("content", said.text),)))
        answer = await exchange(context, cell, plan)
        if unserved(answer):
            return Outcome("not served", f"status {answer.status}")
        outcome = judge(context, cell, said, answer)
        if outcome.verdict != "passed" or answer.status != 200:
            return outcome
        found, _ = judged(cell, answer)
        arrived = found.said.get((0, "content"), "") if found else ""
        return PASSED if arrived == free else Outcome("broken", f"the other choice: {_difference(arrived, free)}")

    sentence = f"Of two choices in {cell.words()} the forbidden one is withheld and the other arrives whole."
    return Check(sentence, "withheld", cell.named(position="second choice"), run)


def _usage(cell: Cell) -> Check:
    async def run(context: Context) -> Outcome:
        more = {"stream_options": {"include_usage": True}} if cell.streaming and cell.endpoint != "responses" else {}
        answer = await exchange(context, cell, saying(innocent()), **more)
        if unserved(answer):
            return Outcome("not served", f"status {answer.status}")
        found, wrong = judged(cell, answer)
        if found is None or wrong:
            return Outcome("broken", wrong)
        usage = found.usage or {}
        taken = (
            usage.get("prompt_tokens", usage.get("input_tokens")),
            usage.get("completion_tokens", usage.get("output_tokens")),
        )
        right = taken == (PROMPT_TOKENS, COMPLETION_TOKENS)
        return PASSED if right else Outcome("broken", f"prompt and completion took {taken}")

    return Check(f"What an answer took is passed on in the {cell.words()}.", "usage", cell.named(), run)


def _long(cell: Cell) -> Check:
    """A long innocent text and the span at its very end, so that nothing depends on a small buffer."""
    text = innocent() * 400
    said = Planted(text, WORD, " and so on")

    async def run(context: Context) -> Outcome:
        answer = await exchange(context, cell, saying(said.text, "content", chunking="word"))
        if unserved(answer):
            return Outcome("not served", f"status {answer.status}")
        return judge(context, cell, said, answer)

    sentence = f"A forbidden word after fifty thousand letters of the {cell.words()} never reaches the client."
    return Check(sentence, "withheld", cell.named(position="far"), run)
