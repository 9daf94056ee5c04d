"""Which language is a text in? By its script, and by its short words where scripts are shared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from colonnade.grading.refusals import east_asian, english, germanic, romance, slavic_turkic, south_west_asian
from colonnade.grading.refusals.phrases import Phrases, Search, plain, ready
from colonnade.records import InputError

TABLES: Mapping[str, Phrases] = {
    table.language: table
    for table in (
        english.TABLE,
        *germanic.TABLES,
        *romance.TABLES,
        *slavic_turkic.TABLES,
        *south_west_asian.TABLES,
        *east_asian.TABLES,
    )
}
"""All languages whose declines are known, by code; English comes first and is what an unknown text is read as."""

_LOOKED_AT = 160
_PUNCTUATION = ".,;:!?"
_SCRIPTS = tuple(
    (code, re.compile(pattern))
    for code, pattern in (
        ("ko", "[\uac00-\ud7af]"),
        ("ja", "[\u3040-\u30ff]"),
        ("zh", "[\u4e00-\u9fff]"),
        ("ar", "[\u0600-\u06ff]"),
        ("hi", "[\u0900-\u097f]"),
    )
)
_LETTERS = tuple(
    (code, re.compile(letters))
    for code, letters in (
        ("de", "[äöüß]"),
        ("fr", "[œçèêàùî]"),
        ("es", "[ñ¿¡]"),
        ("it", "[òàèù]"),
        ("pt", "[ãõç]"),
        ("pl", "[łąęśżźćń]"),
        ("tr", "[ğşıçâİ]"),
    )
)
_BY_WORD: dict[str, tuple[str, ...]] = {}
for _table in TABLES.values():
    for _short in _table.words.split():
        _BY_WORD[plain(_short)] = (*_BY_WORD.get(plain(_short), ()), _table.language)


def likeliest(text: str) -> tuple[str, ...]:
    """The codes of the known languages that the text speaks for most; ``en`` where nothing speaks for any."""
    written = text[:_LOOKED_AT]
    opening = plain(written)
    letters_too = not written.isascii()
    if letters_too:
        for code, script in _SCRIPTS:
            if len(script.findall(opening)) * 4 >= len(opening.replace(" ", "")):
                return (code,)
    votes: dict[str, int] = {}
    for code, letters in _LETTERS if letters_too else ():
        if letters.search(written):
            votes[code] = 2
    for word in opening.split():
        for code in _BY_WORD.get(word) or _BY_WORD.get(word.rstrip(_PUNCTUATION), ()):
            votes[code] = votes.get(code, 0) + 1
    if not votes:
        return ("en",)
    most = max(votes.values())
    return tuple(code for code in TABLES if votes.get(code, 0) == most)


@cache
def search_for(language: str) -> Search:
    """The patterns of a language, compiled once.

    Raises:
        InputError: where the language is not known.
    """
    if language not in TABLES:
        raise InputError(
            f"no declines are known in the language '{language}'.", mend=f"Choose one of {', '.join(TABLES)}."
        )
    return ready(TABLES[language])
