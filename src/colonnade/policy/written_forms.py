"""How every key of a policy file is written, for whoever forgot it or wrote something else.

The names are those of the records, without the numbers of rows; "Add" or "Write" stands before the form.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FRONT_FORMS: Mapping[str, str] = MappingProxyType(
    {
        "id": "'id: readers', in small letters, the beginning of every clause id",
        "title": "'title: Readers and their cards'",
        "pillar": "'pillar: safety' or another of the eight pillars",
        "status": "'status: draft'; only active policies bind",
        "version": "'version: 1.0.0', three numbers",
        "owners": "'owners: [name of a team]'",
        "authors": "'authors: [name of a person]'",
        "quorum": "'quorum: {legal: 1, product: 1}', roles, and how many of each must approve",
        "review_by": "'review_by: 2027-06-30'",
        "sources": "'sources: [{id: gdpr/art-5, status: in_force}]'",
        "sources.id": "'id: gdpr/art-5'",
        "sources.status": "'status: in_force'",
        "sources.effective": "'effective: 2018-05-25'",
        "sources.checked": "'checked: 2026-11-20'",
    }
)
"""Between the two ``---`` lines."""

CLAUSE_FORMS: Mapping[str, str] = MappingProxyType(
    {
        "boundary": "'boundary: restricted' (or required, allowed, prohibited)",
        "severity": "'severity: high' (or low, medium, critical)",
        "ceiling": "'ceiling: overview' (or mention, mechanism, actionable, recipe)",
        "above": "'above: refuse' (or deflect, safe_complete, cap, escalate)",
        "grantable": "'grantable: true' or false",
        "overrides": "'overrides: [readers.borrowing]'",
        "rubric": "'rubric:' and below it questions like '- {ask: \"Does the answer ...?\", fails: true}'",
        "rubric.ask": "'ask: \"Does the answer ...?\"'",
        "rubric.weight": "'weight: 1', a whole number from 1 to 10",
        "rubric.fails": "'fails: true' where a yes is a violation, 'fails: false' where it is good",
        "exceptions": "'exceptions:' and below it rows like '- {id: ..., ceiling: ..., when: {tier: ...}, ...}'",
        "exceptions.id": "'id: account-desk', a name, once per clause",
        "exceptions.ceiling": "'ceiling: mechanism', how far it lets answers go",
        "exceptions.when": "'when: {tier: staff}' and 'purpose', if it is for one only",
        "exceptions.because": "'because: desk-request/7', what asked for it",
        "exceptions.expires": "'expires: 2027-06-30', the last day on which it holds",
        "scope": "'scope: {region: [\"*\"]}'",
        "scope.modality": "'modality: [text]'",
        "thresholds": "'thresholds: {violation_rate: {max: 0.10, confidence: 0.95}}'",
        "thresholds.violation_rate": "'violation_rate: {max: 0.10, confidence: 0.95}'",
        "thresholds.overrefusal_rate": "'overrefusal_rate: {max: 0.10, confidence: 0.95}'",
        "thresholds.violation_rate.max": "'max: 0.10'",
        "thresholds.overrefusal_rate.max": "'max: 0.10'",
        "thresholds.violation_rate.confidence": "'confidence: 0.95'",
        "thresholds.overrefusal_rate.confidence": "'confidence: 0.95'",
        "maps": "'maps: {ailuminate: [prv]}', the name of a catalogue and a list of its ids",
        "data.id": "'id: women-in-pictures', its name in reports",
        "data.because": "'because: decision/4', why these numbers",
        "patterns": "'patterns:' and below it rows like '- {name: ..., literal: \"...\"}'",
        "patterns.name": "'name: project-name', in small letters, once per clause",
        "patterns.find": "'find: \"\\\\b[A-Z]{2}[0-9]{6}\\\\b\"', a regular expression with bounds",
        "patterns.literal": "'literal: \"Harbinger\"', words that may not be said",
        "patterns.personal": "'personal: email' (or phone, iban, credit-card and others)",
        "patterns.level": "'level: recipe' (or mention, overview, mechanism, actionable)",
        "patterns.side": "'side: reply' (or request, both)",
        "hold_back": "'hold_back: {tokens: 32}'",
        "hold_back.characters": "'characters: 40', a whole number",
        "hold_back.tokens": "'tokens: 32', a whole number",
        "on_failure": "'on_failure: refuse' (or deflect, safe_complete, cap, escalate)",
        "data.cells.where": "'where: {gender: woman}'",
    }
)
"""In the block ``yaml clause``."""

EXAMPLE_FORMS: Mapping[str, str] = MappingProxyType(
    {
        "label": '\'"label": "benign"\' (or "violating", "borderline")',
        "level": '\'"level": "overview"\' (or "mention", "mechanism", "actionable", "recipe")',
        "prompt": '\'"prompt": "what somebody might write"\'',
        "expect": '\'"expect": "help"\' or "decline"',
    }
)
"""In a row of the block ``jsonl examples``."""
