"""The risk map: what a launch should consider, and where it stands with it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from colonnade.cli.policy import policy_application
from colonnade.policy.risk_index import index_risks, intake_rules, resolve
from colonnade.policy.risk_map import check_harm_risks, map_risks, notes_on_judging, risks_to_consider
from colonnade.policy.taxonomies import Import, write_import
from colonnade.policy.workspace import map_harms, read_intake
from colonnade.records import (
    Harm,
    InputError,
    Launch,
    Mapping,
    PolicySet,
    Risk,
    RiskStanding,
    RiskState,
    Taxonomy,
)
from tests.workspaces import DOORS, LAUNCH, write_workspace

AILUMINATE = Taxonomy(
    id="ailuminate-v1.0",
    name="Hazards",
    risks=(
        Risk(id="ail-physical-hazards", name="Physical", group=True),
        Risk(id="ail-violent-crimes", name="Violent crimes", parents=("ail-physical-hazards",)),
        Risk(id="ail-suicide-and-self-harm", name="Self-harm", parents=("ail-physical-hazards",)),
        Risk(id="ail-privacy", name="Privacy"),
        Risk(id="ail-sexual-content", name="Sexual content"),
    ),
)
NIST = Taxonomy(
    id="nist-ai-rmf",
    name="NIST AI 600-1",
    risks=(
        Risk(id="nist-data-privacy", name="Data privacy"),
        Risk(id="nist-confabulation", name="Confabulation"),
        Risk(id="nist-information-security", name="Information security"),
    ),
)
BOTH = (AILUMINATE, NIST)


def _launch(*harms: Harm, **more: Any) -> Launch:
    fields = {
        "name": "x",
        "title": "X",
        "description": "Answers questions.",
        "audience": "Adults",
        "regions": ["JP"],
        "languages": ["ja"],
    }
    return Launch.model_validate({**fields, "harms": harms, **more})


def _harm(identifier: str = "harm", **more: Any) -> Harm:
    fields = {"title": "-", "pillar": "safety", "likelihood": "low", "severity": "high", "judged_by": "ada"}
    return Harm.model_validate({"id": identifier, **fields, **more})


def _mapping(subject: str, relation: str, obj: str, **more: Any) -> Mapping:
    return Mapping(
        subject_id=f"a:{subject}",
        predicate_id=f"skos:{relation}",
        object_id=f"b:{obj}",
        mapping_justification="semapv:ManualMappingCuration",
        **more,
    )


def _clauses(tmp_path: Path, maps: str) -> PolicySet:
    write_workspace(tmp_path, {"policies/doors.md": DOORS.replace("{house: [three]}", maps)})
    return read_intake(tmp_path).policies


def _states(
    launch: Launch,
    policies: PolicySet,
    *mappings: Mapping,
    accepted: dict[str, tuple[str, date | None]] | None = None,
) -> dict[str, RiskStanding]:
    harms = map_harms(launch, policies, accepted or {})
    return {row.risk: row for row in map_risks(launch, policies, harms, BOTH, mappings).rows}


NOTHING = PolicySet(clauses=())


def test_every_code_and_pillar_of_the_shipped_table_is_of_a_scheme_that_it_knows() -> None:
    table = intake_rules()
    assert {scheme.taxonomy for scheme in table.schemes.values()} == set(table.pillars)
    for rule in table.rules:
        assert set(rule.consider) <= set(table.schemes)
        assert rule.because.endswith(".")
    assert len({rule.id for rule in table.rules}) == len(table.rules)
    for scheme in table.schemes.values():
        for target in dict(scheme.codes).values():
            assert target in table.pillars[scheme.taxonomy]


def test_the_rules_read_words_modalities_regions_and_the_number_of_languages() -> None:
    index = index_risks(BOTH, ())

    def rules(**more: Any) -> set[str]:
        return {rule for row in risks_to_consider(_launch(**more), index) for rule in row.rules}

    assert rules() == {"any-model"}
    assert "children" in rules(audience="Pupils of a school")
    assert "children" not in rules(audience="Those who kidnap words")
    assert "pictures-and-voices" in rules(modalities=["image"])
    assert "several-languages" not in rules(languages=["ja", "en"])  # these two taxonomies lack its risks
    found = {row.risk: row for row in risks_to_consider(_launch(uses=["Tell a child a story"]), index)}
    assert found["ail-sexual-content"].rules == ("children",)
    assert found["ail-privacy"].pillar == "privacy-and-security"


def test_a_taxonomy_that_was_not_imported_is_not_considered() -> None:
    assert {row.taxonomy for row in risks_to_consider(_launch(), index_risks([NIST], ()))} == {"nist-ai-rmf"}
    assert risks_to_consider(_launch(), index_risks((), ())) == ()


@pytest.mark.parametrize(
    ("name", "scheme", "found"),
    [
        ("prv", "ailuminate", "ail-privacy"),
        ("PRV", "ailuminate", "ail-privacy"),
        ("ail-privacy", "ailuminate", "ail-privacy"),
        ("Data Privacy", "nist", "nist-data-privacy"),
        ("ail-privacy", "", "ail-privacy"),
        ("ailuminate:prv", "", "ail-privacy"),
        ("nist-ai-rmf:nist-confabulation", "", "nist-confabulation"),
        ("nist-confabulation", "ailuminate", None),
        ("prv", "", None),
        ("hte", "ailuminate", None),
    ],
)
def test_a_risk_is_found_by_its_id_or_by_the_code_of_a_scheme(name: str, scheme: str, found: str | None) -> None:
    assert resolve(name, index_risks(BOTH, ()), scheme) == found


def test_a_risk_that_nobody_answered_is_not_yet_judged() -> None:
    row = _states(_launch(), NOTHING)["ail-privacy"]
    assert (row.state, row.likelihood, row.judged_by) == (RiskState.UNJUDGED, None, "")


def test_a_clause_covers_what_it_maps_to_and_a_harm_that_names_it_brings_likelihood_and_severity(
    tmp_path: Path,
) -> None:
    policies = _clauses(tmp_path, "{ailuminate: [prv]}")
    row = _states(_launch(), policies)["ail-privacy"]
    assert (row.state, row.covered_by, row.severity) == (RiskState.COVERED, ("doors.entry",), None)
    row = _states(_launch(_harm(clauses=["doors.entry"])), policies)["ail-privacy"]
    assert (row.state, row.likelihood, row.severity, row.judged_by) == (RiskState.COVERED, "low", "high", "ada")
    assert row.through == ("harm harm: by clause doors.entry",)


def test_another_clause_of_the_same_harm_does_not_cover_what_it_never_maps_to(tmp_path: Path) -> None:
    policies = _clauses(tmp_path, "{ailuminate: [prv]}")
    row = _states(_launch(_harm(clauses=["doors.entry", "doors.rosters"])), policies)["ail-privacy"]
    assert row.covered_by == ("doors.entry",)


def test_an_open_harm_leaves_its_risk_open_even_where_a_clause_maps_to_it(tmp_path: Path) -> None:
    policies = _clauses(tmp_path, "{ailuminate: [prv]}")
    row = _states(_launch(_harm(risks=["ailuminate:prv"])), policies)["ail-privacy"]
    assert (row.state, row.harms) == (RiskState.OPEN, ("harm",))


def test_a_clause_that_is_not_active_covers_nothing(tmp_path: Path) -> None:
    text = DOORS.replace("{house: [three]}", "{ailuminate: [prv]}").replace("status: active", "status: draft")
    policies = read_intake(write_workspace(tmp_path, {"policies/doors.md": text})).policies
    assert _states(_launch(), policies)["ail-privacy"].state is RiskState.UNJUDGED
    row = _states(_launch(_harm(clauses=["doors.entry"])), policies)["ail-privacy"]
    assert row.state is RiskState.OPEN


def test_a_signature_makes_an_open_risk_accepted_until_its_day() -> None:
    launch, day = _launch(_harm(risks=["ail-privacy"])), date(2027, 1, 1)
    row = _states(launch, NOTHING, accepted={"harm": ("mira", day)})["ail-privacy"]
    assert (row.state, row.accepted_by, row.accepted_until) == (RiskState.ACCEPTED, "mira", day)


def test_who_answers_a_group_answers_its_parts_and_who_answers_a_part_answers_the_group_partly(
    tmp_path: Path,
) -> None:
    policies = _clauses(tmp_path, "{ailuminate: [ail-physical-hazards]}")
    assert _states(_launch(), policies)["ail-violent-crimes"].state is RiskState.COVERED
    policies = _clauses(tmp_path, "{ailuminate: [vcr]}")
    rows = _states(_launch(_harm(risks=["ail-physical-hazards"], clauses=["doors.rosters"])), policies)
    assert rows["ail-physical-hazards"].partly_by == ("doors.entry",)
    rows = _states(_launch(_harm("other", risks=["ail-violent-crimes"], clauses=["doors.entry"])), policies)
    assert rows["ail-suicide-and-self-harm"].state is RiskState.UNJUDGED


@pytest.mark.parametrize(
    ("mapping", "state"),
    [
        (_mapping("ail-privacy", "exactMatch", "nist-data-privacy"), RiskState.COVERED),
        (_mapping("nist-data-privacy", "closeMatch", "ail-privacy"), RiskState.COVERED),
        (_mapping("ail-privacy", "narrowMatch", "nist-data-privacy"), RiskState.COVERED),
        (_mapping("nist-data-privacy", "broadMatch", "ail-privacy"), RiskState.COVERED),
        (_mapping("ail-privacy", "broadMatch", "nist-data-privacy"), RiskState.UNJUDGED),
        (_mapping("nist-data-privacy", "narrowMatch", "ail-privacy"), RiskState.UNJUDGED),
        (_mapping("ail-privacy", "relatedMatch", "nist-data-privacy"), RiskState.UNJUDGED),
        (_mapping("ail-privacy", "exactMatch", "nist-data-privacy", predicate_modifier="Not"), RiskState.UNJUDGED),
    ],
)
def test_a_mapping_carries_an_answer_to_what_is_the_same_or_narrower(
    tmp_path: Path, mapping: Mapping, state: RiskState
) -> None:
    row = _states(_launch(), _clauses(tmp_path, "{ailuminate: [prv]}"), mapping)["nist-data-privacy"]
    assert row.state is state
    assert bool(row.through) is (state is RiskState.COVERED)


def test_a_mapping_is_followed_one_step_and_no_further(tmp_path: Path) -> None:
    rows = _states(
        _launch(),
        _clauses(tmp_path, "{ailuminate: [prv]}"),
        _mapping("ail-privacy", "exactMatch", "nist-data-privacy"),
        _mapping("nist-data-privacy", "exactMatch", "nist-information-security"),
    )
    assert rows["nist-data-privacy"].state is RiskState.COVERED
    assert rows["nist-information-security"].state is RiskState.UNJUDGED


@given(st.lists(st.sampled_from([risk.id for one in BOTH for risk in one.risks]), max_size=4), st.booleans())
def test_naming_more_risks_never_makes_one_unjudged_again(names: list[str], accepted: bool) -> None:
    signed: dict[str, tuple[str, date | None]] = {"harm": ("mira", None)} if accepted else {}
    before = _states(_launch(), NOTHING)
    after = _states(_launch(_harm(risks=names)), NOTHING, accepted=signed)
    assert before.keys() <= after.keys()
    for name in names:
        assert after[name].state is (RiskState.ACCEPTED if accepted else RiskState.OPEN)


def test_a_code_that_its_imported_taxonomy_lacks_is_listed(tmp_path: Path) -> None:
    policies = _clauses(tmp_path, "{ailuminate: [prx, prv], owasp_llm: [LLM99], house: [three]}")
    found = map_risks(_launch(), policies, (), BOTH, ())
    assert found.unknown == (("doors.entry", "ailuminate", "prx"),)


def test_a_launch_without_harms_or_with_harms_that_nobody_judged_is_told_so() -> None:
    def notes(*harms: Harm) -> tuple[str, ...]:
        launch = _launch(*harms)
        return notes_on_judging(map_risks(launch, NOTHING, map_harms(launch, NOTHING), BOTH, ()))

    assert "names no harm" in notes()[0]
    assert "Nobody judged any harm" in notes(_harm(judged_by=" "), _harm("b", judged_by="TBD"))[0]
    assert "these harms: b." in notes(_harm(), _harm("b", judged_by="nobody"))[0]
    assert notes(_harm()) == ()


def test_a_harm_that_names_a_risk_of_no_imported_taxonomy_is_an_error_at_its_line(tmp_path: Path) -> None:
    text = LAUNCH.replace("clauses: [doors.entry]", "clauses: [doors.entry]\n    risks: [ail-privcy]")
    write_workspace(tmp_path, {"launch.yaml": text})
    launch = read_intake(tmp_path).launch
    check_harm_risks(launch, (), tmp_path)
    with pytest.raises(InputError, match="names the risk 'ail-privcy'") as caught:
        check_harm_risks(launch, BOTH, tmp_path)
    assert caught.value.line == 1 + next(n for n, line in enumerate(text.split("\n")) if "risks:" in line)


def test_the_command_ends_with_one_exactly_where_a_harm_is_open(tmp_path: Path) -> None:
    write_workspace(tmp_path)
    write_import(tmp_path, Import(BOTH, (), ()), "own")
    shown = CliRunner().invoke(policy_application, ["risks", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    assert "risks to consider" in shown.output
    write_workspace(tmp_path, {"launch.yaml": LAUNCH.replace("[doors.entry]", "[]")})
    page = tmp_path / "map.html"
    shown = CliRunner().invoke(policy_application, ["risks", str(tmp_path), "--json", "--html", str(page)])
    assert shown.exit_code == 1
    found = json.loads(shown.output)
    assert found["open_harms"] == ["break-in"]
    assert sum(found["counts"].values()) == len(found["risks"])
    assert "break-in" in page.read_text("utf-8")
    only = CliRunner().invoke(policy_application, ["risks", str(tmp_path), "--json", "--taxonomy", "nist-ai-rmf"])
    assert {row["taxonomy"] for row in json.loads(only.output)["risks"]} == {"nist-ai-rmf"}


def test_the_command_says_so_where_nothing_was_imported_and_refuses_an_unknown_taxonomy(tmp_path: Path) -> None:
    write_workspace(tmp_path)
    shown = CliRunner().invoke(policy_application, ["risks", str(tmp_path)])
    assert "No taxonomy was imported" in shown.output
    refused = CliRunner().invoke(policy_application, ["risks", str(tmp_path), "--taxonomy", "zoo"])
    assert isinstance(refused.exception, InputError)
    assert "no taxonomy 'zoo' was imported" in str(refused.exception)
