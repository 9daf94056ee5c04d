"""Recognisers of personal data. Every value is invented; where there is a check digit it was computed."""

from __future__ import annotations

import pytest

from colonnade.guard.detection.checksums import is_card, is_german_tax_id, is_iban, is_nhs_number
from colonnade.guard.detection.partial import beginnings
from colonnade.guard.detection.patterns import Patterns
from colonnade.guard.detection.personal import RECOGNISERS
from colonnade.records import PersonalData
from colonnade.records.expressions import read_expression
from tests.unit.guard.detection.clauses import clause_with, personal

MIXED = "q9Zr4TvX1mKp7WsB3nLd8YhC2fGj6QeR5tUa"

THERE: tuple[tuple[str, str, str], ...] = (
    # kind, text, what is to be found
    ("email", "Write to r.tester+x@mail.example.org, please.", "r.tester+x@mail.example.org"),
    ("email", "Ｒ@example.org", "Ｒ@example.org"),
    ("phone", "Ring +49 (30) 90182-0451 today", "+49 (30) 90182-0451"),
    ("phone", "+442079460123", "+442079460123"),
    ("phone", "0049 30 901820451", "0049 30 901820451"),
    ("phone", "(202) 555-0147 is mine", "(202) 555-0147"),
    ("phone", "tel: 030/9018204", "030/9018204"),
    ("phone", "Mein Handy hat die 0171 5550199", "0171 5550199"),
    ("phone", "mon portable : 06 12 34 56 78", "06 12 34 56 78"),
    ("phone", "телефон 8 495 555-01-99", "8 495 555-01-99"),
    ("iban", "to DE89 3704 0044 0532 0130 00 and then", "DE89 3704 0044 0532 0130 00"),
    ("iban", "BE68 5390 0754 7034 that one", "BE68 5390 0754 7034"),
    ("iban", "gb82west12345698765432.", "gb82west12345698765432"),
    ("credit-card", "card 4111 1111 1111 1111, thanks", "4111 1111 1111 1111"),
    ("credit-card", "5555-5555-5555-4444", "5555-5555-5555-4444"),
    ("credit-card", "٤١١١١١١١١١١١١١١١", "٤١١١١١١١١١١١١١١١"),
    ("credit-card", "12 4111111111111111", "4111111111111111"),
    ("us-social-security", "SSN 536-22-8726.", "536-22-8726"),
    ("us-social-security", "my ssn is 536228726", "536228726"),
    ("de-tax-id", "IdNr. 86 095 742 719", "86 095 742 719"),
    ("uk-nhs-number", "NHS number 943 476 5919", "943 476 5919"),
    ("passport", "passport no. X1234567", "X1234567"),
    ("passport", "Reisepass: C01X00T47", "C01X00T47"),
    ("passport", "паспорт 4510123456".replace("4510123456", "451012345"), "451012345"),
    ("ip-address", "from 93.184.216.34 again", "93.184.216.34"),
    ("ip-address", "2001:db8:85a3::8a2e:370:7334", "2001:db8:85a3::8a2e:370:7334"),
    ("mac-address", "00:1B:44:11:3A:B7", "00:1B:44:11:3A:B7"),
    ("date-of-birth", "She was born on 3 March 1987 in", "3 March 1987"),
    ("date-of-birth", "DOB 1987-03-31", "1987-03-31"),
    ("date-of-birth", "geboren am 31.03.1987", "31.03.1987"),
    ("date-of-birth", "née le 3 mars 1987", "3 mars 1987"),
    ("date-of-birth", "born March 3rd, 1987", "March 3rd, 1987"),
    ("street-address", "I live at 12b Old Linden Street with", "12b Old Linden Street"),
    ("street-address", "wohnt in der Lindenstraße 12", "Lindenstraße 12"),
    ("street-address", "j'habite 12 rue de Tilleul", "12 rue de Tilleul"),
    ("secret", "AKIA" + "QX7ZP4MNBW2LK9RT", "AKIAQX7ZP4MNBW2LK9RT"),
    ("secret", "ghp_" + MIXED, "ghp_" + MIXED),
    ("secret", "key sk-proj-" + MIXED, "sk-proj-" + MIXED),
    ("secret", "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----"),
    ("secret", "api_key = 'q9Zr4TvX1mKp7WsB3nLd'", "api_key = 'q9Zr4TvX1mKp7WsB3nLd"),
)

