"""What becomes of a contact: one ticket, once, under the right contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from config.compose import loop_token_of
from gateway import assigning, desk, flow
from gateway.domain.intake import Arrival, Channel, IntakeState, RepeatKey
from gateway.domain.ticket import Mark, Priority, TicketState, TicketType
from tests.flow.station import BRUNO, INTAKE, MARIA, OTHER_INTAKE, SATURDAY_NIGHT, TUESDAY_MORNING, VENDOR, Station


def test_a_question_in_hours_is_a_ticket_with_an_acknowledgement_and_wakes_nobody(station: Station) -> None:
    """S001, C1.1, C1.2."""
    station.clock.set(TUESDAY_MORNING)
    station.mail("Come si stampa il registro?")
    ticket = station.ticket()
    assert (ticket.state, ticket.priority, ticket.requester.address) == (TicketState.NEW, Priority.NORMAL, MARIA)
    (answer,) = station.acknowledgements()
    assert (answer.to, answer.subject.startswith(f"[{ticket.number}] Abbiamo registrato")) == (MARIA, True)
    assert station.page_texts() == []


def test_a_type_that_no_rule_finds_is_to_be_confirmed(station: Station) -> None:
    """S001."""
    station.mail("Zzz", "qwerty")
    assert station.ticket().type is TicketType.ASSISTANCE
    assert Mark.TYPE_TO_CONFIRM in station.ticket().marks


def test_a_number_is_the_year_in_rome_and_a_count(station: Station) -> None:
    station.clock.set("2026-12-31T23:30:00Z")
    station.mail()
    assert station.ticket().number == 2027000001


def test_the_same_mail_delivered_again_is_one_intake(station: Station) -> None:
    """P2: the sender lost our 250 and tries again."""
    raw = station.raw_mail("Prova", "testo", sender=MARIA, to=(INTAKE,), message_id="a@x")
    first, again = station.arrive(raw), station.arrive(raw)
    assert (again.intake_id, again.repeated) == (first.intake_id, True)
    assert len(station.tickets()) == len(station.intakes()) == 1


def test_the_same_mail_by_smtp_and_imap_is_one_ticket_with_two_deliveries(station: Station) -> None:
    raw = station.raw_mail("Prova", "testo", sender=MARIA, to=(INTAKE,), message_id="a@x")
    first = station.arrive(raw)
    station.arrive(raw, door="imap", key="imap:comune:1:1", to=(), contract="c02-comune")
    assert len(station.tickets()) == 1
    deliveries = station.store.read(lambda reading: reading.deliveries(first.intake_id))
    assert [door for door, _ in deliveries] == ["smtp", "imap"]
    assert [intake.state for intake in station.intakes()] == [IntakeState.FILED, IntakeState.DUPLICATE]
    assert "duplicate_delivery" in station.happened()


def test_two_different_mails_with_one_message_id_are_two_tickets(station: Station) -> None:
    """P2: no false merge."""
    station.mail("Prima", "uno", message_id="same@x")
    station.mail("Seconda", "due", message_id="same@x")
    assert len(station.tickets()) == 2


def test_identical_forms_without_message_id_are_one_within_a_day_and_two_a_week_apart(station: Station) -> None:
    raw = station.raw_mail("Modulo", "guasto", sender=MARIA, to=(INTAKE,), message_id=None)
    station.arrive(raw)
    station.clock.pass_(hours=23)
    assert station.arrive(raw).repeated
    station.clock.pass_(days=7)
    assert not station.arrive(raw).repeated
    assert len(station.tickets()) == 2


def test_one_mail_to_two_contracts_is_two_linked_tickets(station: Station) -> None:
    other = other_intake(station)
    receipt = station.mail(to=(INTAKE, other))
    first, second = sorted(station.store.read(lambda reading: reading.tickets_of(receipt.intake_id)))
    assert station.store.read(lambda reading: reading.links(first)) == [(second, "same_contact")]


def test_an_answer_that_also_goes_to_another_contract_is_its_request_once(station: Station) -> None:
    """DESIGN, "Which contract": the ticket that it answers, and a linked one; the next answer joins both."""
    other = other_intake(station)
    station.mail("Stampa")
    first = station.ticket()
    for _ in range(2):
        station.mail(f"Re: [{first.number}] Stampa", to=(INTAKE, other))
    second, asked = station.tickets()
    assert (asked.number, second.contract == asked.contract) == (first.number, False)
    assert station.store.read(lambda reading: reading.links(first.number)) == [(second.number, "same_contact")]
    numbers = (second.number, asked.number)
    said = station.store.read(lambda reading: [reading.messages(number) for number in numbers])
    assert [sum(message.direction == "in" for message in each) for each in said] == [2, 3]


def test_an_answer_of_the_vendor_that_also_goes_to_another_contract_opens_nothing_there(station: Station) -> None:
    station.mail("Stampa")
    number = station.ticket().number
    station.mail(f"Re: [{number}] Stampa", sender=VENDOR, to=(INTAKE, other_intake(station)))
    assert [ticket.number for ticket in station.tickets()] == [number]


def test_an_address_that_no_contract_knows_is_filed_under_the_default_to_be_confirmed(station: Station) -> None:
    """DESIGN, "Which contract": never dropped."""
    station.arrive(station.raw_mail("Ciao", "testo", sender=MARIA, to=("altro@comune.example",), message_id=""), to=())
    ticket = station.ticket()
    assert (ticket.contract, Mark.CONTRACT_TO_CONFIRM in ticket.marks) == ("c02-comune", True)


@pytest.mark.parametrize(
    "headers",
    [
        "Auto-Submitted: auto-generated",
        "Precedence: bulk",
        "List-Id: <annunci.example>",
        "X-Loop: {loop}",
    ],
)
def test_automatic_mail_becomes_a_ticket_but_is_not_answered_and_wakes_nobody(station: Station, headers: str) -> None:
    """RFC 3834 §2, X6."""
    station.mail("URGENTE: avviso", headers=headers.format(loop=loop_token_of(station.gw.rules)))
    assert station.ticket().state is TicketState.NEW
    assert station.acknowledgements() == []
    assert station.page_texts() == []


@pytest.mark.parametrize("envelope", [""])
def test_the_null_sender_is_never_answered(station: Station, envelope: str) -> None:
    """RFC 5321 §4.5.5."""
    station.mail(envelope=envelope)
    assert station.acknowledgements() == []


def test_our_own_address_as_sender_is_not_answered(station: Station) -> None:
    station.mail(sender=INTAKE)
    assert station.acknowledgements() == []


def test_two_senders_are_ambiguous_and_not_answered(station: Station) -> None:
    """B-041."""
    station.mail(headers="From: capo@comune.example")
    assert Mark.AMBIGUOUS_SENDER in station.ticket().marks
    assert station.acknowledgements() == []


def test_a_reply_to_our_mail_joins_its_ticket(station: Station) -> None:
    """DESIGN, "Which ticket": References to mail that we sent."""
    station.mail()
    ticket = station.ticket()
    thread = station.acknowledgements()[0].facts["message_id"]
    station.mail("Re: altro oggetto", "ecco i dati", headers=f"In-Reply-To: <{thread}>")
    messages = station.store.read(lambda reading: reading.messages(ticket.number))
    assert [m.text.strip() for m in messages if m.direction == "in"][-1] == "ecco i dati"
    assert len(station.acknowledgements()) == 1


def test_a_forged_thread_does_not_join(station: Station) -> None:
    """B-054: a guessed Message-ID has no valid signature."""
    station.mail()
    number = station.ticket().number
    forged = f"{number}.{'0' * 24}.{'0' * 16}@comune.example"
    station.mail("Re: x", headers=f"In-Reply-To: <{forged}>", sender="estraneo@altrove.example")
    assert len(station.tickets()) == 2


def test_a_mark_in_the_subject_joins_only_from_somebody_the_ticket_knows(station: Station) -> None:
    """B-054."""
    station.mail()
    number = station.ticket().number
    station.mail(f"[{number}] ancora", sender="estraneo@altrove.example")
    assert len(station.tickets()) == 2
    station.mail(f"[{number}] ancora")
    assert len(station.tickets()) == 2


def test_a_delivery_report_is_the_outcome_of_its_message_and_no_ticket(station: Station) -> None:
    station.mail()
    thread = station.acknowledgements()[0].facts["message_id"]
    report = (
        "From: MAILER-DAEMON@mx.example\r\nTo: assistenza@comune.example\r\nSubject: Undelivered\r\n"
        "Message-ID: <dsn1@mx.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nFailed.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {MARIA}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{thread}>\r\nSubject: x\r\n\r\nx\r\n--b--\r\n"
    )
    station.arrive(report.encode(), sender="")
    assert len(station.tickets()) == 1
    of, what = station.ticket().number, station.acknowledgements()[0]
    assert (station.intakes()[-1].state, station.intakes()[-1].reason) == ("bounce", f"{of}: 5.1.1 unknown_address")
    assert (what.state, station.events(station.ticket())[-1].data["dispatch"]) == ("refused", str(what.id))


def test_a_reply_to_a_solved_ticket_reopens_it(station: Station) -> None:
    """X16."""
    from gateway import desk

    station.mail()
    ticket, by = station.ticket(), station.gw.rules.people["elena"]
    at = station.clock.now()
    station.store.write(lambda tx: assigning.take(station.gw, tx, ticket.number, by, at))
    station.store.write(lambda tx: desk.solve(station.gw, tx, ticket.number, "fatto", "solved", by, at))
    thread = station.sent()[-1].facts["message_id"]
    station.mail("Re: concluso", "non va ancora", headers=f"In-Reply-To: <{thread}>")
    assert station.ticket().state is TicketState.TAKEN
    assert "reopened" in station.happened(ticket)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        b"From: =?utf-8?q?a=0d=0aBcc: x@y?=\r\n\r\nx",
        b"Message-ID: <[bad]>\r\nFrom: a@b.example\r\nSubject: \xc3\x28\x00\r\n\r\n\x00\xed\xa0\x80",
        b"Content-Type: text/plain; charset=idna\r\nSubject: =?x-unknown?q?=ff?=\r\n\r\n\xff\xfe",
        b"To: " + b"(" * 500 + b"\r\n\r\nx",
        b"Date: Mon, 1 Jan 2026 00:00:00 +99999999999999\r\n\r\nx",
        b"X: y\r\n" * 60000 + b"\r\nx",
    ],
    ids=["empty", "binary", "header-injection", "bad-id", "unknown-charset", "comments", "bad-date", "header-bomb"],
)
def test_whatever_the_bytes_are_they_become_a_ticket_with_the_raw_mail_unchanged(station: Station, raw: bytes) -> None:
    """P4, F9, F10, on both databases."""
    receipt = station.arrive(raw, sender="a@b.example")
    intake = station.store.read(lambda reading: reading.intake(receipt.intake_id, raw=True))
    assert intake is not None
    assert (intake.raw, intake.state) == (raw, IntakeState.FILED)
    assert len(station.tickets()) == 1


def test_a_contact_that_cannot_be_filed_becomes_a_ticket_that_says_so(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P4, C-47: three failed tries, then a person sees it."""

    def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as broken_reader:
        broken_reader.setattr(station.gw.reader, "mail", broken)
        station.mail("Importante")
        for _ in range(4):
            station.clock.pass_(minutes=5)
            station.file()
    ticket = station.ticket()
    assert Mark.UNREADABLE in ticket.marks
    assert station.intakes()[0].state is IntakeState.FILED


