"""What the log says of a use: who and what, whether people look at it, and a commitment to the words, not the words."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Literal, NamedTuple

from colonnade.records import Cell, Digest, GrantStanding, GrantUse, Level

Side = Literal["request", "reply"]


class Draw(NamedTuple):
    """By which lot uses are drawn for review.

    Attributes:
        key: the secret behind draws and commitments.
        share: of uses below ``recipe`` that people look at.
    """

    key: bytes
    share: float


def drawn_for_review(key: bytes, content: Digest, number: int, level: Level, share: float) -> bool:
    """Whether a person looks at a use: all at ``recipe``, else this share by the lot of a keyed hash.

    Whoever has the key can repeat the draw; whoever has not cannot tell beforehand which of their
    uses are looked at.

    Args:
        key: the secret of the service.
        content: the grant as it was approved.
        number: the place of the use among those of the grant.
        level: how specific the use is.
        share: of all uses below ``recipe``.
    """
    if level is Level.RECIPE:
        return True
    lot = hmac.new(key, f"{content}\n{number}".encode(), hashlib.sha256).digest()
    return int.from_bytes(lot[:8], "big") < share * 2**64


def commitment_to_words(key: bytes, content: Digest, number: int, side: Side, text: str) -> Digest:
    """What the log of uses keeps of the words: whoever has them and the key can show that they are the ones."""
    said = f"{content}\n{number}\n{side}\n{text}".encode("utf-8", "surrogatepass")
    return f"sha256:{hmac.new(key, said, hashlib.sha256).hexdigest()}"


def written_use(
    draw: Draw, standing: GrantStanding, cell: Cell, side: Side, text: str, number: int, now: datetime
) -> GrantUse:
    """A use as the log has it.

    Args:
        draw: for the review, and the key of the commitment.
        standing: of the grant that lets it through.
        cell: what was asked for.
        side: of the exchange.
        text: what was said.
        number: its place among the uses of the grant.
        now: the moment.
    """
    grant, content = standing.grant, standing.content
    return GrantUse(
        grant=grant.id,
        content=content,
        subject=grant.subject,
        topic=cell.topic,
        level=cell.level,
        purpose=cell.purpose,
        side=side,
        number=number,
        text=commitment_to_words(draw.key, content, number, side, text),
        drawn=grant.breaks_glass or drawn_for_review(draw.key, content, number, cell.level, draw.share),
        at=now,
    )
