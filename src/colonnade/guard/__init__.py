"""The running service: policies compiled into a table, texts judged by it, a gateway in front of a model."""

from colonnade.guard.configuration import GuardConfiguration, read_guard_configuration
from colonnade.guard.detection import Detection
from colonnade.guard.detector import Count, Detector, LeaveOneOut, leave_one_out
from colonnade.guard.guard import Guard, HoldBack, Who
from colonnade.guard.table import Lookup, compile_table, lookup, prove
from colonnade.guard.topics import topic_clauses

__all__ = [
    "Count",
    "Detection",
    "Detector",
    "Guard",
    "GuardConfiguration",
    "HoldBack",
    "LeaveOneOut",
    "Lookup",
    "Who",
    "compile_table",
    "leave_one_out",
    "lookup",
    "prove",
    "read_guard_configuration",
    "topic_clauses",
]
