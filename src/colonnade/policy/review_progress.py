"""How far a review has come, told whole: who is asked, in which role, since when, and about which content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

from colonnade.policy.reviews import Reviewed, Standing, review, standing_of, unreachable
from colonnade.records import Act, People, PolicyReview, Statement


class Asked(NamedTuple):
    """A working group that has not yet answered in full.

    Attributes:
        missing: how many approvals are still asked for.
        people: who may give one: members and delegates, without authors and those who answer already.
    """

    role: str
    missing: int
    people: tuple[str, ...]


class Progress(NamedTuple):
    """One review as it stands today.

    Attributes:
        file: where the policy or profile stands.
        since: when it came to this state; for one that waits, when its file was last written or an
            answer last ended, and nothing where no file says so.
        asked: whom it waits for; empty unless it waits.
        answers: the answers that count, oldest first.
        unreachable: why the people there are cannot fill the quorum; empty where they can, and where it does not wait.
    """

    review: PolicyReview
    file: str
    since: datetime | None
    asked: tuple[Asked, ...]
    answers: tuple[Statement, ...]
    unreachable: str = ""


def progress(reviewed: Reviewed, people: People | None, statements: Sequence[Statement], today: date) -> Progress:
    """How far the review of one policy or profile has come.

    Args:
        reviewed: what working groups answer for.
        people: who they are; none where nobody was named.
        statements: whose signatures were verified, oldest first.
        today: the day.
    """
    (state,) = review([reviewed], people, statements, today)
    if people is None or state.state == "unasked":
        return Progress(state, reviewed.file, None, (), ())
    standing = standing_of(reviewed, people, statements, today)
    if state.state == "waiting":
        asked = tuple(_asked(state, reviewed, people, standing))
        since, never = _waiting_since(reviewed, statements, today), unreachable(reviewed, people)
        return Progress(state, reviewed.file, since, asked, standing.answers, never)
    act = Act.REFUSE if state.state == "refused" else Act.APPROVE
    answered = max(row.at for row in standing.answers if row.act is act)
    return Progress(state, reviewed.file, answered, (), standing.answers)


def _asked(state: PolicyReview, reviewed: Reviewed, people: People, standing: Standing) -> Iterator[Asked]:
    busy = {row.person for row in standing.answers}
    for role in state.roles:
        if role.missing:
            able = [person.id for person in people.people if role.role in person.roles]
            able += [name for name, delegated in sorted(standing.delegated) if delegated == role.role]
            free = (name for name in dict.fromkeys(able) if name not in busy and name not in reviewed.authors)
            yield Asked(role.role, role.missing, tuple(free))


def _waiting_since(reviewed: Reviewed, statements: Sequence[Statement], today: date) -> datetime | None:
    file = Path(reviewed.file)
    moments = [datetime.fromtimestamp(file.stat().st_mtime, UTC)] if file.is_file() else []
    for row in statements:
        if (row.subject, row.content) == (reviewed.subject, reviewed.content):
            if row.act is Act.WITHDRAW:
                moments.append(row.at)
            elif row.expires is not None and row.expires < today:
                moments.append(datetime.combine(row.expires + timedelta(days=1), time(), UTC))
    return max(moments, default=None)
