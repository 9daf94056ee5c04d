"""Requests, replies and streams of the OpenAI protocols, as pure functions and small machines of state."""
