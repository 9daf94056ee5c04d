"""The OSCAL catalog and profile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from colonnade.records import Source
from tests.unit.policy.forms.clauses import DAY, ENTRY, altered, rendered

OTHER = altered(id="honesty.machine", admin=ENTRY.admin.model_copy(update={"policy": "honesty"}))


def catalog(*clauses: Any, day: date = DAY) -> dict[str, Any]:
    return json.loads(rendered("oscal-catalog", *clauses, day=day))["catalog"]  # type: ignore[no-any-return]  # JSON


def profile(*clauses: Any) -> dict[str, Any]:
    return json.loads(rendered("oscal-profile", *clauses))["profile"]  # type: ignore[no-any-return]  # JSON


def values(key: str, value: Any) -> Iterator[str]:
    """Every value of a key, anywhere below."""
    if isinstance(value, dict):
        yield from (entry for name, entry in value.items() if name == key)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from values(key, inner)


def test_policies_are_groups_and_clauses_are_controls() -> None:
    groups = catalog(OTHER, ENTRY)["groups"]
    assert [(group["id"], [row["id"] for row in group["controls"]]) for group in groups] == [
        ("doors", ["doors.entry"]),
        ("honesty", ["honesty.machine"]),
    ]


def test_a_control_has_statement_guidance_questions_and_examples() -> None:
    (control,) = catalog(ENTRY)["groups"][0]["controls"]
    names = [part["name"] for part in control["parts"]]
    assert names == ["statement", "guidance", *["exception"] * 2, *["question"] * 2, *["example"] * 3]
    assert control["parts"][0]["prose"] == ENTRY.text


def test_ceiling_and_thresholds_are_parameters() -> None:
    (control,) = catalog(ENTRY)["groups"][0]["controls"]
    assert {row["id"]: row["values"] for row in control["params"]} == {
        "doors.entry_ceiling": ["overview"],
        "doors.entry_violation_rate_max": ["0.001"],
        "doors.entry_violation_rate_confidence": ["0.95"],
    }


def test_every_facet_has_its_digest_as_a_property() -> None:
    (control,) = catalog(ENTRY)["groups"][0]["controls"]
    found = {row["name"]: row["value"] for row in control["props"]}
    assert all(found[f"digest-{facet.value}"] == ENTRY.facet(facet) for facet in ENTRY.facets)


def test_ids_are_unique_and_every_reference_leads_somewhere() -> None:
    document = catalog(ENTRY, OTHER)
    identifiers = list(values("id", document))
    assert len(identifiers) == len(set(identifiers))
    resources = set(values("uuid", document["back-matter"]))
    assert {href.removeprefix("#") for href in values("href", document["groups"])} == resources


def test_two_states_of_one_source_are_two_resources() -> None:
    older = Source(id="house-rules/3", status="proposed")
    other = OTHER.model_copy(update={"admin": OTHER.admin.model_copy(update={"sources": (older,)})})
    assert len(catalog(ENTRY, other)["back-matter"]["resources"]) == 2


def test_a_document_has_the_same_uuid_until_its_content_changes() -> None:
    uuid = catalog(ENTRY)["uuid"]
    assert UUID(uuid).version == 5
    assert catalog(ENTRY)["uuid"] == uuid
    assert catalog(altered(text="Other words."))["uuid"] != uuid


def test_the_profile_selects_the_clauses_and_names_the_bytes_of_their_catalog() -> None:
    document = profile(ENTRY, OTHER)
    (imported,) = document["imports"]
    assert imported["include-controls"] == [{"with-ids": ["doors.entry", "honesty.machine"]}]
    (resource,) = document["back-matter"]["resources"]
    assert imported["href"] == f"#{resource['uuid']}"
    digest = hashlib.sha256(rendered("oscal-catalog", ENTRY, OTHER).encode()).hexdigest()
    assert resource["rlinks"][0]["hashes"] == [{"algorithm": "SHA-256", "value": digest}]


def test_the_profile_sets_only_parameters_that_the_catalog_has() -> None:
    known = {row["id"] for row in catalog(ENTRY)["groups"][0]["controls"][0]["params"]}
    assert {row["param-id"] for row in profile(ENTRY)["modify"]["set-parameters"]} == known


def test_the_catalog_states_the_day_it_was_made_for() -> None:
    assert catalog(ENTRY, day=date(2026, 12, 1))["metadata"]["last-modified"] == "2026-12-01T00:00:00Z"
