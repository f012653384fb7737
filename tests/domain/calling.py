"""Words for tests of what a caller hears: the shipped texts, filled for a shipped contract at an instant."""

from __future__ import annotations

from dataclasses import replace

from adapters.sms import septets
from config.compose import shipped
from config.load.texts import load_texts
from gateway.domain import call_words
from gateway.domain.call import Say, Script
from gateway.domain.call_prompts import Fill
from gateway.domain.contract import Contract
from gateway.domain.hours import opening
from gateway.domain.texts import Catalogue
from gateway.domain.ticket import Priority, Requester, Ticket, TicketState, TicketType
from tests.domain.shipped import rome

CATALOGUES: dict[str, Catalogue] = dict(load_texts(shipped() / "texts", septets=septets))
TUESDAY = "2026-11-24 10:00"
FACTS = {
    "purpose": "gestire la richiesta",
    "days": "30",
    "minutes": "3",
    "waiting": "3 minuti",
    "position": "2",
    "first_level_name": "Servizio di primo livello di SardegnaIT",
    "first_level_phone_spoken": "0 7 0, 0 0 0 0 3 5 0",
    "acceptance_date": "15 settembre 2026",
    "served_since": "16 settembre 2026",
}


def fill(contract: Contract, at: str = TUESDAY, language: str = "it") -> Fill:
    """How the texts of a contract are filled for a caller."""
    spoken = replace(contract, language=language)
    instant = rome(at)
    ticket = Ticket(
        number=2026000123,
        contract=contract.id,
        channel="phone",
        type=TicketType.ASSISTANCE,
        state=TicketState.NEW,
        level=1,
        priority=Priority.NORMAL,
        subject="",
        requester=Requester(),
        opened_at=instant,
        received_at=instant,
    )
    values = call_words.values(spoken, ticket, opening(contract, instant), instant) | FACTS
    catalogue = CATALOGUES[language]

    def filled(text_id: str) -> Say:
        return Say(call_words.contracted(catalogue.fill(text_id, values).body), language)

    return filled


def heard(script: Script) -> str:
    """Everything that a script says."""
    said = [verb for verb in script if isinstance(verb, Say)]
    asked = [prompt for verb in script for prompt in getattr(verb, "prompts", ())]
    return " ".join(each.text for each in (*said, *asked))
