"""The gateway: every route and every stream through one onion, in front of any server of OpenAI's protocols."""

from colonnade.guard.gateway.application import application
from colonnade.guard.gateway.scripted import ScriptedUpstream
from colonnade.guard.gateway.service import Service
from colonnade.guard.gateway.standing import Standing
from colonnade.guard.gateway.upstreams import HttpUpstream, Limits, Upstream, UpstreamFault, UpstreamReply

__all__ = [
    "HttpUpstream",
    "Limits",
    "ScriptedUpstream",
    "Service",
    "Standing",
    "Upstream",
    "UpstreamFault",
    "UpstreamReply",
    "application",
]
