"""Whole replies: read into texts, and built anew from those that may go out."""
