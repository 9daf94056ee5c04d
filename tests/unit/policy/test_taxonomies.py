"""Taxonomies: imported from other people's files, written, and read again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from colonnade.cli.policy import policy_application
from colonnade.policy.nexus import read_nexus
from colonnade.policy.taxonomies import find_loop, read_mappings, read_tables, read_taxonomies, write_import
from colonnade.records import InputError, Risk

PLACES = (parent / "shared/data/ai_atlas_nexus" for parent in Path(__file__).resolve().parents)
NEXUS = next((place for place in PLACES if place.is_dir()), None)

ONE = """\
documents:
  - id: paper
taxonomies:
  - id: house-1.0
    name: Risks of a house
    type: RiskTaxonomy
    url: https://house.example/
    version: "1.0"
    dateCreated: 2026-01-02
  - id: garden
    name: Gardening
    type: CapabilityTaxonomy
groups:
  - id: house-water
    name: Water
    type: RiskGroup
    isDefinedByTaxonomy: house-1.0
    hasPart:
      - house-flood
  - id: house-pipes
    name: Pipes
    type: RiskGroup
    isDefinedByTaxonomy: house-1.0
    broad_mappings:
      - house-water
entries:
  - id: house-flood
    name: Flood
    description: >-
      Water where
      nobody wants it.
    type: Risk
    isDefinedByTaxonomy: house-1.0
    tag: wet
  - id: house-leak
    name: Leak
    type: Risk
    isDefinedByTaxonomy: house-1.0
    isPartOf: house-pipes
    close_mappings:
      - boat-hole
    broad_mappings:
      - boat-sinking
  - id: house-rule
    name: Be kind
    type: Principle
    isDefinedByTaxonomy: house-1.0
"""

TWO = """\
taxonomies:
  - id: boat
    name: Risks of a boat
entries:
  - {id: boat-hole, name: Hole, isDefinedByTaxonomy: boat, isPartOf: boat-hull}
  - {id: boat-sinking, name: Sinking, isDefinedByTaxonomy: boat, broad_mappings: [house-leak]}
