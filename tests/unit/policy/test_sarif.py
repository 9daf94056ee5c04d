"""SARIF 2.1.0: what the official schema requires of a log, a run, a tool and a result is there."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlparse

from hypothesis import given
from hypothesis import strategies as st

from colonnade.policy.findings import RULES, Finding, found
from colonnade.policy.sarif import to_sarif

ROWS = st.builds(
    found,
    st.sampled_from(sorted(RULES)),
    st.text(min_size=1, max_size=20).filter(str.strip),
    st.sampled_from(["policies/a b.md", "/elsewhere/ü.md"]),
    st.integers(0, 99),
    st.text(max_size=9),
)


@given(st.lists(ROWS, max_size=5))
def test_every_required_part_of_the_official_schema_is_there(rows: list[Finding]) -> None:
    log = json.loads(json.dumps(to_sarif(rows, Path(), "1.2.3")))
    assert log["version"] == "2.1.0"
    assert set(log) == {"$schema", "version", "runs"}
    [run] = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("colonnade", "1.2.3")
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note", "none")
    assert len(run["results"]) == len(rows)
    for result, row in zip(run["results"], rows, strict=True):
        assert result["message"]["text"]
        assert result["level"] in ("error", "warning", "note", "none")
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == row.rule
        [location] = result["locations"]
        place = location["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert " " not in uri
        assert urlparse(uri).scheme in ("", "file")
        assert "region" not in place if row.line == 0 else place["region"] == {"startLine": row.line}
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
    prints = [json.dumps(result["partialFingerprints"]) for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_a_file_below_the_root_is_named_relative_to_it(tmp_path: Path) -> None:
    row = found("no-norm", "It demands nothing.", str(tmp_path / "policies" / "a b.md"), 3, "Say it.")
    [result] = to_sarif([row], tmp_path, "1")["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "policies/a%20b.md"
    assert result["message"]["text"] == "It demands nothing. Say it."


def test_a_finding_keeps_its_fingerprint_when_its_line_moves() -> None:
    rows = [found("no-norm", "It demands nothing.", "a.md", line, "Say it.") for line in (3, 30)]
    first, second = (to_sarif([row], Path(), "1")["runs"][0]["results"][0]["partialFingerprints"] for row in rows)
    assert first == second
