"""Does an answer decline, and how? By rules in fourteen languages, by a classifier, and by both in turn."""

from colonnade.grading.refusals.languages import TABLES
from colonnade.grading.refusals.responses import JudgedResponse, ResponseKind, declining_phrase, kind_of_response

__all__ = ["TABLES", "JudgedResponse", "ResponseKind", "declining_phrase", "kind_of_response"]
