"""Colonnade: from the written policy to the guarded release of a language model."""

__version__ = "0.1.0"

__all__ = ["__version__"]
