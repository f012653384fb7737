"""A fax from the mail that brings it to its ticket: when it was received, what came before, who is answered."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime

import pytest

from config.faxes import FaxShape
from gateway import desk, replaying
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.roster import Directory, Person
from gateway.domain.ticket import Mark, Outcome
from tests.adapters.fax.making import fax_tiff
from tests.flow.station import Station

FAX = "fax@comune.example"
SERVICE = "noreply@fax.example"
TUESDAY = "2026-11-24T10:20:00+01:00"
TIFF = fax_tiff(2, size=(432, 286), dpi=(51, 49))
OTHER_TIFF = fax_tiff(3, size=(432, 286), dpi=(51, 49))
OFFICE = Person(
    "ente", "Ente di prova", "ente pubblico", mail="protocollo@ente.example", fax="+390700000002", public_body=True
)


@pytest.fixture
def open_desk(station: Station) -> Station:
    """Tuesday morning, and a directory with a public body's fax in it."""
    station.clock.set(TUESDAY)
    people = Directory([*station.gw.rules.people.values(), OFFICE])
    station.gw.rules = replace(station.gw.rules, people=people)
    return station


def fax(
    station: Station,
    subject: str = "Fax da 0700000001 (2 pagine)",
    text: str = "",
    *,
    message_id: str = "",
    document: bytes | None = TIFF,
    door: str = "imap",
) -> int:
    """A fax by mail, filed; the number of its intake."""
    head = [f"From: {SERVICE}", f"To: {FAX}", f"Subject: {subject}", "MIME-Version: 1.0"]
    head += [f"Message-ID: <{message_id}@fax.example>"] if message_id else []
    part = ["Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/plain; charset=utf-8", ""]
    lines = [*head, *part, text]
    if document is not None:
        lines += ["--b", "Content-Type: image/tiff", "Content-Transfer-Encoding: base64",
                  "Content-Disposition: attachment; filename=fax.tif", "",
                  base64.encodebytes(document).decode()]  # fmt: skip
    raw = "\r\n".join([*lines, "--b--", ""]).encode()
    key = f"{door}:{len(station.intakes())}"
    return station.arrive(raw, sender=SERVICE, to=(FAX,), channel=Channel.FAX, door=door, key=key).intake_id


def ends(station: Station) -> list[tuple[IntakeState, str | None]]:
    return [(intake.state, intake.reason) for intake in station.intakes()]


# ------------------------------------------------------------------------------------------------- when it was received


def test_a_fax_is_received_when_its_service_says_so(open_desk: Station) -> None:
    """X2: the mail came twenty minutes later."""
    fax(open_desk, text="Ricevuto il: 24/11/2026 alle 10:00")
    assert open_desk.ticket().received_at == datetime.fromisoformat("2026-11-24T10:00:00+01:00")
    assert open_desk.intakes()[0].received_at == open_desk.clock.now()


def test_a_fax_is_a_fax_by_whatever_door_its_mail_came(open_desk: Station) -> None:
    """C3.7, S049: handed to our own listener, it is no mail of the service that sent it on."""
    raw = f"From: {SERVICE}\r\nTo: {FAX}\r\nSubject: Fax da 0700000001 (2 pagine)\r\n\r\nMittente: 0700000001\r\n"
    open_desk.arrive(raw.encode(), sender=SERVICE, to=(FAX,))
    ticket = open_desk.ticket()
    assert (ticket.channel, ticket.requester.number) == (Channel.FAX, "+390700000001")
    assert [message.channel for message in open_desk.messages(ticket)] == [Channel.FAX]
    assert open_desk.intakes()[0].channel is Channel.MAIL


