"""The running service: policies compiled into a table, texts judged by it, a gateway in front of a model."""

from colonnade.guard.configuration import GuardConfiguration, read_guard_configuration
from colonnade.guard.detection import Detection
from colonnade.guard.guard import Guard, HoldBack, Who
from colonnade.guard.table import Lookup, compile_table, prove
from colonnade.guard.topics import topic_clauses

__all__ = [
    "Detection",
    "Guard",
    "GuardConfiguration",
    "HoldBack",
    "Lookup",
    "Who",
    "compile_table",
    "prove",
    "read_guard_configuration",
    "topic_clauses",
]
