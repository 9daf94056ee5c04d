"""Whether a rubric question can be answered with yes or no, judged by its form; English and German."""

from __future__ import annotations

import re

_ENGLISH = (
    "am is are were do does did has have had can could will would shall should may might must"
    " isn't aren't wasn't weren't don't doesn't didn't hasn't haven't can't couldn't won't wouldn't shouldn't"
)
_GERMAN = (
    "bin ist sind war waren wäre wären wird werden wurde wurden würde würden hat haben hatte hatten hätte hätten"
    " kann können konnte konnten könnte könnten soll sollen sollte sollten darf dürfen durfte dürfte dürften muss"
    " müssen musste müsste mag mögen will wollen lässt lassen tut tun enthält enthalten"
)
# "Was the answer ...?" is closed, "Was sagt die Antwort?" is not.
_WAS = r"was(?=\s+(?:it|the\w*|th[ai]\w+|an?|any\w*|some\w*|s?he|no\w*|every\w*|one)\b)"
_VERB = rf"(?:{'|'.join((_ENGLISH + ' ' + _GERMAN).split())}|{_WAS})\b"
# A German question may begin with any verb: "Nennt die Antwort ...?", "Gibt sie ...?"
_GERMAN_VERB = r"(?!nicht\b)\w+t\s+(?:er|sie|es|man|der|die|das|ein|eine|einer|jemand|niemand|dies|diese|dieser)\b"
_IF = r"(?:if|when|whenever|where|wherever|once|wenn|falls|sofern|sobald|wo)\b[^?]*,\s*"
_CLOSED = re.compile(rf"^(?:{_IF})?(?:{_VERB}|{_GERMAN_VERB})", re.IGNORECASE)
_TWICE = re.compile(rf"\band/or\b|\bund/oder\b|\?.*\?|\b(?:and|or|und|oder)\s*,?\s+{_VERB}", re.IGNORECASE)
_MARKS = "\"'“”„‘’«»() "


def is_closed_question(question: str) -> bool:
    """Whether it ends with a question mark and begins like a yes/no question, or with a condition and then so."""
    text = " ".join(question.replace("’", "'").split()).strip(_MARKS)
    return text.endswith("?") and _CLOSED.match(text) is not None


def asks_twice(question: str) -> bool:
    """Whether two questions stand in one, so that a yes to one and a no to the other has no answer."""
    return _TWICE.search(" ".join(question.split())) is not None
