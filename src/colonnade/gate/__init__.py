"""Measurements and thresholds in; a reasoned decision out."""

from colonnade.gate.deciding import Evidence, decide, independent_graders

__all__ = ["Evidence", "decide", "independent_graders"]
