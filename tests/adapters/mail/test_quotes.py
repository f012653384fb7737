"""The new text of a reply."""

from __future__ import annotations

import time

import pytest

from adapters.mail.quotes import new_text

INTRODUCTIONS = [
    "Il giorno mar 24 nov 2026 alle ore 10:00 Assistenza <a@x.example> ha scritto:",
    "Il 24/11/2026 10:00, Assistenza ha scritto:",
    "Il giorno mar 24 nov 2026 alle ore 10:00 Assistenza\n<a@x.example>\nha scritto:",
    "On Tue, Nov 24, 2026 at 10:00 AM Desk <a@x.example> wrote:",
    "Am 24.11.2026 um 10:00 schrieb Desk <a@x.example>:",
    "Le mar. 24 nov. 2026 à 10:00, Desk <a@x.example> a écrit :",
]


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_what_stands_behind_an_introduction_is_not_new(introduction: str) -> None:
    assert new_text(f"Ancora guasto.\n\n{introduction}\n\n> Buongiorno\n> riprovi\n") == "Ancora guasto."


BLOCKS = [
    "-----Messaggio originale-----\nDa: a@x.example\nInviato: oggi",
    "-----Original Message-----\nFrom: a@x.example",
    "Da: Assistenza <a@x.example>\nInviato: martedì 24 novembre 2026 10:00\nA: Anna\nOggetto: R: guasto\n\nBuongiorno",
    "________________________________\nFrom: Desk <a@x.example>\nSent: Tuesday\nTo: Anna\nSubject: x\n\nHello",
    "Von: Desk\nGesendet: Dienstag\nAn: Anna\nBetreff: x\n\nHallo",
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_forwarded_header_block_begins_what_is_old(block: str) -> None:
    assert new_text(f"Ancora guasto.\n\n{block}\n") == "Ancora guasto."


def test_quoted_lines_at_the_end_are_not_new() -> None:
    assert new_text("Sì.\n\n> domanda\n> altra\n") == "Sì."


def test_answers_between_quoted_lines_stay() -> None:
    text = "On Tue, Desk <a@x.example> wrote:\n> Quale piano?\nIl terzo.\n> Da quando?\nDa ieri."
    assert "Il terzo." in new_text(text)


@pytest.mark.parametrize(
    "text", ["> tutto\n> citato", "Il 24/11 Anna ha scritto:\n> x", "Da: a\nA: b\nData: c\nOggetto: d"]
)
def test_a_text_that_is_nothing_but_quoted_is_given_whole(text: str) -> None:
    assert new_text(text) == text


@pytest.mark.parametrize("text", ["Da: 3 giorni non stampa", "Il tecnico ha scritto una nota", "Nota:\n- uno\n- due"])
def test_ordinary_sentences_are_not_taken_for_marks(text: str) -> None:
    assert new_text(text) == text


@pytest.mark.parametrize("piece", ["Il ", "\n", "> a\n", "Il a\n:\n", "On a@b ", "-", "Da: a\nA: b\n"])
def test_the_time_taken_is_linear(piece: str) -> None:
    """The regular expressions of the library that others use need 32 s for 24 kB of "Il "."""
    start = time.process_time()
    new_text(piece * 100_000)
    assert time.process_time() - start < 3
