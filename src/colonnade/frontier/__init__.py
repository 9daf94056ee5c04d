"""A model and thresholds in; findings and review requests out."""

from colonnade.frontier.benchmark import (
    Benchmark,
    judge_capability,
    options,
    question_text,
    read_benchmarks,
    review_requests,
)

__all__ = ["Benchmark", "judge_capability", "options", "question_text", "read_benchmarks", "review_requests"]
