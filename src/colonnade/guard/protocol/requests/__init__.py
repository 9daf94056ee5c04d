"""Requests read strictly: every key is known, every text is noted, all else is refused by name."""
