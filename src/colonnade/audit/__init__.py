"""The checker and the teller: everything derived again from bytes, traced to its prose, and shown."""

from colonnade.audit.lineage import TraceLine, format_trace, resolve, trace
from colonnade.audit.report import render_report
from colonnade.audit.report_data import ExamplePair, ReportData
from colonnade.audit.verification import Verification, verify

__all__ = [
    "ExamplePair",
    "ReportData",
    "TraceLine",
    "Verification",
    "format_trace",
    "render_report",
    "resolve",
    "trace",
    "verify",
]
