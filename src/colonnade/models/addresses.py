"""Where a served model is, as people write it; whoever only reads an address imports no adapter."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from colonnade.records import InputError

KEY = "COLONNADE_MODEL_KEY"
"""The environment variable with the key of a server."""


class Address(NamedTuple):
    """A model behind an OpenAI-compatible server."""

    name: str
    url: str


def address_of(name: str) -> Address | None:
    """``NAME@http://ADDRESS/v1`` in its two parts; none where the name has another form.

    Raises:
        InputError: where the address is none, or holds a password or a query: whom one asks is written down, and
            keys are not.
    """
    parts = re.fullmatch(r"(.+?)@(https?://[^/].*)", name, re.DOTALL)
    if parts is None:
        return None
    model, url = parts.groups()
    if not _is_address(url):
        raise InputError(f"{url!r} is no address of a server.", mend=f"Say '{model}@http://ADDRESS:PORT/v1'.")
    if "@" in url.split("/")[2] or "?" in url or "#" in url:
        what = f"the address of '{model}' holds a user, a password, a query or a fragment."
        raise InputError(what, mend=f"Say '{model}@http://ADDRESS/v1', and put the key into {KEY}.")
    return Address(model, url)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return url.isprintable() and " " not in url and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, half a bracket
        return False
