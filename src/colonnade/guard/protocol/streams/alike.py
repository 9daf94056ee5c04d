"""Events that differ in nothing but their text: read as one, several times as fast as one after the other.

Of the thousands of events of a stream nearly all are the same bytes around another piece of text. Once one of them was
read in full, what stands around its text is known, and the texts of all that follow are what stands between.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson

from colonnade.guard.protocol.asked import Delta


class Frame(NamedTuple):
    """What stands around the text of an event.

    Attributes:
        choice, channel: that speak.
        head: from the beginning of the event to the quotation mark before the text.
        tail: from the quotation mark behind it to the empty line.
        between: from one text to the next.
    """

    choice: int
    channel: str
    head: bytes
    tail: bytes
    between: bytes


def frame_around(payload: bytes, key: bytes, only: Delta) -> Frame | None:
    """The frame of an event that was read in full; none where unsure.

    Args:
        payload: the data of the event.
        key: that its text stands under, with the colon and the quotation mark.
        only: what was found to be said there, and nothing else.
    """
    # Without a backslash no quotation mark stands within a string, so the key is a key; and there is only one of it,
    # with blanks around its colon or without: another would be the one that is read, and this one would not.
    if b"\\" in payload or payload.count(key) != 1 or payload.count(key.removesuffix(b':"')) != 1:
        return None
    start = payload.index(key) + len(key)
    end = start + len(only.text.encode())
    if payload[end : end + 1] != b'"':
        return None
    head, tail = b"data: " + payload[:start], payload[end:] + b"\n\n"
    return Frame(only.choice, only.channel, head, tail, tail + head)


def read_one(frame: Frame, data: bytes) -> str:
    """The text of the event that the data is; empty where it is not one, or has to be read by itself."""
    if not (data.startswith(frame.head) and data.endswith(frame.tail)):
        return ""
    text = data[len(frame.head) : -len(frame.tail)]
    if b'"' in text or b"\\" in text:
        return ""
    try:
        return str(orjson.loads(b'"%b"' % text))
    except ValueError:
        return ""


class Alike(NamedTuple):
    """What was read at once.

    Attributes:
        text: of all events together.
        rest: bytes behind the last of them.
    """

    text: str
    rest: bytes


def read_alike(frame: Frame, data: bytes) -> Alike | None:
    """The texts of the events at the beginning of the data, up to one that has to be read by itself; none for none."""
    if not data.startswith(frame.head):
        return None
    *texts, last = data[len(frame.head) :].split(frame.between)
    last, tail, _ = last.partition(frame.tail)
    if tail:
        texts.append(last)
    joined = b"".join(texts)
    if b'"' in joined or b"\\" in joined or not joined.isascii():
        texts = texts[: next((number for number, text in enumerate(texts) if not _whole(text)), len(texts))]
        joined = b"".join(texts)
    if not texts:
        return None
    try:
        text = orjson.loads(b'"%b"' % joined)
    except ValueError:
        return None
    return Alike(text, data[len(joined) + len(texts) * len(frame.between) :])


def _whole(text: bytes) -> bool:
    """Whether a text is one by itself: a quotation mark may end it, and half a pair of escapes is none.

    Nor is the other half of a letter's bytes; and behind a text that ends with the first half only such a one fits.
    """
    return not (b'"' in text or b"\\u" in text or text.endswith(b"\\") or b"\x80" <= text[:1] < b"\xc0")
