"""What a text is about and how specific it is: detectors, their thresholds, and a judge for what is uncertain."""

from colonnade.guard.detection.conversation import Conversations
from colonnade.guard.detection.detector import Detection, Detector, Judge, Opinion
from colonnade.guard.detection.heads import Heads, train
from colonnade.guard.detection.thresholds import Cost, DetectorReport, TopicReport
from colonnade.guard.detection.windows import join_turns

__all__ = [
    "Conversations",
    "Cost",
    "Detection",
    "Detector",
    "DetectorReport",
    "Heads",
    "Judge",
    "Opinion",
    "TopicReport",
    "join_turns",
    "train",
]