@pytest.mark.parametrize(
    ("stated", "is_odd"),
    [("24/11/2026 alle 10:25", False), ("24/11/2026 alle 18:00", True), ("01/01/1970 alle 01:00", True)],
)
def test_a_time_that_cannot_be_gives_way_to_the_arrival(open_desk: Station, stated: str, *, is_odd: bool) -> None:
    """X2: a clock that is ahead, or one that was never set."""
    fax(open_desk, text=f"Ricevuto il: {stated}")
    ticket = open_desk.ticket()
    (received,) = [each for each in open_desk.events(ticket) if each.type == "received"]
    assert ticket.received_at == open_desk.clock.now()
    assert ("time_not_credible" in received.data["defects"]) is is_odd


@pytest.mark.parametrize(("arrived", "received"), [("02:31:00+02:00", "02:30:00+02:00"),
                                                   ("02:31:00+01:00", "02:30:00+01:00")])  # fmt: skip
def test_in_the_hour_that_comes_twice_the_one_counts_that_is_nearer_to_the_mail(
    station: Station, arrived: str, received: str
) -> None:
    """X1, X2: the last Sunday of October."""
    station.clock.set(f"2026-10-25T{arrived}")
    fax(station, text="Ricevuto il: 25/10/2026 alle 02:30")
    assert station.ticket().received_at == datetime.fromisoformat(f"2026-10-25T{received}")


def test_a_fax_of_the_last_open_minute_is_decided_as_of_then(station: Station) -> None:
    """X2, C2.6: received at 17:59, told by mail after the desk closed; nobody who is on duty is woken for the desk."""
    station.clock.set("2026-11-24T18:04:00+01:00")
    fax(station, text="Ricevuto il: 24/11/2026 alle 17:59")
    assert station.ticket().received_at == datetime.fromisoformat("2026-11-24T17:59:00+01:00")


# --------------------------------------------------------------------------------------------------------- what is none


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        ("Fax non ricevuto: errore di linea", "fax_not_received"),
        ("Outgoing fax results", "fax_sending_report"),
        ("Esito invio fax a 0700000007", "fax_sending_report"),
    ],
)
def test_what_was_not_received_or_was_sent_opens_no_ticket_and_is_on_record(
    open_desk: Station, subject: str, reason: str
) -> None:
    """DOMAIN section 9: an event, no ticket, but counted."""
    fax(open_desk, subject, document=None)
    assert (open_desk.tickets(), ends(open_desk)) == ([], [(IntakeState.RECEIPT, reason)])
    assert open_desk.sent() == []


def test_pages_that_came_before_the_line_broke_are_a_request(open_desk: Station) -> None:
    """DOMAIN section 9: partial reception is still a contact."""
    fax(open_desk, "[FAILED] Fax Received from 0700000001")
    (received,) = [each for each in open_desk.events(open_desk.ticket()) if each.type == "received"]
    assert received.data["partial"] == "yes"
    assert open_desk.ticket().subject == "Fax da +390700000001 (pagine non dichiarate, ricezione parziale)"


def test_a_fax_behind_a_link_is_a_ticket_for_a_person_to_open_it(open_desk: Station) -> None:
    """F5: the link is shown, and nobody but a person follows it."""
    fax(open_desk, "Hai un nuovo fax", "https://portal.example/fax/1", document=None)
    ticket = open_desk.ticket()
    assert Mark.DOCUMENT_TO_DOWNLOAD in ticket.marks
    assert "https://portal.example/fax/1" in open_desk.messages(ticket)[0].text


def test_a_fax_whose_document_is_missing_is_to_be_verified(open_desk: Station) -> None:
    fax(open_desk, "Fax da 0700000001 (2 pagine)", document=None)
    assert Mark.TO_VERIFY in open_desk.ticket().marks


def test_a_form_that_nobody_knows_is_a_ticket_to_verify_with_its_document(open_desk: Station) -> None:
    """X7: the raw mail is kept as it came, and nobody is answered."""
    intake = fax(open_desk, "Documento in arrivo", "Vedi allegato")
    ticket = open_desk.ticket()
    (message,) = open_desk.messages(ticket)
    (file,) = open_desk.store.read(lambda reading: reading.attachments(message.id))
    assert (Mark.TO_VERIFY in ticket.marks, file.type, open_desk.sent()) == (True, "image/tiff", [])
    kept = open_desk.store.read(lambda reading: reading.intake(intake, raw=True))
    assert kept is not None
    assert b"Documento in arrivo" in kept.raw


