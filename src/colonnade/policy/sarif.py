"""Findings as SARIF 2.1.0, which code hosts show beside the lines of a change.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, 2020.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from colonnade.policy.findings import RULES, Finding
from colonnade.records import digest_of

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def to_sarif(findings: Sequence[Finding], root: Path, version: str) -> dict[str, Any]:
    """One SARIF log with one run; every rule is listed, whether it found something or not.

    Args:
        findings: as ``lint`` gives them.
        root: files below it are named relative to it, as code hosts want; others by a whole URI.
        version: of Colonnade.
    """
    names = list(RULES)
    seen: Counter[str] = Counter()
    results = []
    for finding in findings:
        # Lines move; what is said does not. Equal sentences in one file are counted.
        print_of = digest_of([finding.rule, _uri(finding.file, root), finding.sentence]).removeprefix("sha256:")
        seen[print_of] += 1
        results.append(_result(finding, names.index(finding.rule), root, f"{print_of}:{seen[print_of]}"))
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "colonnade", "version": version, "rules": [_rule(name) for name in names]}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _rule(name: str) -> dict[str, Any]:
    rule = RULES[name]
    return {
        "id": name,
        "shortDescription": {"text": rule.title},
        "defaultConfiguration": {"level": rule.importance.value},
    }


def _result(finding: Finding, index: int, root: Path, fingerprint: str) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.file, root)}}
    if finding.line > 0:
        place["region"] = {"startLine": finding.line}
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.importance.value,
        "message": {"text": f"{finding.sentence} {finding.mend}".strip()},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"colonnade/v1": fingerprint},
    }


def _uri(file: str, root: Path) -> str:
    path = Path(file).absolute()
    try:
        return quote(path.relative_to(root.absolute()).as_posix())
    except ValueError:
        return path.as_uri()
