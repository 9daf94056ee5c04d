"""The form for bills of materials: CycloneDX 1.6 with the policies as ``definitions.standards``.

A claim or an attestation in another CycloneDX document names a requirement by its ``bom-ref``.
Specification: ECMA-424, first edition (CycloneDX 1.6).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from colonnade.policy.forms.edition import Edition, stamp
from colonnade.policy.forms.naming import document_uuid
from colonnade.policy.forms.wording import (
    boundary_sentences,
    exception_sentence,
    one_line,
    scope_sentence,
    threshold_sentences,
)
from colonnade.records import Clause, Facet

READS = (Facet.TEXT, Facet.BOUNDARY, Facet.SCOPE, Facet.EXCEPTIONS, Facet.THRESHOLDS, Facet.MAPS, Facet.ADMIN)


def render_cyclonedx(edition: Edition) -> str:
    """A JSON document: a standard for each policy, a requirement for each clause.

    It has no time of making, which the format leaves free, so that equal clauses give equal bytes.
    """
    by_policy = groupby(
        sorted(edition.clauses, key=lambda row: (row.admin.policy, row.id)), lambda row: row.admin.policy
    )
    definitions = {"standards": [_standard(policy, tuple(clauses), edition) for policy, clauses in by_policy]}
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{document_uuid(definitions)}",
        "version": 1,
        "definitions": definitions,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _standard(policy: str, clauses: tuple[Clause, ...], edition: Edition) -> dict[str, Any]:
    admin = clauses[0].admin
    return {
        "bom-ref": f"policy:{policy}",
        "name": policy,
        "version": admin.version,
        "owner": ", ".join(admin.owners),
        "requirements": [_requirement(clause, edition) for clause in clauses],
    }


def _requirement(clause: Clause, edition: Edition) -> dict[str, Any]:
    descriptions = [
        " ".join([*boundary_sentences(clause), scope_sentence(clause)]),
        *(f"Exception {exception_sentence(row)}" for row in clause.exceptions),
        *threshold_sentences(clause),
    ]
    return {
        "bom-ref": f"clause:{clause.id}",
        "identifier": clause.id,
        "title": one_line(clause.title),
        "text": clause.text,
        "descriptions": descriptions,
        "properties": [{"name": f"colonnade:{name}", "value": value} for name, value in _properties(clause, edition)],
    }


def _properties(clause: Clause, edition: Edition) -> Iterator[tuple[str, str]]:
    yield "made-from", stamp(clause, READS, edition.day)
    for facet in READS:
        yield f"digest:{facet.value}", clause.facet(facet)
    yield "pillar", clause.pillar.value
    yield "boundary", clause.boundary.value
    yield "severity", clause.severity.value
    if clause.ceiling is not None:
        yield "ceiling", clause.ceiling.value
        yield "above", clause.above.value
    yield "status", clause.admin.status.value
    for source in clause.admin.sources:
        yield "source", source.id
    for taxonomy, identifiers in clause.maps:
        for identifier in identifiers:
            yield f"map:{taxonomy}", identifier
