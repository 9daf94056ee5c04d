"""The rule for a guard."""

from __future__ import annotations

from datetime import date

import yaml

from colonnade.records import Boundary, Facet, Status
from tests.unit.policy.forms.clauses import ENTRY, altered, rendered


def test_the_rule_has_default_deny_a_line_per_condition_and_the_last_day() -> None:
    document = yaml.safe_load(rendered("guard-rule", ENTRY))
    assert document["default"] == "refuse"
    (rule,) = document["rules"]
    everybody, staff = rule["lines"]
    assert (everybody["tier"], everybody["purpose"]) == ("any", "any")
    assert [cell["action"] for cell in everybody["cells"]] == ["allow", "allow", "deflect", "deflect", "deflect"]
    assert staff["cells"][3] == {
        "level": "actionable",
        "action": "allow",
        "rule": "doors.entry/locksmith",
        "until": date(2027, 6, 30),
    }
    assert staff["cells"][4]["action"] == "deflect"


def test_the_rule_carries_the_digest_of_each_facet_it_read() -> None:
    (rule,) = yaml.safe_load(rendered("guard-rule", ENTRY))["rules"]
    assert rule["facets"] == {
        facet.value: ENTRY.facet(facet) for facet in (Facet.BOUNDARY, Facet.SCOPE, Facet.EXCEPTIONS)
    }


def test_a_clause_that_limits_no_topic_says_so() -> None:
    clause = altered(boundary=Boundary.REQUIRED, ceiling=None, exceptions=())
    (rule,) = yaml.safe_load(rendered("guard-rule", clause))["rules"]
    assert rule["limits"].startswith("nothing")
    assert "lines" not in rule


def test_a_draft_does_not_bind() -> None:
    draft = altered(admin=ENTRY.admin.model_copy(update={"status": Status.DRAFT}))
    (rule,) = yaml.safe_load(rendered("guard-rule", draft))["rules"]
    assert rule["binds"] is False
