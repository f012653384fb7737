"""The new text of a reply."""

from __future__ import annotations

import time

import pytest

from adapters.mail import html_quotes, mime
from adapters.mail.quotes import MAX_LINES, folded, new_text

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


@pytest.mark.parametrize(
    "introduction",
    [
        "26/12/2026 03:02, Assistenza <a@x.example>:",
        "Max Desk <a@x.example> schrieb am Sa., 26. Dez. 2026 um\n03:02 Uhr:",
        "2026-12-26 3:02 GMT+01:00 Assistenza <\na@x.example>:",
        "Il 26 dicembre 2026 03:02 Assistenza\n\n<\nmailto:a@x.example\n> ha scritto:",
        "At 12/26/2026 03:02 AM, you wrote:",
        "---- On Sat, 26 Dec 2026 03:02:00 +0100 Desk wrote ----",
        "> Il 26 dicembre 2026 alle 3.02 Assistenza ha scritto:",
    ],
)
def test_mail_programs_introduce_what_they_quote_in_many_ways(introduction: str) -> None:
    assert new_text(f"Ancora guasto.\n\n{introduction}\n\n> Buongiorno\n") == "Ancora guasto."


@pytest.mark.parametrize(
    "text",
    [
        "Il 24 il sindaco ha scritto:\n\nServe oggi.\n\nChe cosa rispondo?",
        "Non stampa.\n\nIl messaggio che esce dice:\n\nERRORE 5",
        "Codici:\n\n| codice | stanza |\n| 12 | 3 |",
        "Provato così:\n--\n" + "riga di prova\n" * 40,
        "Da quando è ferma?\nA che ora?\nData: ieri",
    ],
)
def test_words_of_the_sender_that_look_like_marks_are_never_folded(text: str) -> None:
    assert new_text(text).split() == text.split()


@pytest.mark.parametrize(
    "announcement",
    ["Rispondo sotto in rosso.", "Vedi risposte di seguito", "See my answers below", "Siehe unten", "Voir ci-dessous"],
)
def test_whoever_announces_answers_below_is_shown_with_what_stands_below(announcement: str) -> None:
    block = "Da: Assistenza <a@x.example>\nInviato: ieri\nA: Anna\nOggetto: R\n\nQuale piano? Il terzo."
    assert "Il terzo." in new_text(f"{announcement}\n\n{block}")


def test_a_quoted_line_that_was_wrapped_is_no_answer() -> None:
    quote = "> La Sua richiesta numero 2026000123 è stata ricevuta ed è ora in lavorazione\npresso di noi.\n> Grazie\n"
    assert new_text(f"Bene.\n\nOn Sat, 26 Dec 2026, Desk <a@x.example> wrote:\n{quote}") == "Bene."


SIGNATURES = [
    "Inviato da iPhone", "Sent from my Galaxy", "Von meinem iPad gesendet", "Envoyé de mon iPhone",
    "Scarica Outlook per Android", "-- \nAnna Rosè\nUfficio Anagrafe", "____________\n",
    "Questo messaggio è riservato ai soli destinatari.\nGrazie.",
    "This e-mail and its attachments are confidential.", "Ce message est confidentiel.",
    "Diese E-Mail ist vertraulich und nur für den Empfänger bestimmt.",
]  # fmt: skip


@pytest.mark.parametrize("signature", SIGNATURES)
def test_what_is_added_under_a_message_is_folded_apart(signature: str) -> None:
    text = f"Ancora guasto.\n\n{signature}"
    assert new_text(text) == "Ancora guasto."
    assert [fold.kind for fold in folded(text)] == ["signature"]


@pytest.mark.parametrize("text", ["Inviato da iPhone", "-- \nAnna", "Questo messaggio è riservato ai destinatari."])
def test_a_signature_alone_is_what_there_is_to_show(text: str) -> None:
    assert new_text(text) == text


def test_a_greeting_belongs_to_the_words() -> None:
    text = "Ancora guasto.\n\nCordiali saluti\nAnna Rosè"
    assert new_text(text) == text


