"""Prose and a launch in; a policy set and a risk map out."""

from colonnade.policy.document import read_policy
from colonnade.policy.workspace import (
    Intake,
    map_harms,
    map_pillars,
    read_intake,
    read_launch,
    read_policies,
    read_product,
)

__all__ = [
    "Intake",
    "map_harms",
    "map_pillars",
    "read_intake",
    "read_launch",
    "read_policies",
    "read_policy",
    "read_product",
]
