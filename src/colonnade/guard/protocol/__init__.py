"""Requests, replies and streams of the OpenAI protocols, as pure functions and small machines of state."""

from colonnade.guard.protocol.asked import Asked, Delta, Output, OutputKey, Part, Replaced
from colonnade.guard.protocol.calls import readable, unescaped
from colonnade.guard.protocol.endpoint import Endpoint, StreamReader, StreamWriter
from colonnade.guard.protocol.endpoints import ENDPOINTS
from colonnade.guard.protocol.errors import ProtocolError, UpstreamError
from colonnade.guard.protocol.models import model_entry, model_list
from colonnade.guard.protocol.replies.reply import parse_reply

__all__ = [
    "ENDPOINTS",
    "Asked",
    "Delta",
    "Endpoint",
    "Output",
    "OutputKey",
    "Part",
    "ProtocolError",
    "Replaced",
    "StreamReader",
    "StreamWriter",
    "UpstreamError",
    "model_entry",
    "model_list",
    "parse_reply",
    "readable",
    "unescaped",
]
