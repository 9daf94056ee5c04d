"""The gateway described in OpenAPI 3.2, the first that can say what the events of a stream hold."""

from colonnade.guard.protocol.openapi.document import document

__all__ = ["document"]