NOT_THERE: tuple[tuple[str, str], ...] = (
    ("email", "icon@2x.png, user@localhost, a@b, @handle.name"),
    ("phone", "In 2024 we sold 1 200 300 units for 12.50 each; order 4711-0815-99."),
    ("phone", "+1 111 111 1111 and +999 12345678"),
    ("phone", "call 911 about case 12/2024"),
    ("iban", "DE88 3704 0044 0532 0130 00; AB12 is the model CD34EFGH of 2024"),
    ("credit-card", "4111 1111 1111 1112, 1234567890123456, 0000000000000000"),
    ("credit-card", "3.141592653589793238"),
    ("us-social-security", "000-12-3456 666-12-3456 987-65-4321 078-05-1120 123-00-4567; parts 536228726"),
    ("de-tax-id", "86095742718 11111111111 12345678901"),
    ("uk-nhs-number", "NHS 943 476 5918"),
    ("uk-nhs-number", "ring 943 476 5919"),
    ("passport", "order X1234567 of the catalogue"),
    ("ip-address", "version 1.2.3.4, 127.0.0.1, 999.1.1.1, 1.2.3.4.5, std::vector, 12:34:56, a::b"),
    ("mac-address", "00:00:00:00:00:00, 12:34:56"),
    ("date-of-birth", "The bridge was opened on 3 March 1987. The poet was born on 28.08.1749. born 31.02.1987"),
    ("street-address", "Baker Street is long, and 12 Monkeys is a film; Wall Street fell by 300 points"),
    ("secret", "password: your-password-here; api_key=${API_KEY_VALUE_1}; token = 'aaaaaaaaaaaaaaaa1'; skateboarding"),
)


def found(kind: str, text: str) -> list[str]:
    patterns = Patterns([clause_with(personal(kind))], "reply")
    return [text[slice(*match.span)] for match in patterns.find(text)]


@pytest.mark.parametrize(("kind", "text", "value"), THERE, ids=[text for _, text, _ in THERE])
def test_a_value_that_keeps_the_rules_is_found_whole(kind: str, text: str, value: str) -> None:
    assert found(kind, text) == [value]


@pytest.mark.parametrize(("kind", "text"), NOT_THERE, ids=[kind for kind, _ in NOT_THERE])
def test_what_only_looks_like_it_is_left_alone(kind: str, text: str) -> None:
    assert found(kind, text) == []


def test_every_kind_has_a_recogniser_a_positive_and_a_negative_test() -> None:
    kinds = {kind.value for kind in PersonalData} - {"presidio"}
    assert {kind.value for kind in RECOGNISERS} == kinds
    assert {kind for kind, _, _ in THERE} == {kind for kind, _ in NOT_THERE} == kinds


def test_every_recogniser_is_an_expression_that_a_policy_could_contain() -> None:
    for forms in RECOGNISERS.values():
        for form in forms:
            assert read_expression(form.expression).longest <= 300
            assert len(beginnings(read_expression(form.expression))) < 5_000


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (is_card, "4111111111111111"),
        (is_iban, "DE89370400440532013000"),
        (is_german_tax_id, "86095742719"),
        (is_nhs_number, "9434765919"),
    ],
    ids=["card", "iban", "tax", "nhs"],
)
def test_one_digit_that_is_wrong_is_always_noticed(rule: object, value: str) -> None:
    assert callable(rule)
    assert rule(value)
    for place, digit in enumerate(value):
        for other in "0123456789":
            if digit.isdigit() and other != digit:
                assert not rule(value[:place] + other + value[place + 1 :])