def test_the_vendor_has_a_lane_of_its_own_and_an_address_alone_sets_nothing(station: Station) -> None:
    """B-066: From is written by whoever writes the mail."""
    station.mail()
    ticket = station.ticket()
    thread = station.acknowledgements()[0].facts["message_id"]
    station.mail("Presa in carico", "Riferimento: VND-42", sender=VENDOR, headers=f"In-Reply-To: <{thread}>")
    lanes = [m.lane for m in station.store.read(lambda reading: reading.messages(ticket.number))]
    assert lanes == ["requester", "requester", "vendor"]
    assert station.ticket().vendor_reference is None
    assert [d.to for d in station.sent() if d.channel is Channel.MAIL] == [MARIA]


def test_other_contracts_have_their_own_intake(station: Station) -> None:
    addresses = {e.address: c.id for c in station.gw.rules.contracts.values() for e in c.endpoints if "@" in e.address}
    assert addresses[INTAKE] == "c02-comune"
    assert len(set(addresses.values())) > 1
    assert OTHER_INTAKE not in addresses or addresses[OTHER_INTAKE] != "c02-comune"


def test_an_urgent_answer_at_night_to_a_ticket_somebody_has_wakes_the_contact_on_duty(station: Station) -> None:
    """C2.8: whoever took it on Tuesday sleeps on Saturday night."""
    station.clock.set(TUESDAY_MORNING)
    station.mail()
    first, by = station.ticket(), station.gw.rules.people["elena"]
    station.store.write(lambda tx: assigning.take(station.gw, tx, first.number, by, station.clock.now()))
    thread = station.acknowledgements()[0].facts["message_id"]
    station.clock.set(SATURDAY_NIGHT)
    station.mail("Re: registro", "URGENTE: ora è tutto fermo", headers=f"In-Reply-To: <{thread}>")
    second = station.tickets()[0]
    assert second.number != first.number
    assert station.store.read(lambda reading: reading.links(first.number)) == [(second.number, "follow_up")]
    assert "URGENTE" in station.page_texts()[-1].text


