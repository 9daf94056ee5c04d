"""What a text is about and how specific it is: detectors, their thresholds, and a judge for what is uncertain."""

from colonnade.guard.detection.detector import Detection, Detector, Judge, Opinion

__all__ = ["Detection", "Detector", "Judge", "Opinion"]
