"""What a client was told: strict reading of answers, what each choice said in each channel, and what leaked."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from .client import Answer
from .words import traces

Said = dict[tuple[int, str], str]


class MalformedError(Exception):
    """An answer is not what the protocol says."""


class Read(NamedTuple):
    """An answer, read.

    Attributes:
        said: text by choice and channel.
        finishes: how each choice ended.
        error: the message of an error event or error body.
        ended: the closing event came.
    """

    said: Said
    finishes: dict[int, str]
    error: str
    ended: bool
    usage: dict[str, Any] | None


def read(endpoint: str, streaming: bool, answer: Answer) -> Read:
    """Reads an answer as strictly as the protocol allows.

    Raises:
        MalformedError: where it is none.
    """
    if not answer.whole:
        raise MalformedError(answer.fault)
    if streaming and answer.status == 200:
        kind = answer.headers.get("content-type", "")
        if not kind.startswith("text/event-stream"):
            raise MalformedError(f"a stream was asked for and '{kind}' came")
        bodies, done = _events(answer.body)
    else:
        if not isinstance(answer.json, dict):
            raise MalformedError("the body is no JSON object")
        bodies, done = [answer.json], True
    if endpoint == "responses":
        return _read_responses(bodies, streaming and answer.status == 200)
    return _read_choices(bodies, done)


def _events(body: bytes) -> tuple[list[dict[str, Any]], bool]:
    """The JSON of every event, and whether the stream was closed with ``[DONE]``."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise MalformedError("the stream is no UTF-8") from fault
    bodies: list[dict[str, Any]] = []
    done = False
    *blocks, rest = text.replace("\r\n", "\n").split("\n\n")
    if rest:
        raise MalformedError(f"the stream ends inside an event: {rest[:60]!r}")
    for block in blocks:
        data = [line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
        if not data:
            continue
        if done:
            raise MalformedError("something comes after [DONE]")
        if data == ["[DONE]"]:
            done = True
            continue
        try:
            value = json.loads("\n".join(data))
        except ValueError as fault:
            raise MalformedError(f"an event is no JSON: {data[0][:60]!r}") from fault
        if not isinstance(value, dict):
            raise MalformedError(f"an event is no JSON object: {data[0][:60]!r}")
        bodies.append(value)
    return bodies, done


def _read_choices(bodies: list[dict[str, Any]], done: bool) -> Read:
    said: Said = defaultdict(str)
    finishes: dict[int, str] = {}
    error, usage = "", None
    for body in bodies:
        if body.get("error"):
            error = str(body["error"].get("message") if isinstance(body["error"], dict) else body["error"])
        usage = body.get("usage") or usage
        said[0, "envelope"] = str(body.get("id"))
        for choice in body.get("choices") or ():
            index = choice["index"]
            if index in finishes and any(_texts(choice)):
                raise MalformedError(f"choice {index} goes on after its finish")
            for channel, text in _texts(choice):
                said[index, channel] += text
            if choice.get("finish_reason"):
                finishes[index] = choice["finish_reason"]
    return Read(dict(said), finishes, error, done, usage)


def _texts(choice: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text of one choice of one event, with its channel; empty ones are left out."""
    found = [("content", choice.get("text")), ("unknown field", choice.get("footnote"))]
    message = choice.get("delta") or choice.get("message") or {}
    found += [(name, message.get(name)) for name in ("content", "reasoning_content", "reasoning", "refusal")]
    for call in message.get("tool_calls") or ():
        found += [(f"tool {name}", text) for name, text in (call.get("function") or {}).items()]
    found += [(f"function_call {name}", text) for name, text in (message.get("function_call") or {}).items()]
    found += [("annotation", note["url_citation"]["title"]) for note in message.get("annotations") or ()]
    found += [("audio transcript", (message.get("audio") or {}).get("transcript"))]
    logprobs = choice.get("logprobs") or {}
    found += [("logprobs", "".join(entry["token"] for entry in logprobs.get("content") or ()))]
    found += [("logprobs", "".join(logprobs.get("tokens") or ()))]
    return ((channel, str(text)) for channel, text in found if text)


_DELTAS = {
    "response.output_text.delta": "content",
    "response.reasoning_summary_text.delta": "reasoning summary",
    "response.reasoning_text.delta": "reasoning text",
    "response.refusal.delta": "refusal",
    "response.function_call_arguments.delta": "tool arguments",
    "response.custom_tool_call_input.delta": "custom tool input",
    "response.footnote.delta": "unknown event",
}


def _read_responses(bodies: list[dict[str, Any]], streaming: bool) -> Read:
    if not streaming:
        error = bodies[0].get("error")
        said = dict(_outputs(bodies[0]))
        finish = {0: str(bodies[0].get("status"))} if "output" in bodies[0] else {}
        return Read(said, finish, str(error or ""), ended=True, usage=bodies[0].get("usage"))
    said = defaultdict(str)
    last: dict[str, Any] = {}
    error, numbers = "", []
    for body in bodies:
        kind = body.get("type", "")
        numbers.append(body.get("sequence_number", -1))
        if kind in _DELTAS:
            said[0, _DELTAS[kind]] += body["delta"]
        elif kind == "response.output_item.added":
            said[0, "tool name"] += str(body["item"].get("name") or "")
        elif kind == "response.output_text.annotation.added":
            said[0, "annotation"] += str(body["annotation"].get("title"))
        elif kind == "response.output_text.done":
            said[0, "closing events"] += body["text"]
        elif kind == "error" or body.get("error"):
            error = str(body.get("message") or body.get("error"))
        last = body
    if numbers != sorted(set(numbers)):
        raise MalformedError("the events are not numbered upwards")
    response = last.get("response") or {}
    finishes = {0: str(response.get("status"))} if last.get("type") in _LAST else {}
    if finishes:
        _same(said, response)
    error = error or str((response.get("error") or {}).get("message") or "")
    said[0, "envelope"] = str(response.get("instructions") or response.get("id"))
    return Read(dict(said), finishes, error, bool(finishes), response.get("usage"))


_LAST = {"response.completed", "response.incomplete", "response.failed"}


def _outputs(response: dict[str, Any]) -> Iterator[tuple[tuple[int, str], str]]:
    found: Said = defaultdict(str)
    for item in response.get("output") or ():
        for part in (*(item.get("content") or ()), *(item.get("summary") or ())):
            channel = {
                "output_text": "content",
                "summary_text": "reasoning summary",
                "reasoning_text": "reasoning text",
            }
            found[0, channel.get(part["type"], part["type"])] += str(part.get("text") or part.get("refusal") or "")
            for note in part.get("annotations") or ():
                found[0, "annotation"] += str(note.get("title"))
        found[0, "tool name"] += str(item.get("name") or "")
        found[0, "tool arguments"] += str(item.get("arguments") or "")
        found[0, "custom tool input"] += str(item.get("input") or "")
    found[0, "envelope"] = str(response.get("instructions") or response.get("id"))
    return iter(found.items())


def _same(said: Said, response: dict[str, Any]) -> None:
    """The closing event repeats what was streamed; a client may read either."""
    repeated = dict(_outputs(response))
    for channel in ("content", "tool arguments", "refusal"):
        streamed = said.get((0, channel), "")
        if repeated.get((0, channel), "") != streamed and response.get("status") == "completed":
            raise MalformedError(f"response.completed says another {channel} than was streamed")


def sound(read: Read, count: int) -> str:
    """What is wrong with the ending of an answer that claims to be complete; empty where nothing is."""
    if read.error:
        return f"it ends with an error: {read.error}"
    if not read.ended:
        return "the closing event is missing"
    missing = [index for index in range(count) if index not in read.finishes]
    return f"choice {missing[0]} has no finish" if missing else ""


def leak(answer: Answer) -> str:
    """A telltale piece of a forbidden span anywhere in an answer: head, bytes, and texts joined over events."""
    found = traces(answer.head) or traces(answer.text)
    return found or next((piece for text in joined(answer) if (piece := traces(text))), "")


def joined(answer: Answer) -> list[str]:
    """Texts at the same place of successive events, joined, as a client would; tolerant of anything."""
    gathered: dict[tuple[object, ...], list[str]] = defaultdict(list)
    bodies = []
    text = answer.text.replace("\r\n", "\n")
    for block in [text, *text.split("\n\n")]:
        data = [line[5:] for line in block.split("\n") if line.startswith("data:")]
        try:
            bodies.append(json.loads("\n".join(data) or block))
        except ValueError:
            continue
    for body in bodies:
        kind = body.get("type") if isinstance(body, dict) else None
        _gather(body, (kind,), gathered)
    return ["".join(texts) for texts in gathered.values()]


def _gather(value: Any, place: tuple[object, ...], gathered: dict[tuple[object, ...], list[str]]) -> None:
    if isinstance(value, str):
        gathered[place].append(value)
        if value[:1] in '{["' and "\\" in value:
            with suppress(ValueError):
                _gather(json.loads(value), (*place, "parsed"), gathered)  # arguments are JSON inside of JSON
    elif isinstance(value, dict):
        for key, part in value.items():
            gathered[(*place, "keys")].append(f" {key} ")
            _gather(part, (*place, key), gathered)
    elif isinstance(value, list):
        if value and all(isinstance(part, int) and 0 <= part < 256 for part in value):
            gathered[place].append(bytes(value).decode("utf-8", "replace"))
            return
        for part in value:
            named = part.get("index", "*") if isinstance(part, dict) else "*"
            _gather(part, (*place, named if isinstance(named, int | str) else "*"), gathered)


def passed_on(said: str, before: str, span: str) -> int:
    """How many characters of a span reached the client, where its text began as planted."""
    if not said.startswith(before):
        return 0
    rest = said[len(before) :]
    count = 0
    while count < min(len(rest), len(span)) and rest[count] == span[count]:
        count += 1
    return count
