"""A policy set and a corpus in; exercises, curated documents and probes out."""

from colonnade.pretraining.exercises import READS, exercises_from

__all__ = ["READS", "exercises_from"]
