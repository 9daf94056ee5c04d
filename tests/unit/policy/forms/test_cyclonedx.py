"""The CycloneDX document."""

from __future__ import annotations

import json
from typing import Any

from colonnade.records import Clause
from tests.unit.policy.forms.clauses import ENTRY, altered, rendered

OTHER = altered(id="honesty.machine", admin=ENTRY.admin.model_copy(update={"policy": "honesty"}))


def standards(*clauses: Clause) -> list[dict[str, Any]]:
    document = json.loads(rendered("cyclonedx", *clauses))
    return document["definitions"]["standards"]  # type: ignore[no-any-return]  # JSON


def test_policies_are_standards_and_clauses_are_requirements() -> None:
    doors, honesty = standards(OTHER, ENTRY)
    assert (doors["name"], doors["version"], doors["owner"]) == ("doors", "1.2.0", "workshop")
    (requirement,) = doors["requirements"]
    assert (requirement["identifier"], requirement["title"], requirement["text"]) == (
        "doors.entry",
        ENTRY.title,
        ENTRY.text,
    )
    assert [row["identifier"] for row in honesty["requirements"]] == ["honesty.machine"]


def test_references_are_unique() -> None:
    rows = standards(ENTRY, OTHER, altered(id="doors.keys"))
    references = [row["bom-ref"] for row in rows] + [part["bom-ref"] for row in rows for part in row["requirements"]]
    assert len(references) == len(set(references)) == 5


def test_what_a_clause_maps_to_stands_in_its_properties() -> None:
    (standard,) = standards(ENTRY)
    properties = {row["name"]: row["value"] for row in standard["requirements"][0]["properties"]}
    assert properties["colonnade:map:house rules"] == "three"
    assert properties["colonnade:source"] == "house-rules/3"
    assert properties["colonnade:ceiling"] == "overview"


def test_the_serial_number_follows_from_the_content() -> None:
    first, second = (json.loads(rendered("cyclonedx", row)) for row in (ENTRY, altered(text="Other words.")))
    assert first["serialNumber"] == json.loads(rendered("cyclonedx", ENTRY))["serialNumber"]
    assert first["serialNumber"] != second["serialNumber"]
    assert "timestamp" not in json.dumps(first)
