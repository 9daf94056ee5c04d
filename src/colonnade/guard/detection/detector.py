"""What finds a topic and a level in a text, and what is asked where nothing found is certain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from colonnade.records import Clause, Digest, Level


class Detection(NamedTuple):
    """What a text, or a part of it, is about.

    Attributes:
        topic: the id of a clause; none where the text is near no topic.
        level: how specific it is; none where there is no topic.
        score: 0 to 1, a probability or a cosine.
        certain: false inside the band between the two thresholds of the topic.
        detector: the name of what found it.
        span: characters of the text, for patterns.
        strong: false where ordinary prose reaches the score now and then. In a reply to a request that came near no
            topic, such a finding is more likely chance than a violation, and is passed over.
        scored_by: whose score it is, where it is another's: the detector's own thresholds say nothing of it then.
        cleared: suspected to be above the ceiling by whoever scored it, and found not to be at a second look.
    """

    topic: str | None
    level: Level | None
    score: float
    certain: bool = True
    detector: str = ""
    span: tuple[int, int] | None = None
    strong: bool = True
    scored_by: str = ""
    cleared: bool = False


class Detector(Protocol):
    """Anything that finds topics and levels in a text.

    Attributes:
        digest: of everything that its answers depend on: weights, examples, thresholds.
        topics: the clauses that it can recognise.
        slow: true where it has to run in a thread with a time limit; false where a short text takes
            well under a millisecond.
        reads: of "request", "reply" and "conversation".
    """

    @property
    def name(self) -> str:
        """What rulings call it."""
        ...

    @property
    def version(self) -> str:
        """Of its code."""
        ...

    @property
    def digest(self) -> Digest:
        """Which weights, examples and thresholds."""
        ...

    @property
    def topics(self) -> frozenset[str]:
        """Ids of clauses."""
        ...

    @property
    def slow(self) -> bool:
        """Whether it needs a thread."""
        ...

    @property
    def reads(self) -> frozenset[str]:
        """Which sides it judges."""
        ...

    def detect(self, text: str) -> tuple[Detection, ...]:
        """What the text is about; safe from several threads at once.

        Raises:
            Exception: of any kind, where it cannot judge; nothing passes unjudged.
        """
        ...


class Opinion(NamedTuple):
    """What a judge holds of a text.

    Attributes:
        about: whether it is about the clause's topic.
        level: how specific it is.
        because: one sentence.
    """

    about: bool
    level: Level
    because: str


class Judge(Protocol):
    """The policy-conditioned judge of the uncertain band."""

    @property
    def name(self) -> str:
        """What rulings call it."""
        ...

    @property
    def version(self) -> str:
        """Of its code."""
        ...

    @property
    def digest(self) -> Digest:
        """Which model, and which wording of the question."""
        ...

    async def judge(self, clause: Clause, text: str, earlier: Sequence[str]) -> Opinion:
        """What it holds of the text, given the clause and the turns before it.

        Raises:
            Exception: of any kind, where it cannot say.
        """
        ...
