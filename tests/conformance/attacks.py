"""What a hostile client sends: bytes that are no HTTP, no JSON or no request, and what it must be told."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from .ours import MODEL

CHAT, COMPLETIONS, RESPONSES = "/v1/chat/completions", "/v1/completions", "/v1/responses"

FEEDBACK = "/v1/feedback"


class Attack(NamedTuple):
    """One request.

    Attributes:
        name: for people.
        content: of the body, chunks and all.
        status: that it must get.
        told: stands in the message, so that the client knows what is wrong and where; empty where it is answered.
        path: of the route.
        headers: that replace ours.
        sized: whether our own length goes with it.
    """

    name: str
    content: bytes
    status: int = 200
    told: str = ""
    path: str = CHAT
    headers: Mapping[str, str] = {}
    sized: bool = True


def body(**more: Any) -> bytes:
    """A chat with these keys."""
    return json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "hi"}], **more}).encode()


def raw(member: str) -> bytes:
    """A chat with a member as it is written."""
    return body()[:-1] + b"," + member.encode() + b"}"


def after(*messages: Any) -> bytes:
    """A chat that begins with these messages."""
    return body(messages=[*messages, {"role": "user", "content": "hi"}])


def picture(address: Any) -> bytes:
    """A chat with a picture."""
    return after({"role": "user", "content": [{"type": "image_url", "image_url": {"url": address}}]})


def prompt(value: Any, **more: Any) -> bytes:
    """A completion of a prompt."""
    return json.dumps({"model": MODEL, "prompt": value, **more}).encode()


def given(value: Any) -> bytes:
    """A response to an input."""
    return json.dumps({"model": MODEL, "input": value}).encode()


def schema(depth: int) -> list[Any]:
    """A tool whose schema is so deep."""
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"properties": found}
    return [{"type": "function", "function": {"name": "f", "parameters": found}}]


def _call(**more: Any) -> dict[str, Any]:
    return {"role": "assistant", "tool_calls": [{"type": "function", **more}]}


_FUNCTION = {"name": "f", "arguments": "{}"}
_PLAIN = body()
_CHUNKED = {"Transfer-Encoding": "chunked"}


def _chunk(content: bytes, extension: bytes = b"") -> bytes:
    return b"%x%s\r\n%s\r\n" % (len(content), extension, content)


BYTES = (
    Attack("nothing", b"", 400, "is empty"),
    Attack("blanks", b" \n ", 400, "is empty"),
    Attack("no object", b"[]", 400, "must be a JSON object, and it is a list"),
    Attack("half an object", _PLAIN[:-1], 400, "line 1, column"),
    Attack("two bodies", _PLAIN * 2, 400, "extra data"),
    Attack("a mark before it", b"\xef\xbb\xbf" + _PLAIN, 400, "byte order mark; leave it out"),
    *(
        Attack(name, _PLAIN.decode().encode(name), 400, "send it in UTF-8")
        for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le")
    ),
    Attack("latin letters", body(user="ü").replace(b"\\u00fc", b"\xfc"), 400, "is not UTF-8"),
    Attack("gzip", gzip.compress(_PLAIN), 400, "gzip; send it unpacked", headers={"Content-Encoding": "gzip"}),
    Attack("deflate", zlib.compress(_PLAIN), 400, "deflate; send it unpacked", headers={"Content-Encoding": "deflate"}),
    Attack("packed in words only", _PLAIN, headers={"Content-Encoding": "br"}),
    *(
        Attack(f"content type {kind}", _PLAIN, headers={"Content-Type": kind})
        for kind in ("", "text/plain", "multipart/form-data; boundary=x", "application/json; charset=utf-16")
    ),
    Attack("lists without end", b'{"messages":' + b"[" * 200_000, 400, "too deep"),
    Attack("deep and ended", raw('"user":' + "[" * 50_000 + "]" * 50_000), 400, "too deep"),
    Attack("deep aside with a pair of halves", raw('"user":["\\ud83d\\ude00",' + "[" * 500 + "]" * 500 + "]")),
    Attack("deep schema", body(tools=schema(70)), 400, "'tools.[0].function.parameters' must be nested at most 64"),
    Attack("deep arguments", after(_call(id="a", function={"name": "f", "arguments": "[" * 90_000 + "\\u0041"}))),
    Attack("long number", raw('"seed":' + "9" * 100_000), 400, "needs more than 64 bits"),
    Attack("vast number", raw('"temperature":1e999'), 400, "1e999, which is too large"),
    Attack("long fraction", raw('"temperature":0.' + "1" * 1_000_000)),
    Attack("NaN", raw('"temperature":NaN'), 400, "NaN, which is not JSON"),
    Attack("minus infinity", raw('"temperature":-Infinity'), 400, "-Infinity, which is not JSON"),
    Attack("a key twice", raw('"model":"m"'), 400, 'key "model" twice'),
    Attack("a long key twice", b'{"%s":1,"%s":1}' % (b"k" * 99_000, b"k" * 99_000), 400, "twice"),
    Attack("half a character", raw('"stop":"\\ud800"'), 400, "half a character, \\ud800 at byte"),
    Attack("half a character as a key", raw('"\\uDC00":1'), 400, "half a character, \\udc00 at byte"),
    Attack("half a character in UTF-8", raw('"stop":"x"').replace(b'"x"', b'"\xed\xa0\x80"'), 400, "is not UTF-8"),
    Attack("200,000 keys", b"{" + b",".join(b'"k%d":1' % k for k in range(200_000)) + b"}", 400, '"k0" is not a key'),
    Attack("16 MB and a little", b'{"user":"' + b"x" * 16 * 1024 * 1024 + b'"}', 413, "larger than"),
    Attack("15 MB of blanks", b" " * 15 * 1024 * 1024 + _PLAIN),
    Attack("400,001 letters", after({"role": "user", "content": "x" * 400_001}), 413, "more than 400000 characters"),
)

CHUNKS = (
    Attack("whole", _chunk(_PLAIN) + b"0\r\n\r\n"),
    Attack("byte by byte", b"".join(_chunk(_PLAIN[at : at + 1]) for at in range(len(_PLAIN))) + b"0\r\n\r\n"),
    Attack("with an extension", _chunk(_PLAIN, b";x=" + b"y" * 9000) + b"0\r\n\r\n"),
    Attack("with a trailer", _chunk(_PLAIN) + b"0\r\nX-Colonnade-Tier: tester\r\n\r\n"),
    Attack("size that is none", b"zz\r\nabc\r\n0\r\n\r\n", 400, "broke off"),
    Attack("negative size", b"-5\r\nabc\r\n0\r\n\r\n", 400, "broke off"),
    Attack("size beyond 64 bits", b"f" * 20 + b"\r\nabc", 400, "broke off"),
    Attack("wrong size", b"%x\r\n%sXX0\r\n\r\n" % (len(_PLAIN), _PLAIN), 400, "broke off"),
    Attack("without end", _chunk(b" " * 65_536) * 257, 413, "larger than"),
    Attack("without end, of feedback", _chunk(b" " * 65_536), 413, "larger than", FEEDBACK),
    Attack("wrong size of feedback", b"zz\r\nabc\r\n0\r\n\r\n", 408, "did not come to its end", FEEDBACK),
)

SHAPES = (
    *(
        Attack(f"role {role!r}", after({"role": role, "content": "x"}), 400, "'messages.[0].role' must be one of")
        for role in ("admin", "", None, 3, ["user"], {}, "r" * 99_000)
    ),
    *(
        Attack(f"messages {value!r}", body(messages=value), 400, "'messages' must be a list with at least one message")
        for value in ("hi", {}, [], None, 3)
    ),
    Attack("no message", body(messages=[None]), 400, "'messages.[0]' must be an object"),
    Attack("10,000 messages", after(*[{"role": "user", "content": "a"}] * 10_000), 400, "at most 4096"),
    Attack("4,096 messages", after(*[{"role": "user", "content": "a"}] * 4_095)),
    Attack("a message of nothing", after({"role": "user", "content": ""})),
    *(
        Attack(f"content {value!r}", after({"role": "user", "content": value}), 400, "'messages.[0].content")
        for value in ([], None, 3, {}, ["x"], [{"type": "video"}], [{"type": "text"}], [{"type": ["text"]}])
    ),
    Attack("call without id", after(_call(function=_FUNCTION)), 400, "'messages.[0].tool_calls.[0]' must have 'id'"),
    Attack("call without function", after(_call(id="a")), 400, "must have 'function'"),
    Attack("call of another type", after(_call(id="a", type="web")), 400, "must be a call of type function or custom"),
    Attack("result without id", after({"role": "tool", "content": "x"}), 400, "must have 'tool_call_id'"),
    Attack("result of no call", after({"role": "tool", "tool_call_id": "b", "content": "x"})),
    Attack("long id", after(_call(id="a" * 1025, function=_FUNCTION)), 400, "at most 1024 characters"),
    Attack("name with a line feed", body(tools=[{"type": "function", "function": {"name": "a\nb"}}]), 400, "be a name"),
    Attack("tool of the server", body(tools=[{"type": "web_search"}]), 400, "others run on the server behind"),
    Attack("choice of no tool", body(tool_choice={"type": "function", "function": {"name": "g"}}), 400, "name a tool"),
    *(Attack(f"n={n!r}", body(n=n), 400, "'n' must") for n in (0, 129, -1, 1.5, "1", True, [1])),
    Attack("n=128", body(n=128)),
    Attack("n=1.0", body(n=1.0)),
    *(
        Attack(f"stop {stop!r}", body(stop=stop), 400, "'stop")
        for stop in ([1], [None], [["a"]], {"a": 1}, 3, ["a"] * 17)
    ),
    *(Attack(f"stop {stop!r}", body(stop=stop)) for stop in ([], "", ["a"] * 16)),
    *(
        Attack(f"bias {str(bias)[:30]}", body(logit_bias=bias), 400, "'logit_bias")
        for bias in (
            *({"1": 101}, {"1": -100.001}, {"x": 1}, {"": 1}, {"-1": 1}, {"²": 1}, {"9" * 11: 1}, {"1": "1"}),
            *({"1": None}, {"1": True}, {str(token): 1 for token in range(1025)}, [], "x"),
        )
    ),
    Attack("bias of next to nothing", body(logit_bias={"1": 1e-320, "2": -100})),
    *(Attack(f"model {name!r}"[:30], body(model=name), 400, "'model' ") for name in (None, "", 3, "m" * 257)),
    Attack("unknown model", body(model="\n\x07" + "m" * 200), 404, "does not exist; this service has"),
    *(
        Attack(f"picture {address!r}"[:60], picture(address), 400, "image_url.url' must be")
        for address in (
            *("", "data:", "data:,", "data:image/png,abc", "data:image/png;base64,====", "data:;base64,AAAA"),
            *("DATA:image/png;base64,AAAA", "data:image/png;base64,AA AA", "data:text/plain;base64,/w=="),
            *("javascript:alert(1)", "file:///etc/hosts", "http://", "ftp://x", "https://x/\0", "data:" + "a" * 99_000),
        )
    ),
    Attack("picture of 3 MB", picture("data:image/png;base64," + "A" * 3_000_000)),
    Attack("picture that is text", picture("data:text/html;base64,aGk=")),
    Attack("picture as text", after({"role": "user", "content": [{"type": "image_url", "image_url": "http://x"}]}), 400,
           "image_url' must be an object"),
    *(
        Attack(f"prompt {value!r}"[:40], prompt(value), 400, "'prompt", COMPLETIONS)
        for value in ([], None, 3, {}, [1], [[1]], [None], ["a", ["b"]], ["a"] * 129)
    ),
    Attack("200 completions", prompt(["a"] * 100, n=2), 400, "200 completions are too many", COMPLETIONS),
    *(
        Attack(f"input {value!r}"[:60], given(value), 400, "'input", RESPONSES)
        for value in (
            *([], None, 3, {}, [None], [""], [{}], [{"role": "user"}], [{"type": ["x"]}], [{"type": "item_reference"}]),
            [{"type": "function_call", "name": "f", "arguments": "{}"}],
            [{"type": "function_call_output", "output": "x"}],
            [{"role": "user", "content": [{"type": "input_image", "detail": "low"}]}],
            [{"role": "user", "content": [{"type": "input_file", "filename": "a"}]}],
        )
    ),
    Attack("feedback of half a character", b'{"id":"ex-1","what":"\\ud800"}', 400, "half a character", FEEDBACK),
    Attack("feedback twice", b'{"id":"ex-1","what":"x","id":"ex-2"}', 400, 'key "id" twice', FEEDBACK),
    Attack("feedback of nothing", b'{"id":"ex-1","what":" "}', 400, "'what' must say", FEEDBACK),
    Attack("feedback to nothing", b'{"id":"ex-1","what":"x"}', 404, "there is no answer", FEEDBACK),
)  # fmt: skip

HEADERS = (
    *(
        Attack(f"{name} of {value[:6]!r}", _PLAIN, status, told, headers={name: value})
        for name, value, status, told in (
            ("X-Colonnade-Purpose", "\xfc\xff", 400, "unknown; choose one of"),
            ("X-Colonnade-Purpose", "p" * 30_000, 400, "unknown; choose one of"),
            ("X-Colonnade-Grant", "\xfc\xff", 403, "a grant needs a key"),
            ("X-Colonnade-Adapter", "\xff'\"", 403, "leave the header out"),
            ("Accept-Language", "\xff;;;q=,,,", 200, ""),
            ("Accept-Language", "d" * 60_000, 200, ""),
            ("Authorization", "Bearer \xff\xfe", 200, ""),
            ("traceparent", "00-\xff-x", 200, ""),
            ("tracestate", "\xff" * 3_000, 200, ""),
            ("X-Long", "x" * 200_000, 200, ""),
            ("Expect", "100-continue", 200, ""),
            ("Upgrade", "websocket", 200, ""),
        )
    ),
    Attack("unknown route", b"{}", 404, "/v1/embeddings; GET /openapi.json says what there is", "/v1/embeddings"),
    *(
        Attack(f"route {path}", _PLAIN, 404, "there is no such route", path, {"Host": "127.0.0.1.example"})
        for path in (f"{CHAT}/", f"/{CHAT}", "/v1//chat/completions", "/health/../v1/chat/completions", f"{CHAT};x=1")
    ),
    Attack("long route", b"{}", 404, "there is no such route", "/" + "a" * 50_000),
    Attack("another method", b"{}", 405, "this route does not take that method", "/health"),
)
"""In header and path."""

NO_HTTP = (
    Attack("control character", _PLAIN, 400, headers={"X-Colonnade-Purpose": "a\x01b"}),
    Attack("zero", _PLAIN, 400, headers={"X-Any": "a\0b"}),
    Attack("negative length", _PLAIN, 400, headers={"Content-Length": "-1"}),
    Attack("length that is none", _PLAIN, 400, headers={"Content-Length": "abc"}),
    Attack("length beyond 64 bits", _PLAIN, 400, headers={"Content-Length": "9" * 23}),
    Attack("unknown coding", _PLAIN, 400, headers={"Transfer-Encoding": "gzip"}),
)
"""What the server itself refuses before the gateway hears of it: the status is all that there is."""

ATTACKS = (
    *BYTES,
    *(attack._replace(name=f"chunks: {attack.name}", headers=_CHUNKED, sized=False) for attack in CHUNKS),
    *SHAPES,
    *HEADERS,
)
