"""Who may get what, as lines."""

from __future__ import annotations

import pytest

from colonnade.policy.forms.access import EVERYBODY, access_lines
from colonnade.records import Boundary, Condition, InputError, Level
from tests.unit.policy.forms.clauses import DAY, ENTRY, altered


def allowed(line: int) -> list[Level]:
    return [row.level for row in access_lines(ENTRY, DAY)[line].permissions if row.allowed]


def test_everybody_gets_what_the_ceiling_allows() -> None:
    assert access_lines(ENTRY, DAY)[0].who == EVERYBODY
    assert allowed(0) == [Level.MENTION, Level.OVERVIEW]


def test_an_exception_in_force_has_a_line_of_its_own_and_an_expired_one_has_none() -> None:
    assert [line.who for line in access_lines(ENTRY, DAY)] == [EVERYBODY, Condition(tier="staff", purpose="repair")]
    assert allowed(1) == [Level.MENTION, Level.OVERVIEW, Level.MECHANISM, Level.ACTIONABLE]


def test_an_exception_for_everybody_lifts_the_first_line() -> None:
    open_to_all = ENTRY.exceptions[0].model_copy(update={"when": Condition()})
    lines = access_lines(altered(exceptions=(open_to_all,)), DAY)
    assert len(lines) == 1
    assert [row.level for row in lines[0].permissions if row.exception] == [Level.MECHANISM, Level.ACTIONABLE]


def test_the_narrower_line_has_what_the_wider_one_has() -> None:
    wider = ENTRY.exceptions[1].model_copy(update={"expires": ENTRY.exceptions[0].expires.replace(year=2028)})
    lines = access_lines(altered(exceptions=(ENTRY.exceptions[0], wider)), DAY)
    narrow = next(line for line in lines if line.who.purpose)
    assert [row.exception.id for row in narrow.permissions if row.exception] == ["trial", "locksmith"]


def test_a_clause_without_a_ceiling_limits_nobody() -> None:
    assert access_lines(altered(boundary=Boundary.REQUIRED, ceiling=None, exceptions=()), DAY) == ()


@pytest.mark.parametrize("changes", [{"grantable": False}, {"boundary": Boundary.PROHIBITED}])
def test_an_exception_above_a_ceiling_that_nobody_may_lift_is_refused_at_its_line(changes: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"^p.md, line 9: the exception 'locksmith' of 'doors.entry' reaches above"):
        access_lines(altered(file="p.md", line=9, **changes), DAY)