def test_an_answer_long_after_the_conclusion_opens_a_linked_ticket(station: Station) -> None:
    """X16."""
    station.clock.set(TUESDAY_MORNING)
    station.mail()
    first, by, at = station.ticket(), station.gw.rules.people["elena"], station.clock.now()
    station.store.write(lambda tx: desk.solve(station.gw, tx, first.number, "fatto", "solved", by, at))
    thread = station.acknowledgements()[0].facts["message_id"]
    station.clock.pass_(days=45)
    station.mail("Re: registro", "di nuovo", headers=f"In-Reply-To: <{thread}>")
    assert station.store.read(lambda reading: reading.links(first.number))[0][1] == "follow_up"
    assert len(station.acknowledgements()) == 2


def test_a_mail_received_in_hours_and_filed_after_closing_wakes_the_contact(station: Station) -> None:
    """C2.10: what the desk did not see before it closed is not nobody's."""
    station.clock.set("2026-11-27T18:10:00+01:00")
    raw = station.raw_mail("Stampa", "testo", sender=MARIA, to=(INTAKE,), message_id="")
    received = datetime.fromisoformat("2026-11-27T17:50:00+01:00")
    arrival = Arrival(Channel.MAIL, "imap", raw, received, "", (), RepeatKey("imap:1"), {}, "c02-comune")
    flow.accept(station.gw, arrival).result(10)
    station.file()
    assert len(station.page_texts()) == 1


def test_one_address_gets_a_bounded_number_of_answers_an_hour(station: Station) -> None:
    """P12, B-052."""
    for _ in range(9):
        station.mail()
    assert len(station.tickets()) == 9
    assert len(station.acknowledgements()) == 5


def test_a_contract_that_a_reload_took_away_stops_no_timer_of_another(station: Station) -> None:
    """A ticket outlives its contract's file; the ladder of every other goes on."""
    station.mail("URGENTE: a")
    station.mail("URGENTE: b", to=(other_intake(station),))
    gone = station.tickets()[0]
    contracts = {name: c for name, c in station.gw.rules.contracts.items() if name != gone.contract}
    station.gw.rules = replace(station.gw.rules, contracts=contracts)
    station.store.write(lambda tx: tx.set_timer("escalation", gone.number, station.clock.now(), {}))
    station.pass_(minutes=6)
    assert station.page_calls(BRUNO)


def other_intake(station: Station) -> str:
    """The mail address of another contract."""
    return next(
        endpoint.address
        for contract in station.gw.rules.contracts.values()
        for endpoint in contract.endpoints
        if endpoint.channel is Channel.MAIL and contract.id != "c02-comune"
    )
