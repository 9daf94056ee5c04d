"""Kinds of personal data by their form, each with the check that tells it from what merely looks like it.

A table of recognisers, after the idea of Presidio: an expression finds candidates, a check digit or a table of issuers
confirms them, and where a form alone says too little, a word of the context before it must. Precision goes first: a
guard that stops every order number is switched off. What has no form (names, places, occupations) is not here.

Source of the idea: Presidio, an open-source tool for finding personal data; expressions, words and code are ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from ipaddress import IPv4Address, IPv6Address
from math import log2
from types import MappingProxyType
from typing import NamedTuple

from colonnade.guard.detection.checksums import (
    IBAN_LENGTHS,
    is_card,
    is_german_tax_id,
    is_iban,
    is_nhs_number,
    is_telephone,
    is_us_social_security,
)
from colonnade.guard.detection.reading import clean
from colonnade.records import PersonalData

Check = Callable[[str, int, int], int]
"""From a text, and where a candidate begins and ends, to where the real thing ends; 0 where there is none.

It may read at most 60 characters before the candidate, and none behind it."""

NEAR = 60
"""Characters before a candidate in which a word of the context counts."""


class Form(NamedTuple):
    """One form that a kind of personal data takes: an expression, and what else must hold."""

    expression: str
    check: Check | None = None


def _digits(text: str) -> str:
    return "".join(sign for sign in text if "0" <= sign <= "9")


def _when(holds: Callable[[str], bool]) -> Check:
    """The digits of the candidate must keep a rule."""
    return lambda text, start, end: end if holds(_digits(text[start:end])) else 0


def _said(holds: Callable[[str], bool]) -> Check:
    """The candidate as it stands must keep a rule."""
    return lambda text, start, end: end if holds(text[start:end]) else 0


def _behind(words: str, check: Check | None = None, near: int = NEAR) -> Check:
    """One of the words must stand shortly before the candidate; a word that ends in ``*`` may go on."""
    forms = [re.escape(clean(word).text.replace("_", " ").lower()) for word in words.split()]
    said = "|".join(
        form[:-2] + r"\w{0,12}" if form.endswith(r"\*") else form.replace(r"\ ", r"[ -]?") for form in forms
    )
    context = re.compile(rf"(?<!\w)(?:{said})(?!\w)", re.IGNORECASE)

    def both(text: str, start: int, end: int) -> int:
        if context.search(text, max(0, start - near), start) is None:
            return 0
        return end if check is None else check(text, start, end)

    return both


# --- checks ----------------------------------------------------------------------------------------

_IN_FILES = "png jpg jpeg gif svg webp bmp css js ts py md txt html pdf json yaml xml zip"
_FILES = frozenset(_IN_FILES.split())


def _is_email(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    return ".." not in local and not local.endswith(".") and domain.rpartition(".")[2].lower() not in _FILES


def _iban(text: str, start: int, end: int) -> int:
    length, signs, place = IBAN_LENGTHS.get(text[start : start + 2].upper(), 0), "", start
    while place < end and len(signs) < length:
        signs += text[place] if text[place].isalnum() else ""
        place += 1
    ends = place == len(text) or not text[place].isalnum()
    return place if length and ends and is_iban(signs) else 0


def _is_international(text: str) -> bool:
    digits = _digits(text)
    bare = digits.removeprefix("00") if not text.startswith("+") else digits
    grouped = text.startswith("+") or any(sign in " ./-" for sign in text)
    return grouped and text.count("(") == text.count(")") and is_telephone(bare)


def _is_local(text: str) -> bool:
    digits = _digits(text)
    return text.count("(") == text.count(")") and 7 <= len(digits) <= 13 and len(set(digits)) > 2


def _is_address_of_a_machine(text: str) -> bool:
    try:
        address = IPv4Address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast or address.is_reserved)


def _ip4(text: str, start: int, end: int) -> int:
    if re.search(
        r"(?:\bv|version|release|build|section|chapter|kapitel|abschnitt)[ .:]{0,2}$", text[:start][-16:], re.I
    ):
        return 0  # 1.2.3.4 of a programme or of a book
    return end if _is_address_of_a_machine(text[start:end]) else 0


def _is_ip6(text: str) -> bool:
    try:
        address = IPv6Address(text)
    except ValueError:
        return False
    groups = [group for group in text.split(":") if group]
    return len(groups) >= 3 and any(sign.isdigit() for sign in text) and not address.is_multicast


def _is_mac(text: str) -> bool:
    signs = text.lower().replace("-", ":")
    one_separator = not ("-" in text and ":" in text)
    return one_separator and len(set(signs.split(":"))) > 1 and any(sign.isdigit() for sign in signs)


_MONTHS = (
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "jan feb mar apr mai jun jul aug sep okt nov dez",
    "jan fev mar avr mai jui jul aou sep oct nov dec",
    "ene feb mar abr may jun jul ago sep oct nov dic",
    "gen feb mar apr mag giu lug ago set ott nov dic",
)
_MONTH_OF = {word: place for row in _MONTHS for place, word in enumerate(row.split(), start=1)}
_MONTH = "(?:" + "|".join(sorted(_MONTH_OF)) + ")[a-z]{0,7}"


def _is_birthday(text: str) -> bool:
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    word = re.search("[A-Za-z]{3,}", text.replace("th", "").replace("rd", "").replace("nd", ""))
    if word is not None:
        month = _MONTH_OF.get(word.group()[:3].lower(), 0)
        return len(numbers) == 2 and _is_day(numbers[1], month, numbers[0])
    if len(numbers) != 3:
        return False
    if numbers[0] > 31:
        return _is_day(numbers[0], numbers[1], numbers[2])
    year = numbers[2] if numbers[2] > 99 else 1900 + numbers[2]
    return _is_day(year, numbers[1], numbers[0]) or _is_day(year, numbers[0], numbers[1])


def _is_day(year: int, month: int, day: int) -> bool:
    """A day on which somebody who lives may have been born."""
    try:
        return 1900 <= date(year, month, day).year <= 2100
    except ValueError:
        return False


_PLACEHOLDERS = re.compile(r"example|sample|your|xxxx|\*\*\*|\.\.\.|<|\$\{|\{\{|password|changeme|placeholder", re.I)


def _is_random(text: str) -> bool:
    """Whether it looks drawn by lot: letters and digits, few of them often, and no word that stands for a secret."""
    value = text.split("=", 1)[-1].split(":", 1)[-1].strip(" \"'")
    if not (re.search(r"[A-Za-z]", value) and re.search(r"\d", value)) or _PLACEHOLDERS.search(value):
        return False
    counts = [value.count(sign) for sign in set(value)]
    return -sum(count / len(value) * log2(count / len(value)) for count in counts) >= 3.0


# --- the table -------------------------------------------------------------------------------------

_PHONE_WORDS = (
    "phone* telephone* tel mobile cell cellphone call whatsapp fax telefon* handy* mobil* rufnummer anrufen ruf"
    " téléphone portable appelez teléfono móvil llama cellulare chiama telefoon bel телефон* номер"
)
_BIRTH_WORDS = (
    "born dob birthday birthdate date_of_birth birth_date geboren geburtsdatum geburtstag geb né née naissance"
    " anniversaire nacido nacida nacimiento cumpleaños nato nata nascita compleanno geboortedatum urodzony urodzona"
    " родился родилась рождения"
)
_ADDRESS_WORDS = (
    "live lives living lived address home_address resides residing residence moved deliver ship adresse anschrift wohnt"
    " wohne wohnen wohnhaft wohnort habite domicile demeurant vive dirección domicilio domiciliado abita indirizzo"
    " residente woont adres mieszka"
)
_PASSPORT_WORDS = (
    "passport* reisepass* passnummer pass-nr ausweis* personalausweis* passeport* pasaporte* passaporto* paspoort*"
    " paszport* паспорт*"
)
_CAPITAL = r"(?-i:[A-ZÄÖÜÉ])[a-zäöüßéèñ'’-]{1,24}"
_STREET = "street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|square|terrace|close|crescent|way"

RECOGNISERS: Mapping[PersonalData, tuple[Form, ...]] = MappingProxyType(
    {
        PersonalData.EMAIL: (
            Form(
                r"(?<![\w.+-])[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9][a-z0-9-]{0,40}\.){1,4}[a-z]{2,24}(?![\w-])",
                _said(_is_email),
            ),
        ),
        PersonalData.PHONE: (
            Form(r"(?<![\w+])\+[1-9](?:[ ./()-]{0,2}[0-9]){6,14}(?![\w])", _said(_is_international)),
            Form(r"(?<![\w+.,-])00[1-9](?:[ ./()-]{0,2}[0-9]){6,14}(?![\w])", _said(_is_international)),
            Form(r"(?<![\w.,-])\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .-][0-9]{4}(?![\w-])"),
            Form(r"(?<![\w.,-])(?:1[ .-])?[2-9][0-9]{2}-[2-9][0-9]{2}-[0-9]{4}(?![\w-])"),
            Form(
                r"(?<![\w.,+-])\(?[0-9](?:[ /()-]{0,2}[0-9]){6,12}(?![\w.,]?[0-9])",
                _behind(_PHONE_WORDS, _said(_is_local), near=30),
            ),
        ),
        PersonalData.IBAN: (Form(r"(?<!\w)[a-z]{2}[0-9]{2}(?:[ -]?[a-z0-9]){11,30}(?!\w)", _iban),),
        PersonalData.CREDIT_CARD: (Form(r"(?<![\w.,+-])[0-9](?:[ -]?[0-9]){12,18}(?![\w])", _when(is_card)),),
        PersonalData.US_SOCIAL_SECURITY: (
            Form(r"(?<![\w-])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![\w-])", _when(is_us_social_security)),
            Form(
                r"(?<![\w-])[0-9]{3} ?[0-9]{2} ?[0-9]{4}(?![\w-])",
                _behind("ssn ssns social_security", _when(is_us_social_security)),
            ),
        ),
        PersonalData.DE_TAX_ID: (Form(r"(?<![\w.,+-])[1-9][0-9](?: ?[0-9]){9}(?![\w])", _when(is_german_tax_id)),),
        PersonalData.UK_NHS_NUMBER: (
            Form(
                r"(?<![\w-])[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}(?![\w-])",
                _behind("nhs health_service health_number patient* nhs-number", _when(is_nhs_number)),
            ),
        ),
        PersonalData.PASSPORT: (
            Form(r"(?<!\w)[a-z]{0,3}[0-9]{6,9}(?!\w)", _behind(_PASSPORT_WORDS, near=40)),
            Form(
                r"(?<!\w)[cfghjklmnprtvwxyz][0-9cfghjklmnprtvwxyz]{8}(?!\w)",
                _behind(_PASSPORT_WORDS, _said(lambda text: sum(map(str.isdigit, text)) >= 3), near=40),
            ),
        ),
        PersonalData.IP_ADDRESS: (
            Form(r"(?<![\w.])[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?!\w|\.[0-9])", _ip4),
            Form(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])", _said(_is_ip6)),
        ),
        PersonalData.MAC_ADDRESS: (Form(r"(?<![\w:-])[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?![\w:-])", _said(_is_mac)),),
        PersonalData.DATE_OF_BIRTH: (
            Form(
                r"(?<![\w./-])(?:[0-9]{1,2}[./-][0-9]{1,2}[./-](?:[0-9]{4}|[0-9]{2})|[0-9]{4}-[0-9]{2}-[0-9]{2})"
                r"(?!\w|[./-][0-9])",
                _behind(_BIRTH_WORDS, _said(_is_birthday), near=40),
            ),
            Form(
                rf"(?<![\w./-])[0-9]{{1,2}}(?:st|nd|rd|th|\.)? (?:of |de )?{_MONTH},? (?:de )?[0-9]{{4}}(?!\w)",
                _behind(_BIRTH_WORDS, _said(_is_birthday), near=40),
            ),
            Form(
                rf"(?<!\w){_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}}(?!\w)",
                _behind(_BIRTH_WORDS, _said(_is_birthday), near=40),
            ),
        ),
        PersonalData.STREET_ADDRESS: (
            Form(rf"(?<![\w.,-])[0-9]{{1,5}}[a-z]? (?:{_CAPITAL} ){{1,3}}(?:{_STREET})(?!\w)", _behind(_ADDRESS_WORDS)),
            Form(
                r"(?<!\w)(?-i:[A-ZÄÖÜ])[a-zäöüß-]{1,30}(?:strasse|straße|str\.|weg|platz|allee|gasse|ring|damm|ufer)"
                r" [0-9]{1,4}[a-z]?(?!\w)",
                _behind(_ADDRESS_WORDS),
            ),
            Form(
                rf"(?<!\w)(?:[0-9]{{1,4}},? )?(?:rue|avenue|calle|via|viale|plaza|piazza|boulevard)"
                rf"(?: (?:d[eu][a-z]{{0,3}}|l[ao]s?)){{0,2}} {_CAPITAL}(?:,? [0-9]{{1,4}})?(?!\w)",
                _behind(_ADDRESS_WORDS),
            ),
        ),
        PersonalData.SECRET: (
            Form(r"(?<!\w)(?-i:(?:AKIA|ASIA)[0-9A-Z]{16})(?!\w)"),
            Form(r"(?<!\w)gh[pousr]_[a-z0-9]{36}(?!\w)"),
            Form(r"(?<!\w)github_pat_[a-z0-9_]{60,90}(?!\w)"),
            Form(r"(?<!\w)glpat-[a-z0-9_-]{20,40}(?!\w)"),
            Form(r"(?<!\w)npm_[a-z0-9]{36}(?!\w)"),
            Form(r"(?<!\w)xox[abeprs]-[0-9a-z-]{20,90}(?!\w)", _said(_is_random)),
            Form(r"(?<!\w)(?-i:AIza)[0-9a-z_-]{35}(?!\w)"),
            Form(r"(?<!\w)[rs]k_(?:live|test)_[0-9a-z]{24,99}(?!\w)"),
            Form(r"(?<!\w)(?-i:sk-)(?:[a-z]{2,8}-)?[a-z0-9_-]{32,60}", _said(_is_random)),
            Form(r"(?<!\w)(?-i:eyJ)[a-z0-9_-]{10,60}\.(?-i:eyJ)[a-z0-9_-]{10,60}"),
            Form(r"-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----"),
            Form(
                r"(?<!\w)(?:api[_ -]?key|secret[_ -]?key|access[_ -]?token|auth[_ -]?token|passwor[dt]|passwd)"
                r"[\"']? ?[:=] ?[\"']?[^\s\"']{12,90}(?![^\s\"'])",
                _said(_is_random),
            ),
        ),
    }
)
"""Every kind with its forms; ``presidio`` is not among them, it runs as a detector of its own."""
