"""What of a vendor's answers sends an escalation back (C9.8)."""

from __future__ import annotations

import time

import pytest

from gateway.domain.vendor_words import sent_back


@pytest.mark.parametrize(
    "text",
    [
        "ticket non ricevibile: manca versione",
        "La segnalazione è incompleta.",
        "Buongiorno,\nla richiesta è stata esaminata.\nRichiesta respinta per dati insufficienti.",
        "Irricevibile.",
        "The request is incomplete.",
        "Vi chiediamo di fornire i log del server.",
        "Servono ulteriori informazioni sul browser.",
        "Please provide the exact version.",
    ],
)
def test_an_answer_that_refuses_or_asks_sends_it_back(text: str) -> None:
    assert sent_back("Re: richiesta", text, automatic=False) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Presa in carico. Riferimento: AB-77",
        "La richiesta è ricevibile, la lavoriamo domani.",
        "Non manca nulla, procediamo.",
        "Risolto: il servizio è stato riavviato.",
        "",
    ],
)
def test_an_answer_that_takes_it_on_does_not(text: str) -> None:
    assert sent_back("Re: richiesta", text, automatic=False) is None


def test_an_automatic_receipt_that_asks_in_general_terms_does_not() -> None:
    text = "Your request was received. Please include the number in further mails."
    assert sent_back("Ricevuta", text, automatic=True) is None
    assert sent_back("Ricevuta", "Ticket non ricevibile", automatic=True) == "Ticket non ricevibile"


def test_the_reason_is_the_line_that_says_it() -> None:
    assert sent_back("Re", "Buongiorno,\n\n  la scheda è   incompleta: log\nSaluti", automatic=False) == (
        "la scheda è incompleta: log"
    )


@pytest.mark.parametrize("piece", ["non è ", "manca ", "vi chiediamo di ", "servono ", "ticket "])
def test_the_time_taken_is_linear(piece: str) -> None:
    start = time.process_time()
    sent_back(piece * 1000, piece * 100_000, automatic=False)
    assert time.process_time() - start < 1
