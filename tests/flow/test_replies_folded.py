"""A reply at the desk: the new words first, the earlier mail folded, nothing discarded (issue 5, point 3)."""

from __future__ import annotations

import pytest

from config.commands.whole import print_whole, whole
from tests.flow.station import TUESDAY_MORNING, Station

REPLY = (
    "Non stampa ancora.\n\nInviato da iPhone\n\nIl giorno mar 24 nov 2026 alle ore 10:12 Assistenza <"
    "assistenza@comune.example> ha scritto:\n\n> La Sua richiesta URGENTE è stata ricevuta.\n> Grazie\n"
)


@pytest.fixture
def answered(station: Station) -> Station:
    station.clock.set(TUESDAY_MORNING)
    station.mail()
    (answer,) = station.acknowledgements()
    station.mail("Re", REPLY, headers=f"In-Reply-To: <{answer.facts['message_id']}>")
    return station


def test_the_message_keeps_the_whole_text_and_what_of_it_is_folded(answered: Station) -> None:
    message = answered.messages(answered.ticket())[-1]
    assert message.text == REPLY.strip()
    kinds = [(fold.kind, message.text[fold.start : fold.end].strip()[:8]) for fold in message.folds]
    assert kinds == [("signature", "Inviato "), ("quoted", "Il giorn")]


def test_an_urgent_word_in_an_earlier_mail_wakes_nobody(answered: Station) -> None:
    assert answered.ticket().urgent_word is None


@pytest.mark.parametrize("full", [False, True])
def test_the_desk_sees_what_is_folded_when_it_asks(
    answered: Station, capsys: pytest.CaptureFixture[str], *, full: bool
) -> None:
    found = answered.store.read(lambda reading: whole(answered.gw, reading, answered.ticket()))
    print_whole(found, full=full)
    shown = capsys.readouterr().out
    assert "Non stampa ancora." in shown
    assert ("> Grazie" in shown) is full
    assert ("--full shows them" in shown) is not full
