"""``colonnade policy ...``, a file of commands per topic."""

from colonnade.cli.policy import changes, data, importing, lint, profiles, queue, render, reviews, risks, sources
from colonnade.cli.policy.application import policy_application

__all__ = [
    "changes",
    "data",
    "importing",
    "lint",
    "policy_application",
    "profiles",
    "queue",
    "render",
    "reviews",
    "risks",
    "sources",
]
