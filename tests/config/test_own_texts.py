"""A contract's own words for a text: what they are refused for, and that they are what is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.compose import rules_of
from gateway.domain import replies
from gateway.domain.errors import SettingError
from gateway.domain.hours import opening
from gateway.domain.intake import Channel
from gateway.domain.rules import Rules
from gateway.domain.ticket import Priority, Requester, Ticket, TicketState, TicketType
from tests.config.variant import Variant


@pytest.fixture
def variant(tmp_path: Path) -> Variant:
    (tmp_path / "signing.key").write_text("k" * 32)
    made = Variant.copied_to(tmp_path)
    path = tmp_path / "gateway.toml"
    path.write_text(path.read_text().replace("# [signing]\n", '[signing]\nkey = {file = "signing.key"}\n', 1))
    return made


def rules(variant: Variant, text: str) -> Rules:
    return rules_of(variant.append("c08", text).site())


def refusal(variant: Variant, text: str) -> str:
    with pytest.raises(SettingError) as refused:
        rules(variant, text)
    assert refused.value.clause == "X18"
    return f"{refused.value.file} {refused.value.key}: {refused.value.wrong}; {refused.value.remedy}"


def test_the_words_of_a_contract_are_sent_for_it_alone(variant: Variant) -> None:
    """C8.1; DOMAIN 13."""
    made = rules(variant, '[[text]]\nid = "T-ACK"\nbody = "Il RTI ha registrato {ticket}.\\n\\n{privacy}"\n')
    own = made.texts(made.contract("c08-rti")).text("T-ACK")
    assert own.body.startswith("Il RTI")
    assert own.subject == made.catalogues["it"].text("T-ACK").subject
    assert made.texts(made.contract("c02-comune")) is made.catalogues["it"]
    assert made.texts(made.contract("c08-rti")).text("M-04") == made.catalogues["it"].text("M-04")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('id = "T-ACKK"\nbody = "x"', "text[1].id: the catalogue has no text T-ACKK; did you mean T-ACK?"),
        ('id = "T-ACK"\nbody = "{iban} {privacy}"', "text[1].body: {iban} has no value in this text; use one of:"),
        ('id = "T-ACK"\nbody = "{ticket}"', "text[1].body: the privacy line is missing; end it with {privacy}"),
        ('id = "T-ACK"\nbody = "{privacy} {"', "text[1].body: a brace belongs to no placeholder"),
        ('id = "T-ACK"\nsubject = "Ciao"\nbody = "{privacy}"', "text[1].subject: the mark [{ticket}] is missing"),
        ('id = "M-04"\nsubject = "[{ticket}]"\nbody = "x"', "text[1].subject: M-04 has no subject"),
        ('id = "M-10"\nbody = "OK per accettare {ticket}"', "text[1].body: {code} is missing"),
        ("id = \"M-01\"\nbody = '''{ticket} {code}: l’ha'''", "text[1].body: '’' is not in the GSM-7 basic table"),
    ],
)
def test_words_that_could_not_be_sent_are_refused(variant: Variant, text: str, said: str) -> None:
    """X18: at check, load and reload, and not when the mail is due."""
    assert f"contracts/c08-rti.toml {said}" in refusal(variant, f"[[text]]\n{text}\n")


def test_a_phrase_is_told_in_the_language_of_its_contract(variant: Variant) -> None:
    """DOMAIN 13: the problem of an alarm is in the language of the alarm."""
    variant.change("c08", 'language = "it"', 'language = "en"')
    made = rules(variant, "")
    told = [made.phrase(made.contract(each), "P-DUTY-NOT-TOLD", reason="21610") for each in ("c02-comune", "c08-rti")]
    assert told == [
        "L’avviso al referente reperibile non è arrivato: 21610.",
        "The notice to the contact on call did not arrive: 21610.",
    ]


@pytest.mark.parametrize(("language", "told"), [("it", "(senza oggetto)"), ("en", "(no subject)")])
def test_a_request_without_a_subject_is_quoted_in_the_language_of_its_contract(
    variant: Variant, language: str, told: str
) -> None:
    """DOMAIN 13."""
    variant.change("c08", 'language = "it"', f'language = "{language}"')
    contract, at = rules(variant, "").contract("c08-rti"), datetime(2026, 11, 24, 9, tzinfo=UTC)
    ticket = Ticket(
        number=2026000123,
        contract=contract.id,
        channel=Channel.MAIL,
        type=TicketType.OTHER,
        state=TicketState.NEW,
        level=1,
        priority=Priority.NORMAL,
        subject="",
        requester=Requester(),
        opened_at=at,
        received_at=at,
    )
    assert replies.values(contract, ticket, opening(contract, at), at)["subject"] == told


def test_a_language_without_texts_is_refused(variant: Variant) -> None:
    (variant.folder / "texts" / "it").mkdir(parents=True)
    for file in (Path(__file__).parents[2] / "config/texts/it").glob("*.toml"):
        (variant.folder / "texts" / "it" / file.name).write_bytes(file.read_bytes())
    variant.change("c08", 'language = "it"', 'language = "en"')
    assert "contracts/c08-rti.toml language: there are no texts in en; texts are in: it" in refusal(variant, "")