"""

TABLE = """\
# mapping_set_id: https://house.example/boat
# license: https://creativecommons.org/licenses/by/4.0/
subject_id\tpredicate_id\tobject_id\tmapping_justification
house:house-leak\tskos:exactMatch\tboat:boat-hole\tsemapv:ManualMappingCuration
house:house-flood\tnoMatch\tboat:boat-hole\tsemapv:ManualMappingCuration
"""


def _source(folder: Path, **files: str) -> Path:
    source = folder / "source"
    source.mkdir()
    for name, text in {"one.yaml": ONE, "two.yaml": TWO, **{n.replace("_", "."): t for n, t in files.items()}}.items():
        (source / name).write_text(text, encoding="utf-8")
    return source


def test_groups_and_risks_are_taken_with_what_they_belong_to(tmp_path: Path) -> None:
    boat, house = read_nexus(_source(tmp_path)).taxonomies
    assert (house.id, house.version, house.source, house.created, house.licence) == (
        "house-1.0",
        "1.0",
        "https://house.example/",
        "2026-01-02",
        "",
    )
    shown = [(risk.id, risk.group, risk.parents) for risk in house.risks]
    assert shown == [
        ("house-water", True, ()),
        ("house-pipes", True, ("house-water",)),
        ("house-flood", False, ("house-water",)),
        ("house-leak", False, ("house-pipes",)),
    ]
    assert house.risks[2].description == "Water where nobody wants it."
    assert house.read_from == "one.yaml"
    assert house.read_digest.startswith("sha256:")
    assert [risk.id for risk in boat.risks] == ["boat-hole", "boat-sinking"]


def test_everything_that_is_not_taken_is_listed_with_its_line_and_reason(tmp_path: Path) -> None:
    source = _source(tmp_path, pairs_tsv=TABLE, notes_txt="-")
    listed = [(row.file, row.line, row.what, row.why) for row in read_nexus(source).left_out]
    assert (
        listed
        == [
            ("notes.txt", 0, "file", "it is neither YAML nor TSV"),
            ("one.yaml", 2, "section documents (1)", "it holds no risks"),
            ("one.yaml", 10, "taxonomy garden", "its type is CapabilityTaxonomy, not RiskTaxonomy"),
            ("one.yaml", 27, "field tag of 1 entries", "a risk has no such field"),
            (
                "one.yaml",
                1,
                "1 mappings",
                "an SSSOM table in the source relates the same pairs, with author and reason",
            ),
            (
                "one.yaml",
                35,
                "house-leak broadMatch boat-sinking",
                "the source says broadMatch in both directions, which cannot be",
            ),
            ("one.yaml", 44, "Principle house-rule", "its type is Principle, not Risk"),
            ("pairs.tsv", 5, "row", "'predicate_id' is 'noMatch', which is neither 'prefix:name' nor a link."),
            ("two.yaml", 5, "isPartOf boat-hull of boat-hole", "no such risk in the same taxonomy"),
        ]
        or sorted(listed) == listed
    )


def test_mappings_stated_in_yaml_become_rows_unless_a_table_says_them_better(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    bare = read_nexus(_source(tmp_path / "bare")).tables
    assert [name for name, _ in bare] == ["one", "two"]
    row = bare[0][1].mappings[0]
    assert (row.subject_id, row.predicate_id, row.object_id) == (
        "house-1.0:house-leak",
        "skos:closeMatch",
        "boat:boat-hole",
    )
    assert row.mapping_justification == "semapv:UnspecifiedMatching"
    tables = dict(read_nexus(_source(tmp_path, pairs_tsv=TABLE)).tables)
    assert tables["pairs"].mappings[0].predicate_id == "skos:exactMatch"
    assert all(row.object != "boat-hole" for name in tables if name != "pairs" for row in tables[name].mappings)


def test_what_was_imported_is_read_back_alike_and_a_second_import_changes_nothing(tmp_path: Path) -> None:
    imported = read_nexus(_source(tmp_path, pairs_tsv=TABLE), licence="CC-BY-4.0")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    written = write_import(workspace, imported, "source")
    assert {row.state for row in written} == {"new"}
    assert read_taxonomies(workspace) == imported.taxonomies
    assert read_taxonomies(workspace)[0].licence == "CC-BY-4.0"
    assert sorted(table.digest for table in read_tables(workspace)) == sorted(t.digest for _, t in imported.tables)
    assert len(read_mappings(workspace)) == sum(len(table.mappings) for _, table in imported.tables)
    assert {row.state for row in write_import(workspace, imported, "source")} == {"unchanged"}


def test_one_taxonomy_can_be_asked_for_and_the_others_are_listed(tmp_path: Path) -> None:
    imported = read_nexus(_source(tmp_path, pairs_tsv=TABLE), only=["boat"])
    assert [taxonomy.id for taxonomy in imported.taxonomies] == ["boat"]
    assert [row.what for row in imported.left_out if row.why == "it was not asked for"] == ["taxonomy house-1.0 (4)"]
    with pytest.raises(InputError, match=r"no taxonomy 'shed' here\. There is: boat, house-1\.0\."):
        read_nexus(tmp_path / "source", only=["shed"])


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("  - id: house-flood\n    name", "  - name", 27, "this entry has no id"),
        ("    name: Flood\n", "", 27, "'name' is missing"),
        ("id: house-flood", "id: [house-flood", 28, "this is not YAML"),
        ("id: house-1.0", "id: ../house", 4, "'id' is '../house'"),
        (
            "    hasPart:",
            "    isPartOf: house-pipes\n    hasPart:",
            21,
            "contain each other: house-pipes, house-water",
        ),
    ],
)
def test_a_source_that_is_wrong_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, what: str
) -> None:
    assert old in ONE
    text = ONE.replace(old, new, 1)
    if old == "id: house-1.0":
        text = ONE.replace("house-1.0", "../house")
    source = _source(tmp_path, one_yaml=text)
    with pytest.raises(InputError) as caught:
        read_nexus(source)
    assert (caught.value.file, caught.value.line) == (source / "one.yaml", line)
    assert what in caught.value.what


def test_an_empty_source_and_a_missing_workspace_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no YAML or TSV file"):
        read_nexus(tmp_path / "empty")
    imported = read_nexus(_source(tmp_path))
    with pytest.raises(InputError, match="no such folder"):
        write_import(tmp_path / "nowhere", imported, "source")
    assert not (tmp_path / "nowhere").exists()


def test_a_risk_that_another_taxonomy_has_already_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    write_import(workspace, read_nexus(_source(tmp_path)), "source")
    before = {file: file.read_bytes() for file in workspace.rglob("*") if file.is_file()}
    other = tmp_path / "other.yaml"
    other.write_text(TWO.replace("id: boat\n", "id: ship\n").replace("Taxonomy: boat", "Taxonomy: ship"), "utf-8")
    with pytest.raises(InputError, match="'boat-hole' of 'ship' stands in the taxonomy 'boat' too"):
        write_import(workspace, read_nexus(other), "other")
    assert before == {file: file.read_bytes() for file in workspace.rglob("*") if file.is_file()}


GOOD = """\
id: boat
name: Boats
risks:
  - id: hull
    name: Hull
    group: true
  - id: hole
    name: Hole
    parents: [hull]
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("id: boat", "id: ship", 1, "stands in a file of another name"),
        ("id: hole", "id: hull", 7, "the risk 'hull' stands twice"),
        ("parents: [hull]", "parents: [deck]", 9, "belongs to 'deck', which this taxonomy does not have"),
        ("name: Hole", "title: Hole", 7, "'risks.1.name' is missing"),
        ("    group: true", "    group: true\n    parents: [hole]", 10, "contain each other: hole, hull"),
    ],
)
def test_a_taxonomy_file_that_is_wrong_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, what: str
) -> None:
    assert old in GOOD
    file = tmp_path / "taxonomies" / "boat.yaml"
    file.parent.mkdir()
    file.write_text(GOOD, "utf-8")
    assert len(read_taxonomies(tmp_path)[0].risks) == 2
    file.write_text(GOOD.replace(old, new, 1), "utf-8")
    with pytest.raises(InputError) as caught:
        read_taxonomies(tmp_path)
    assert what in caught.value.what
    assert (caught.value.file, caught.value.line) == (file, line)


