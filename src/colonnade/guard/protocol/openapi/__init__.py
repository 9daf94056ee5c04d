"""The gateway described in OpenAPI 3.1."""

from colonnade.guard.protocol.openapi.document import document

__all__ = ["document"]
