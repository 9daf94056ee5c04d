"""Streams of server-sent events: bytes to pieces of text, and released pieces to bytes."""
