"""What answers: a protocol, and adapters that are loaded on first use."""

from colonnade.models.model import (
    ADAPTERS,
    Conversation,
    Encoder,
    Model,
    Progress,
    Reply,
    Sampling,
    adapter,
    conversation,
)
from colonnade.models.scripted import ScriptedModel

__all__ = [
    "ADAPTERS",
    "Conversation",
    "Encoder",
    "Model",
    "Progress",
    "Reply",
    "Sampling",
    "ScriptedModel",
    "adapter",
    "conversation",
]