def test_a_form_that_is_taught_is_read_in_the_faxes_that_wait_to_be_verified(open_desk: Station) -> None:
    """X7, C-47: a [[fax_shape]], a reload and a replay complete the ticket that is there; none is opened beside it."""
    intake = fax(open_desk, "Documento in arrivo da 070 0000002", "Fogli: 2")
    shape = FaxShape(name="studio", subject=("Documento in arrivo da {number}",), labels={"Fogli": "pages"})
    settings = open_desk.site.settings.model_copy(update={"fax_shape": (shape,)})
    open_desk.reader.take(open_desk.gw.rules, settings)
    by, at = open_desk.elena, open_desk.clock.now()
    open_desk.store.write(lambda tx: replaying.replay(tx, intake, by, at))
    open_desk.file()
    ticket = open_desk.ticket()
    assert (ticket.requester.number, ticket.requester.person) == ("+390700000002", "ente")
    assert Mark.FAX_FROM_PUBLIC_BODY in ticket.marks
    assert ticket.subject == "Fax da +390700000002 (2 pagine)"


# ----------------------------------------------------------------------------------------------------- what came before


@pytest.mark.parametrize("job", ["", "Identificativo: 412"])
def test_the_same_fax_in_a_second_mail_joins_the_first(open_desk: Station, job: str) -> None:
    """DESIGN, "Repeats": by the transmission's id, else by number and document; a new Message-ID changes nothing."""
    first = fax(open_desk, text=job, message_id="a")
    second = fax(open_desk, text=job, message_id="b")
    ticket = open_desk.ticket()
    assert ends(open_desk) == [(IntakeState.FILED, None), (IntakeState.DUPLICATE, "fax_sent_again")]
    (again,) = [each for each in open_desk.events(ticket) if each.type == "fax_sent_again"]
    assert (again.data["first"], again.data["intake"]) == (str(first), str(second))
    deliveries = open_desk.store.read(lambda reading: reading.deliveries(first))
    assert len(deliveries) == 2


def test_a_fax_without_an_id_that_comes_again_the_day_after_is_another_request(open_desk: Station) -> None:
    fax(open_desk)
    open_desk.clock.pass_(hours=24)
    fax(open_desk)
    assert len(open_desk.tickets()) == 2


def test_a_document_that_is_sent_again_after_its_ticket_was_closed_is_another_request(open_desk: Station) -> None:
    """Nobody looks into a closed ticket; a mail of the service that comes twice stays one (it has the id)."""
    fax(open_desk)
    number, by, at = open_desk.ticket().number, open_desk.elena, open_desk.clock.now()
    open_desk.store.write(lambda tx: desk.solve(open_desk.gw, tx, number, "Fatto.", Outcome.SOLVED, by, at))
    fax(open_desk)
    second, first = open_desk.tickets()
    assert (first.number, open_desk.store.read(lambda reading: reading.links(number))) == (
        number,
        [(second.number, "same_document")],
    )


def test_two_forms_of_nobody_known_are_two_requests(open_desk: Station) -> None:
    for _ in range(2):
        fax(open_desk, "Documento in arrivo")
    assert len(open_desk.tickets()) == 2


def test_a_third_one_is_known_by_the_second(open_desk: Station) -> None:
    """Each new day begins with the fax that was a request of its own."""
    fax(open_desk)
    for hours in (25, 20):
        open_desk.clock.pass_(hours=hours)
        fax(open_desk)
    assert [state for state, _ in ends(open_desk)] == [IntakeState.FILED, IntakeState.FILED, IntakeState.DUPLICATE]


