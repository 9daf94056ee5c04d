"""Spans in disguise: what people or programs would read as forbidden passes neither way, however it is written."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from .asking import PLACES, Fields, Place
from .check import PASSED, Check, Context, Outcome, unserved
from .client import Answer
from .disguises import BEYOND, ESCAPED, FOREIGN_READ, PLAIN, Disguise, behind, readings
from .listening import strings
from .plans import saying
from .reading import joined, passed_on
from .replies import Cell, exchange, in_channel, twin, understood
from .words import INNOCENT, WORD, Planted, innocent, planted

CHANNELS = {
    "chat": ("content", "reasoning_content", "refusal", "tool arguments", "function_call arguments"),
    "completions": ("content",),
    "responses": ("content", "reasoning summary", "refusal", "tool arguments", "custom tool input"),
}
_ALSO_WHOLE = ("content", "tool arguments")
_CUTS = ("character", "token", "whole", "bytes", "escaped", "word")

ASKED = {
    "chat": ("user text", "tool result", "arguments of an earlier call", "value of a parameter"),
    "completions": ("prompt",),
    "responses": ("input", "tool result", "arguments of an earlier call"),
}


def checks() -> Iterator[Check]:
    """All checks of disguises, but those that nobody is held to."""
    cells = [(endpoint, channel) for endpoint, channels in CHANNELS.items() for channel in channels]
    for turn, (name, (endpoint, channel)) in enumerate(product({**PLAIN, **ESCAPED}, cells)):
        count = 1 if endpoint == "responses" else 1 + turn % 2
        yield _withholds(Cell(endpoint, True, channel, _CUTS[turn % len(_CUTS)], count), name)
        if channel in _ALSO_WHOLE:
            yield _withholds(Cell(endpoint, False, channel, "whole", count), name)
    for endpoint, places in ASKED.items():
        for name, place in product(PLAIN, places):
            yield _keeps_back(endpoint, place, name, PLACES[endpoint][place], PLAIN[name])
    for endpoint, (name, disguise) in product(("chat", "responses"), ESCAPED.items()):
        yield _keeps_back(endpoint, "tool result", name, PLACES[endpoint]["tool result"], disguise)
    for endpoint, (name, write) in product(("chat", "responses"), {**_SOUND, **UNSOUND}.items()):
        yield _keeps_back(endpoint, "arguments of an earlier call as they stand", name, _called(endpoint, write), str)
    for endpoint, kind in product(("chat", "responses"), FILE_KINDS):
        yield _keeps_back(endpoint, "file", kind, _file(endpoint, kind), str)


def beyond() -> Iterator[Check]:
    """What a guard is not held to."""
    for name, (endpoint, channels) in product(BEYOND, CHANNELS.items()):
        yield from (_withholds(Cell(endpoint, True, channel, "token", 1), name) for channel in channels[:1])


def _withholds(cell: Cell, name: str) -> Check:
    make = {**PLAIN, **ESCAPED, **BEYOND}[name]
    said = in_channel(cell, planted(span=make(WORD)))
    if name in ESCAPED and cell.channel not in ("tool arguments", "function_call arguments", "custom tool input"):
        said = Planted('{"note": "' + said.before, said.span, said.after + '"}')
    control = in_channel(cell, planted("middle", INNOCENT)).text

    async def run(context: Context) -> Outcome:
        answer = await exchange(context, cell, saying(said.text, cell.channel, cell.count, chunking=cell.chunking))
        if found := _leak(context, cell, said, answer):
            return Outcome("leak", found)
        served: Outcome = await context.once((cell, control), lambda: twin(context, cell, control))
        return served if served.verdict == "not served" else _told(cell, answer)

    sentence = f"A forbidden word disguised by {name} in the {cell.words()} never reaches the client."
    return Check(sentence, "disguised", cell.named(disguise=name), run)


def _leak(context: Context, cell: Cell, said: Planted, answer: Answer) -> str:
    """What of the span is read in an answer, in words; empty where nothing is."""
    for text in joined(answer):
        if found := behind(text):
            return f"{found!r} is read in what came out"
    read, _ = understood(cell, answer)
    for (index, channel), text in read.said.items() if read else ():
        before = readings(said.before)[-1]
        for reading, word in product(readings(text), (WORD, FOREIGN_READ)):
            escaped = passed_on(reading, before, word) if channel == cell.channel else 0
            if escaped > context.allowed:
                return f"{escaped} characters of the span are read in choice {index}"
    return ""


def _told(cell: Cell, answer: Answer) -> Outcome:
    read, wrong = understood(cell, answer)
    return Outcome("broken", wrong) if read is None else PASSED


def _keeps_back(endpoint: str, place: str, name: str, write: Place, disguise: Disguise) -> Check:
    async def run(context: Context) -> Outcome:
        answer, sent = await _sent(context, endpoint, write, disguise(WORD))
        if any(behind(text) for text in sent):
            return Outcome("leak", "the server was sent it")
        if answer.status >= 500 or not answer.whole:
            return Outcome("broken", answer.fault or f"status {answer.status}")

        async def harmless() -> bool:
            _, arrived = await _sent(context, endpoint, write, INNOCENT)
            return any(INNOCENT in text for text in arrived)

        served = await context.once(("harmless", endpoint, place, "" if disguise is not str else name), harmless)
        return PASSED if served or unserved(answer) else Outcome("not served")

    sentence = (
        f"A forbidden word disguised by {name} in the {place} of a request at {endpoint} never reaches the model."
    )
    cell = {"endpoint": endpoint, "way": "request", "place": place, "disguise": name}
    return Check(sentence, "disguised", cell, run)


async def _sent(context: Context, endpoint: str, write: Place, word: str) -> tuple[Answer, list[str]]:
    """The answer, and every text that reached the server, files unpacked."""
    case = context.upstream.plan(saying(innocent()))
    answer = await context.ask(endpoint, context.body(endpoint, "") | write(word, case))
    sent = [text for arrival in context.upstream.arrived(case) for text in strings(arrival.json)]
    context.upstream.forget(case)
    return answer, [*sent, *(unpacked(text) for text in sent)]


def unpacked(text: str) -> str:
    """What is in the address of data; empty where it is none."""
    kind, mark, packed = text.partition(";base64,")
    return base64.b64decode(packed).decode("utf-8", "replace") if mark and kind.startswith("data:") else ""


def _number(word: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in word) if word == WORD else word


_SOUND: dict[str, Callable[[str], str]] = {
    "letters by number": lambda word: f'{{"note": "{_number(word)}"}}',
    "JSON in JSON": lambda word: json.dumps({"note": f'{{"note": "{_number(word)}"}}'}),
}

UNSOUND: dict[str, Callable[[str], str]] = {
    "a number of 5000 digits": lambda word: f'{{"size": {"7" * 5000}, "note": "{_number(word)}"}}',
    "a mark at the beginning": lambda word: f'\ufeff{{"note": "{_number(word)}"}}',
    "a tab as it is": lambda word: f'{{"tab": "\t", "note": "{_number(word)}"}}',
    "a comma at the end": lambda word: f'{{"note": "{_number(word)}",}}',
    "a key that stands twice": lambda word: f'{{"note": "{_number(word)}", "note": "{INNOCENT}"}}',
    "depth": lambda word: "[" * 3000 + f'"{_number(word)}"' + "]" * 3000,
}
"""Arguments that one reader takes for JSON and another does not."""


def _called(endpoint: str, write: Callable[[str], str]) -> Place:
    def place(word: str, case: str) -> Fields:
        question = {"role": "user", "content": f"What is in {case}?"}
        function = {"name": "look_up", "arguments": write(word)}
        if endpoint == "responses":
            called = {"type": "function_call", "call_id": "call_1", **function}
            return {
                "input": [called, {"type": "function_call_output", "call_id": "call_1", "output": "done"}, question]
            }
        call = {"id": "call_1", "type": "function", "function": function}
        said: list[dict[str, Any]] = [{"role": "assistant", "content": None, "tool_calls": [call]}]
        return {"messages": [*said, {"role": "tool", "tool_call_id": "call_1", "content": "done"}, question]}

    return place


FILE_KINDS = ("application/octet-stream", "application/pdf", "text/plain", "x/y", "")
"""What a file of text may say that it is."""


def _file(endpoint: str, kind: str) -> Place:
    def place(word: str, case: str) -> Fields:
        packed = base64.b64encode(f"On gardens. {word} and more.".encode()).decode()
        file = {"filename": "a.bin", "file_data": f"data:{kind};base64,{packed}"}
        if endpoint == "responses":
            content = [{"type": "input_text", "text": f"What is in {case}?"}, {"type": "input_file", **file}]
            return {"input": [{"role": "user", "content": content}]}
        parts = [{"type": "text", "text": f"What is in {case}?"}, {"type": "file", "file": file}]
        return {"messages": [{"role": "user", "content": parts}]}

    return place
