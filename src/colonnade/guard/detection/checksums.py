"""The rules by which issuers of numbers tell a real one from digits that look like it.

Sources: ISO/IEC 7812 and 7064 (Luhn; MOD 11,10; MOD 97-10), ISO 13616 and the register of IBAN structures, the United
States Social Security Administration (numbers never issued), the German Federal Central Tax Office (the tax id's
digits), the NHS Data Dictionary (modulus 11), ITU-T E.164 and its list of country codes.
"""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType

_IBANS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24"
    " FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32"
    " LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22"
    " SA24 SC31 SD18 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
IBAN_LENGTHS = MappingProxyType({row[:2]: int(row[2:]) for row in _IBANS.split()})
"""Characters of an IBAN by country."""

_ISSUERS: tuple[tuple[int, int, frozenset[int]], ...] = (
    (4, 4, frozenset({13, 16, 19})),
    (51, 55, frozenset({16})),
    (2221, 2720, frozenset({16})),
    (34, 34, frozenset({15})),
    (37, 37, frozenset({15})),
    (6011, 6011, frozenset({16, 19})),
    (644, 659, frozenset({16, 19})),
    (3528, 3589, frozenset({16, 19})),
    (300, 305, frozenset({14})),
    (36, 36, frozenset({14})),
    (38, 39, frozenset({14})),
    (62, 62, frozenset({16, 17, 18, 19})),
    (5018, 5018, frozenset({16, 19})),
    (6304, 6304, frozenset({16, 19})),
    (6759, 6763, frozenset({16, 19})),
)
"""Beginnings of card numbers, from and to, and how many digits such a card has."""

_WORLD = (
    "1 7 20 27 30-34 36 39-41 43-49 51-58 60-66 81 82 84 86 90-95 98 211-213 216 218 220-269 290-291 297-299 350-359"
    " 370-389 420-421 423 500-509 590-599 670-692 850-856 880 886 960-968 970-977 992-996 998"
)
_CODES = frozenset(
    str(code) for row in _WORLD.split() for code in range(int(row.partition("-")[0]), int(row.rpartition("-")[2]) + 1)
)
"""Country codes of telephone numbers."""


def luhn(digits: str) -> bool:
    """Whether the last digit is the one that the others ask for."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """A number that some issuer could have given to a card of this length."""
    if len(set(digits)) < 2 or not luhn(digits):
        return False
    return any(
        first <= int(digits[: len(str(first))]) <= last and len(digits) in lengths for first, last, lengths in _ISSUERS
    )


def is_iban(signs: str) -> bool:
    """Letters and digits without blanks, of the length of their country, with the right check digits."""
    if len(signs) != IBAN_LENGTHS.get(signs[:2].upper(), 0):
        return False
    turned = signs[4:] + signs[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def is_us_social_security(digits: str) -> bool:
    """Nine digits that may have been issued, and are not one of the well-known specimens."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    if digits in ("078051120", "219099999", "123456789"):
        return False
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def is_german_tax_id(digits: str) -> bool:
    """Eleven digits: of the first ten one stands twice or three times and no other twice; MOD 11,10."""
    if len(digits) != 11 or digits[0] == "0":
        return False
    repeated = [count for count in Counter(digits[:10]).values() if count > 1]
    if len(repeated) != 1 or repeated[0] > 3 or any(digit * 3 in digits[:10] for digit in "0123456789"):
        return False
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def is_nhs_number(digits: str) -> bool:
    """Ten digits whose last one follows from the others, modulo 11."""
    if len(digits) != 10 or len(set(digits)) == 1:
        return False
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return rest != 10 and rest % 11 == int(digits[9])


def is_telephone(digits: str) -> bool:
    """The digits behind ``+``: a country code, and no more and no fewer digits than a number can have."""
    known = any(digits[:length] in _CODES for length in (1, 2, 3))
    return known and 8 <= len(digits) <= 15 and len(set(digits[2:])) > 1