@pytest.mark.parametrize(
    ("subject", "document"),
    [("Fax da 0700000005 (2 pagine)", TIFF), ("Fax da 0700000001 (2 pagine)", OTHER_TIFF)],
)
def test_another_number_or_another_document_is_another_fax(open_desk: Station, subject: str, document: bytes) -> None:
    fax(open_desk)
    fax(open_desk, subject, document=document)
    assert len(open_desk.tickets()) == 2


def test_one_document_in_two_transmissions_is_two_tickets_that_show_each_other(open_desk: Station) -> None:
    """Somebody who waited for an answer sent it once more; a person says whether the two are one."""
    fax(open_desk, text="Identificativo: 412")
    fax(open_desk, text="Identificativo: 413")
    second, first = open_desk.tickets()
    assert open_desk.store.read(lambda reading: reading.links(first.number)) == [(second.number, "same_document")]
    assert [open_desk.happened(each).count("same_document_again") for each in (first, second)] == [1, 1]


def test_two_strangers_with_one_form_are_not_put_together(open_desk: Station) -> None:
    for station_id in ("STUDIO A", "STUDIO B"):
        fax(open_desk, "Nuovo fax ricevuto – anonimo", f"TSI: {station_id}")
    assert [open_desk.store.read(lambda r, t=t: r.links(t.number)) for t in open_desk.tickets()] == [[], []]  # type: ignore[misc]  # a default argument cannot be inferred


# ------------------------------------------------------------------------------------------------------- public bodies


def test_the_fax_of_a_public_body_is_answered_at_its_mailbox_alone(open_desk: Station) -> None:
    """X8, S155: recorded, flagged, and asked to use certified mail or mail; no fax and no SMS goes out."""
    fax(open_desk, "Fax da 0700000002 (1 pagina)")
    ticket = open_desk.ticket()
    (answer,) = open_desk.sent()
    assert Mark.FAX_FROM_PUBLIC_BODY in ticket.marks
    assert (answer.channel, answer.to, answer.ticket) == (Channel.MAIL, "protocollo@ente.example", ticket.number)
    assert "(1 pagina)" in answer.text
    assert "art. 47, comma 2, lett. c, d.lgs. 82/2005" in answer.text
    assert "assistenza@pec.comune.example o assistenza@comune.example" in answer.text


def test_what_the_desk_says_to_who_sent_a_fax_goes_to_the_mailbox_of_the_directory(open_desk: Station) -> None:
    """X8, S050; and a mail from there about the ticket belongs to it."""
    fax(open_desk, "Fax da 0700000002 (1 pagina)")
    number, by, at = open_desk.ticket().number, open_desk.elena, open_desk.clock.now()
    open_desk.store.write(lambda tx: desk.reply(open_desk.gw, tx, number, "Può richiamarci?", by, at))
    assert [each.to for each in open_desk.sent()][-1] == "protocollo@ente.example"
    open_desk.mail(f"Re: [{number}] Fax ricevuto", "Certo.", sender="protocollo@ente.example")
    assert [each.text.strip() for each in open_desk.messages(open_desk.ticket())][-1] == "Certo."


def test_a_public_body_without_a_mailbox_is_not_answered(open_desk: Station) -> None:
    """X8: never by fax."""
    people = Directory([replace(OFFICE, mail=None)])
    open_desk.gw.rules = replace(open_desk.gw.rules, people=people)
    fax(open_desk, "Fax da 0700000002 (1 pagina)")
    assert (open_desk.sent(), Mark.FAX_FROM_PUBLIC_BODY in open_desk.ticket().marks) == ([], True)


def test_a_station_identifier_makes_nobody_a_public_body(open_desk: Station) -> None:
    """S154: it is whatever its owner typed."""
    fax(open_desk, "Nuovo fax ricevuto – anonimo", "TSI: +39 070 0000002")
    ticket = open_desk.ticket()
    assert (open_desk.sent(), Mark.FAX_FROM_PUBLIC_BODY in ticket.marks) == ([], False)
