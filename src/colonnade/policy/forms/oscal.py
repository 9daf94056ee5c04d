"""The forms for compliance tools: an OSCAL catalog of the clauses, and a profile that selects them.

Specification: NIST, Open Security Controls Assessment Language, catalog and profile model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any

from colonnade.policy.forms.edition import Edition, stamp
from colonnade.policy.forms.naming import NAMESPACE, document_uuid, named_uuid
from colonnade.policy.forms.wording import (
    LEVELS,
    boundary_sentences,
    exception_sentence,
    must_decline,
    one_line,
    scope_sentence,
    threshold_sentences,
)
from colonnade.records import Bound, Clause, Facet, Source, digest_of

READS = tuple(Facet)
OSCAL_VERSION = "1.2.1"
CATALOG_FILE = "oscal-catalog.json"
"""Where the profile looks for its catalog: beside itself."""

_MEDIA_TYPE = "application/oscal.catalog+json"


def render_catalog(edition: Edition) -> str:
    """A JSON catalog: a group for each policy, a control for each clause.

    ``last-modified`` is the day of the edition: OSCAL demands a time, and policies have none.
    """
    by_policy = groupby(
        sorted(edition.clauses, key=lambda row: (row.admin.policy, row.id)), lambda row: row.admin.policy
    )
    sources = {(source.id, source.digest): source for clause in edition.clauses for source in clause.admin.sources}
    content: dict[str, Any] = {
        "metadata": _metadata("Policy clauses", edition),
        "groups": [_group(policy, tuple(clauses), edition) for policy, clauses in by_policy],
    }
    if sources:
        resources = [_resource(sources[name]) for name in sorted(sources)]
        content["back-matter"] = {"resources": resources}
    return _written("catalog", content)


def render_profile(edition: Edition) -> str:
    """A JSON profile: imports the clauses from the catalog of the same edition and sets their parameters.

    It carries the SHA-256 of the catalog as ``render_catalog`` writes it, so that a profile and a
    catalog of different days do not pass for a pair.
    """
    catalog = hashlib.sha256(render_catalog(edition).encode("utf-8")).hexdigest()
    resource = {
        "uuid": named_uuid("catalog", catalog),
        "title": "The catalog of these clauses",
        "rlinks": [
            {
                "href": CATALOG_FILE,
                "media-type": _MEDIA_TYPE,
                "hashes": [{"algorithm": "SHA-256", "value": catalog}],
            }
        ],
    }
    settings = [
        {"param-id": row["id"], "values": row["values"]} for clause in edition.clauses for row in _parameters(clause)
    ]
    content: dict[str, Any] = {
        "metadata": {
            **_metadata("Policy clauses of this product", edition),
            "props": [_property("made-from", stamp(clause, READS, edition.day)) for clause in edition.clauses],
        },
        "imports": [
            {
                "href": f"#{resource['uuid']}",
                "include-controls": [{"with-ids": [clause.id for clause in edition.clauses]}],
            }
        ],
        "merge": {"as-is": True},
        **({"modify": {"set-parameters": settings}} if settings else {}),
        "back-matter": {"resources": [resource]},
    }
    return _written("profile", content)


def _written(root: str, content: dict[str, Any]) -> str:
    document = {root: {"uuid": document_uuid({root: content}), **content}}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _metadata(title: str, edition: Edition) -> dict[str, Any]:
    return {
        "title": title,
        "last-modified": f"{edition.day.isoformat()}T00:00:00Z",
        "version": digest_of([stamp(clause, READS, edition.day) for clause in edition.clauses]),
        "oscal-version": OSCAL_VERSION,
    }


def _group(policy: str, clauses: tuple[Clause, ...], edition: Edition) -> dict[str, Any]:
    admin = clauses[0].admin
    return {
        "id": policy,
        "class": "policy",
        "title": policy,
        "props": [_property("version", admin.version), *(_property("owner", owner) for owner in admin.owners)],
        "controls": [_control(clause, edition.day) for clause in clauses],
    }


def _control(clause: Clause, day: date) -> dict[str, Any]:
    parameters = list(_parameters(clause))
    links = [
        {"href": f"#{named_uuid('source', source.digest)}", "rel": "reference", "text": one_line(source.id)}
        for source in clause.admin.sources
    ]
    return {
        "id": clause.id,
        "class": "clause",
        "title": one_line(clause.title),
        **({"params": parameters} if parameters else {}),
        "props": [
            {"name": "label", "value": clause.id},
            *(_property(name, one_line(value)) for name, value in _facts(clause, day) if value.strip()),
        ],
        **({"links": links} if links else {}),
        "parts": list(_parts(clause)),
    }


def _facts(clause: Clause, day: date) -> Iterator[tuple[str, str]]:
    yield "made-from", stamp(clause, READS, day)
    for facet in clause.facets:
        yield f"digest-{facet.value}", clause.facet(facet)
    for name in ("pillar", "boundary", "severity", "above"):
        yield name, str(getattr(clause, name))
    yield "grantable", str(clause.grantable).lower()
    yield "status", clause.admin.status.value
    for axis in ("modality", "region", "audience"):
        yield from ((axis, value) for value in getattr(clause.scope, axis))
    yield from (("overrides", identifier) for identifier in clause.overrides)
    for taxonomy, identifiers in clause.maps:
        yield from (("map", f"{taxonomy}:{identifier}") for identifier in identifiers)
    if clause.admin.review_by is not None:
        yield "review-by", clause.admin.review_by.isoformat()


def _parameters(clause: Clause) -> Iterator[dict[str, Any]]:
    """Ceiling and bounds; an underscore never stands in a clause id, so no parameter meets a control."""
    if clause.ceiling is not None:
        yield {
            "id": f"{clause.id}_ceiling",
            "label": "How specific an answer may be for everybody",
            "guidelines": [{"prose": "\n".join(f"- {level}: {meaning}" for level, meaning in LEVELS.items())}],
            "values": [clause.ceiling.value],
        }
    for name, what in (("violation_rate", "Violations"), ("overrefusal_rate", "Needless refusals")):
        bound: Bound | None = getattr(clause.thresholds, name)
        if bound is not None:
            yield from _bound(f"{clause.id}_{name}", what, bound)


def _bound(identifier: str, what: str, bound: Bound) -> Iterator[dict[str, Any]]:
    yield {"id": f"{identifier}_max", "label": f"{what}: largest rate", "values": [repr(bound.max)]}
    yield {"id": f"{identifier}_confidence", "label": f"{what}: confidence", "values": [repr(bound.confidence)]}


def _parts(clause: Clause) -> Iterator[dict[str, Any]]:
    yield {"id": f"{clause.id}_statement", "name": "statement", "prose": clause.text}
    guidance = " ".join([*boundary_sentences(clause), scope_sentence(clause), *threshold_sentences(clause)])
    yield {"id": f"{clause.id}_guidance", "name": "guidance", "prose": guidance}
    for number, exception in enumerate(clause.exceptions, start=1):
        yield _part(
            clause, "exception", number, exception_sentence(exception), [("expires", exception.expires.isoformat())]
        )
    for number, criterion in enumerate(clause.rubric, start=1):
        facts = [("weight", str(criterion.weight)), ("yes-fails", str(criterion.fails).lower())]
        yield _part(clause, "question", number, criterion.ask, facts)
    for number, example in enumerate(clause.examples, start=1):
        expected = "decline" if must_decline(example) else "help"
        facts = [("label", example.label), ("level", example.level.value), ("expect", expected)]
        yield _part(clause, "example", number, example.prompt, facts)
    for number, target in enumerate(clause.data, start=1):
        yield _part(clause, "data-target", number, f"{target.id}: {target.because}", [("digest", target.digest)])


def _part(clause: Clause, name: str, number: int, prose: str, facts: list[tuple[str, str]]) -> dict[str, Any]:
    own = {} if name == "example" else {"ns": NAMESPACE}  # "example" is a word of OSCAL itself
    return {
        "id": f"{clause.id}_{name}.{number}",
        "name": name,
        **own,
        "props": [_property(key, value) for key, value in facts],
        "prose": prose,
    }


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": NAMESPACE, "value": value}


def _resource(source: Source) -> dict[str, Any]:
    facts = [("status", source.status)]
    facts += [
        (name, day.isoformat()) for name in ("effective", "checked") if (day := getattr(source, name)) is not None
    ]
    return {
        "uuid": named_uuid("source", source.digest),
        "title": one_line(source.id),
        "props": [_property(name, one_line(value)) for name, value in facts],
    }
