"""Which adapter answers a request: rules and grants open it, and nothing else does."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from colonnade.guard.adapters import (
    Adapter,
    AdapterRefusedError,
    AdapterSettings,
    choose_adapter,
)
from colonnade.guard.configuration import read_guard_configuration
from colonnade.records import Grant, InputError, Level

TODAY = date(2026, 5, 1)
DIGEST = "sha256:" + "a" * 64


class Someone(NamedTuple):
    principal: str = "ada"
    tier: str = "public"
    purpose: str = "general"


SETTINGS = AdapterSettings.model_validate(
    {
        "named": {
            "tester": {"folder": "adapters/tester", "digest": DIGEST},
            "careful": {"checkpoint": "chosen"},
            "remote": {"server": "org/remote-lora"},
        },
        "rules": [
            {"tier": "staff", "purpose": "study", "adapter": "tester"},
            {"tier": "staff", "adapter": "careful"},
            {"purpose": "study", "adapter": "remote"},
        ],
    }
)


def grant(**changes: Any) -> Grant:
    content = {
        "id": "lab",
        "subject": "ada",
        "topics": ("cyber",),
        "highest": Level.MECHANISM,
        "purposes": ("general",),
        "adapters": ("tester",),
        "starts": TODAY,
        "until": TODAY + timedelta(days=30),
        "evidence": DIGEST,
        "because": "an engagement letter",
    }
    return Grant.model_validate(content | changes)


@pytest.mark.parametrize(
    ("tier", "purpose", "name", "rule"),
    [
        ("staff", "study", "tester", "adapters/rule-1"),
        ("staff", "general", "careful", "adapters/rule-2"),
        ("public", "study", "remote", "adapters/rule-3"),
        ("public", "general", "", "adapters/default"),
    ],
)
def test_the_first_rule_that_holds_decides(tier: str, purpose: str, name: str, rule: str) -> None:
    found = choose_adapter(SETTINGS, Someone(tier=tier, purpose=purpose), None, None, TODAY)
    assert (found.name, found.rule) == (name, rule)
    assert tier in found.reason


def test_a_server_is_sent_its_own_name_of_the_adapter() -> None:
    assert choose_adapter(SETTINGS, Someone(purpose="study"), None, None, TODAY).server == "org/remote-lora"
    assert choose_adapter(SETTINGS, Someone(tier="staff"), None, None, TODAY).server == ""


@pytest.mark.parametrize("name", ["tester", "careful", "remote"])
def test_a_request_may_name_what_any_rule_of_its_own_case_names(name: str) -> None:
    found = choose_adapter(SETTINGS, Someone(tier="staff", purpose="study"), name, None, TODAY)
    assert found.name == name


def test_a_grant_opens_the_adapters_that_it_names() -> None:
    found = choose_adapter(SETTINGS, Someone(), "tester", grant(), TODAY)
    assert found == Adapter("tester", "", "grant/lab", "the grant 'lab' names the adapter 'tester'.")


def test_a_grant_gives_no_adapter_that_was_not_asked_for() -> None:
    assert choose_adapter(SETTINGS, Someone(), None, grant(), TODAY).name == ""


@pytest.mark.parametrize(
    ("changes", "today"),
    [
        ({"subject": "bob"}, TODAY),
        ({"purposes": ("study",)}, TODAY),
        ({"adapters": ("careful",)}, TODAY),
        ({"adapters": ()}, TODAY),
        ({}, TODAY - timedelta(days=1)),
        ({}, TODAY + timedelta(days=31)),
    ],
)
def test_another_grant_opens_nothing(changes: dict[str, Any], today: date) -> None:
    with pytest.raises(AdapterRefusedError, match="not open to tier 'public' and purpose 'general'"):
        choose_adapter(SETTINGS, Someone(), "tester", grant(**changes), today)


def test_whoever_may_not_have_an_adapter_is_not_told_whether_there_is_one() -> None:
    said = set()
    for name in ("tester", "careful", "nothing-of-the-kind", ""):
        with pytest.raises(AdapterRefusedError) as caught:
            choose_adapter(SETTINGS, Someone(), name, None, TODAY)
        said.add(str(caught.value))
    assert len(said) == 1


def test_a_grant_for_an_adapter_that_is_gone_opens_nothing() -> None:
    with pytest.raises(AdapterRefusedError):
        choose_adapter(SETTINGS, Someone(), "gone", grant(adapters=("gone",)), TODAY)


def test_without_the_section_nothing_but_the_released_model_is_there() -> None:
    assert choose_adapter(None, Someone(), None, grant(), TODAY).name == ""
    with pytest.raises(AdapterRefusedError):
        choose_adapter(None, Someone(), "tester", grant(), TODAY)


@given(
    tier=st.sampled_from(["public", "staff"]),
    purpose=st.sampled_from(["general", "study"]),
    named=st.sampled_from([None, "", "tester", "careful", "remote", "other"]),
    granted=st.one_of(
        st.none(),
        st.builds(
            grant,
            subject=st.sampled_from(["ada", "bob"]),
            purposes=st.sampled_from([("general",), ("study",)]),
            adapters=st.sets(st.sampled_from(["tester", "careful", "remote", "other"])).map(tuple),
        ),
    ),
)
def test_no_adapter_is_given_that_neither_a_rule_nor_the_grant_names(
    tier: str, purpose: str, named: str | None, granted: Grant | None
) -> None:
    who = Someone(tier=tier, purpose=purpose)
    ruled = {rule.adapter for rule in SETTINGS.rules if rule.tier in (None, tier) and rule.purpose in (None, purpose)}
    mine = granted is not None and granted.subject == "ada" and purpose in granted.purposes
    opened = set(granted.adapters) if granted is not None and mine else set()
    try:
        found = choose_adapter(SETTINGS, who, named, granted, TODAY)
    except AdapterRefusedError:
        assert named is not None
        assert named not in ruled | (opened & {"tester", "careful", "remote"})
    else:
        assert found.name in ruled | opened | {""}
        assert named in (None, found.name)
        assert (found.name == "") == (named is None and not ruled)


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ({"named": {"x": {}}}, "needs one of"),
        ({"named": {"x": {"folder": "a", "server": "b"}}}, "needs one of"),
        ({"named": {"x": {"server": "b", "digest": DIGEST}}}, "can only be checked of a 'folder'"),
        ({"named": {"x": {"checkpoint": "last"}}}, "chosen"),
        ({"named": {"a.b": {"server": "b"}}}, "pattern"),
        ({"named": {"x": {"folder": "a", "digest": "sha256:1"}}}, "pattern"),
        ({"named": {}, "rules": [{"adapter": "x"}]}, "the rule 1 names the adapter 'x'"),
    ],
)
def test_a_section_that_says_nothing_clear_is_refused(section: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        AdapterSettings.model_validate(section)


def _written(folder: Path, section: dict[str, Any]) -> Path:
    file = folder / "guard.yaml"
    replies = {action: {"en": "No."} for action in ("refuse", "deflect", "safe_complete", "escalate")}
    content = {"tiers": ["public", "staff"], "purposes": ["general"], "replies": replies, "adapters": section}
    file.write_text(yaml.safe_dump(content))
    return file


def test_the_section_stands_in_guard_yaml(tmp_path: Path) -> None:
    section = {"named": {"x": {"server": "y"}}, "rules": [{"tier": "staff", "adapter": "x"}]}
    settings = read_guard_configuration(_written(tmp_path, section)).adapters
    assert settings is not None
    assert choose_adapter(settings, Someone(tier="staff"), None, None, TODAY).server == "y"


@pytest.mark.parametrize("case", [{"tier": "nobody"}, {"purpose": "nothing"}])
def test_a_rule_for_a_tier_or_purpose_that_there_is_not_is_refused(tmp_path: Path, case: dict[str, str]) -> None:
    section = {"named": {"x": {"server": "y"}}, "rules": [{"adapter": "x", **case}]}
    with pytest.raises(InputError, match="which there is not"):
        read_guard_configuration(_written(tmp_path, section))