@pytest.mark.parametrize("subject", ["I: guasto", "Fwd: guasto", "WG: Störung", "TR: panne"])
def test_what_is_forwarded_to_the_desk_stays_open(subject: str) -> None:
    head = f"From: a@x.example\r\nSubject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    raw = f"{head}Da seguire.\n\nDa: b@x.example\nInviato: ieri\nA: a\nOggetto: guasto\n\nNon stampa.\n"
    reading = mime.read(raw.encode(), own=mime.OwnMail(frozenset(), "t"))
    assert reading.new_text.endswith("Non stampa.")


def test_folds_and_new_text_together_are_the_whole_text() -> None:
    text = "Sì.\n\nInviato da iPhone\n\nIl giorno 24/11/2026 10:00 Desk <a@x.example> ha scritto:\n\n> Va?\n"
    folds = folded(text)
    assert [fold.kind for fold in folds] == ["signature", "quoted"]
    assert text[: folds[0].start] + "".join(text[fold.start : fold.end] for fold in folds) == text


def html(body: str) -> str:
    raw = f"From: a@x.example\r\nSubject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{body}"
    return mime.read(raw.encode(), own=mime.OwnMail(frozenset(), "t")).new_text


@pytest.mark.parametrize(
    "quoted",
    [
        '<blockquote type="cite"><p>Va?</p></blockquote>',
        '<div class="gmail_attr">Desk:</div><blockquote class="gmail_quote">Va?</blockquote>',
        '<div class="moz-cite-prefix">Desk:</div><blockquote type="cite">Va?</blockquote>',
        '<div name="quote">Va?</div>',
        '<div class="yahoo_quoted">Va?</div>',
        '<hr><div id="divRplyFwdMsg">Desk</div><div>Va?</div>',
    ],
)
def test_what_the_html_of_a_mail_program_marks_as_quoted_is_folded(quoted: str) -> None:
    assert html(f"<div>Sì, grazie.</div>{quoted}") == "Sì, grazie."


def test_answers_between_quoted_elements_stay() -> None:
    said = html(
        '<blockquote type="cite">Piano?</blockquote><p>Terzo.</p><blockquote type="cite">Ora?</blockquote><p>Sì.</p>'
    )
    assert "Terzo." in said
    assert "Sì." in said


def test_marks_of_ours_in_other_peoples_html_mean_nothing() -> None:
    assert html("<p>Uno\ue000due</p><div class='gmail_quote'></div><p>tre</p>").split() == ["Unodue", "tre"]


def test_a_blank_line_at_the_end_of_a_quote_is_no_line_of_the_next_text() -> None:
    """Found by `make fuzz`, target quotes."""
    first = html_quotes.unmarked("Va.\n\ue000Prima?\n\n\ue001")
    assert (first.text, first.quoted) == ("Va.\nPrima?", frozenset({1}))
    assert html_quotes.joined((first, html_quotes.Marked("Poi."))).quoted == {1}


def test_beyond_many_lines_only_marked_lines_are_known_as_quoted() -> None:
    text = "riga\n" * MAX_LINES + "On Tue, 1 Dec 2026, Desk <a@x.example> wrote:\n> x"
    assert new_text(text).endswith("wrote:")


PIECES = [
    "Il ", "\n", "> a\n", "Il a\n:\n", "On a@b ", "-", "Da: a\nA: b\n", "Il 1/1/2026 a@b.it\n", "--\n", "> x\nx\n",
    "Inviato da iPhone\n\n", "vedi ", "| x\n", "1/1/2026 ", "Il 1/1/2026 a@b.it ha scritto:\n> x\nx\n",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_the_time_taken_is_linear(piece: str) -> None:
    """The regular expressions of the library that others use need 32 s for 24 kB of "Il "."""
    start = time.process_time()
    new_text(piece * 100_000)
    assert time.process_time() - start < 3


@pytest.mark.parametrize(
    "piece", ["<div class='gmail_quote'>", "<blockquote type=cite>x</blockquote>", "<p class='gmail_attr'>x</p>\ue000"]
)
def test_html_that_is_all_marks_takes_linear_time(piece: str) -> None:
    start = time.process_time()
    html_quotes.unmarked(html_quotes.marked(piece * 20_000))
    assert time.process_time() - start < 2