def test_a_loop_is_found_however_long() -> None:
    ring = [Risk(id=f"r{number}", name="-", parents=(f"r{(number + 1) % 50}",)) for number in range(50)]
    assert len(find_loop(ring)) == 50
    assert find_loop(ring[:-1]) == ()
    below = Risk(id="below", name="-", parents=("r3",))
    assert "below" not in find_loop([*ring, below])


def test_the_command_prints_counts_and_says_where_the_rest_is_listed(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    arguments = ["import-taxonomy", str(_source(tmp_path, pairs_tsv=TABLE)), str(workspace)]
    shown = CliRunner().invoke(policy_application, arguments)
    assert shown.exit_code == 0, shown.output
    assert "house-1.0" in shown.output
    assert "2 risks   2 groups" in shown.output
    listing = (workspace / "taxonomies/not-imported.source.tsv").read_text("utf-8").splitlines()
    asked = json.loads(CliRunner().invoke(policy_application, [*arguments, "--json"]).output)
    assert len(listing) == 1 + len(asked["left_out"])
    assert asked["taxonomies"]["boat"] == {"risks": 2, "groups": 0, "version": "", "licence": ""}


@pytest.mark.skipif(NEXUS is None, reason="the AI Atlas Nexus files are not here")
def test_the_five_public_taxonomies_are_imported_whole(tmp_path: Path) -> None:
    assert NEXUS is not None
    imported = read_nexus(NEXUS)
    counts = {
        taxonomy.id: (sum(risk.group for risk in taxonomy.risks), sum(not risk.group for risk in taxonomy.risks))
        for taxonomy in imported.taxonomies
    }
    assert counts["ai-risk-taxonomy"] == (59, 314)
    assert counts["ailuminate-v1.0"] == (3, 12)
    assert counts["owasp-llm-2.0"] == (0, 10)
    assert counts["nist-ai-rmf"] == (0, 12)
    assert counts["mit-ai-risk-repository"] == (7, 24)
    write_import(tmp_path, imported, "nexus")
    assert read_taxonomies(tmp_path) == imported.taxonomies
    rows = [line for file in NEXUS.glob("mappings/*.tsv") for line in file.read_text("utf-8").splitlines()]
    stated = sum(bool(line.strip()) and not line.startswith("#") for line in rows) - len(list(NEXUS.glob("mappings/*")))
    taken = [row for row in read_mappings(tmp_path) if row.mapping_justification != "semapv:UnspecifiedMatching"]
    faults = [row for row in imported.left_out if row.what == "row"]
    assert len(taken) + len(faults) == stated
