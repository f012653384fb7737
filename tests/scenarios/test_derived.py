"""What the clauses imply (X1–X20): time, reception, loops, fax, numbers, secrets, history, configuration."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.store.reading import SqlReading
from adapters.store.verify import Fault, verify
from config.compose import fax_as_pdf, rules_of
from config.daemon import opened
from gateway import desk
from gateway.domain.call import Gather, Record
from gateway.domain.errors import SettingError
from gateway.domain.hours import local
from gateway.domain.intake import Channel
from gateway.domain.numbers import NumberClass, classify, may_be_called, may_be_texted
from gateway.domain.periods import working_day_after
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.roster import Directory, Person
from gateway.domain.rules import Rules
from gateway.domain.ticket import Mark, TicketState
from gateway.ports import Reading, Transaction
from tests.config.variant import Variant
from tests.flow.station import BRUNO, MARIA, Station
from tests.scenarios.stage import C02, C03_MAIL, CLERK, at, instant, mails_to, messages, reload, would

FAXES = Path(__file__).parents[1] / "golden" / "fax"
FAX_C02 = "fax@comune.example"


# ---------------------------------------------------------------------------------------------------------------- time


def test_s140_thirty_minutes_across_the_end_of_summer_time_are_thirty_elapsed_minutes(
    station: Station, variant: Variant
) -> None:
    """X1, S140: from 02:50 to 02:20, and the history has them in that order."""
    reload(station, variant.change("c02", 'ack_timeout = "5m"', 'ack_timeout = "30m"'))
    at(station, "2026-10-25T00:50+00:00")
    station.mail("URGENTE: protocollo bloccato")
    station.chase()
    at(station, "2026-10-25T01:19:59+00:00")
    station.chase()
    assert station.page_calls() == []
    at(station, "2026-10-25T01:20+00:00")
    station.chase()
    assert len(station.page_calls()) == 1
    told = [local(e.at).isoformat() for e in station.events(station.ticket()) if e.type == "paged"]
    assert told == ["2026-10-25T02:50:00+02:00", "2026-10-25T02:20:00+01:00"]


def test_s142_a_mail_is_received_when_it_is_delivered_whatever_its_header_says(station: Station) -> None:
    """X2, S142: outside the band, and both times are kept."""
    at(station, "2026-11-27 12:00")
    raw = station.raw_mail("COMUNAS", "Non si apre.", sender=CLERK, to=(C03_MAIL,), message_id="")
    at(station, "2026-11-27 13:40")
    receipt = station.arrive(raw, sender=CLERK, to=(C03_MAIL,))
    ticket = station.ticket()
    assert ticket.received_at == instant("2026-11-27 13:40")
    routed = next(event for event in station.events(ticket) if event.type == "routed")
    assert (routed.data["state"], routed.data["reason"]) == ("closed", "out_of_hours")
    kept = station.store.read(lambda reading: reading.intake(receipt.intake_id, raw=True))
    assert kept is not None
    assert b"Date: Fri, 27 Nov 2026 12:00:00 +0100" in kept.raw


# ------------------------------------------------------------------------------------------------------- robots, faxes


def test_s151_an_out_of_office_answer_joins_the_ticket_and_is_not_answered(station: Station) -> None:
    """X6, S151."""
    at(station, "2026-11-24 11:59")
    station.mail()
    (acknowledgement,) = mails_to(station, MARIA)
    at(station, "2026-11-24 12:00")
    thread = f"In-Reply-To: <{acknowledgement.facts['message_id']}>"
    station.mail("Fuori sede", "Sono assente fino a lunedì.", headers=f"Auto-Submitted: auto-replied\n{thread}")
    assert [m.text.strip() for m in messages(station, station.ticket()) if m.direction == "in"] == [
        "Non trovo la voce nel menu.",
        "Sono assente fino a lunedì.",
    ]
    assert len(mails_to(station, MARIA)) == 1


def fax(station: Station, case: str) -> int:
    """A fax as a service mails it; the number of its intake."""
    raw = (FAXES / case / "in.eml").read_bytes()
    return station.arrive(raw, sender="noreply@fax.example", to=(FAX_C02,), channel=Channel.FAX).intake_id


def test_s153_a_fax_mail_is_a_fax_with_number_pages_and_document(station: Station) -> None:
    """X7, S153: the document stored, and a PDF copy made of it."""
    at(station, "2026-11-24 10:20")
    intake = fax(station, "f2-lines")
    ticket = station.ticket()
    assert (ticket.channel, ticket.requester.number) == ("fax", "+390700000001")
    received = next(event for event in station.events(ticket) if event.type == "received")
    assert received.data["pages"] == "3"
    (stored,) = station.store.read(lambda reading: reading.attachments(messages(station, ticket)[0].id))
    assert stored.type == "image/tiff"
    pdf = fax_as_pdf(station.reader, station.store, intake, pages=3)
    assert pdf is not None
    assert pdf.startswith(b"%PDF-")


def test_s154_a_fax_without_a_number_is_a_ticket_that_nobody_is_answered_for(station: Station) -> None:
    """X7, S154: what the sending machine calls itself is shown as text and proves nothing."""
    at(station, "2026-11-24 10:20")
    fax(station, "f4-withheld-partial")
    ticket = station.ticket()
    assert (ticket.requester.number, ticket.requester.address, ticket.requester.person) == ("", "", None)
    assert ticket.requester.name == "+39 070 0000001"
    assert station.sent() == []


def test_s155_the_fax_of_a_public_body_is_flagged_and_answered_by_mail(station: Station) -> None:
    """X8, S155: the directory knows +390700000002 as a public body's fax."""
    body = Person("ente", "Ente di prova", "ente pubblico", mail="protocollo@ente.example", fax="+390700000002",
                  public_body=True)  # fmt: skip
    people = Directory([*station.gw.rules.people.values(), body])
    station.gw.rules = replace(station.gw.rules, people=people)
    at(station, "2026-11-25 10:20")
    fax(station, "hylafax-6")
    assert Mark.FAX_FROM_PUBLIC_BODY in station.ticket().marks
    (answer,) = station.sent()
    assert (answer.channel, answer.to) == (Channel.MAIL, "protocollo@ente.example")
    assert "art. 47" in answer.text


# ------------------------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0706061", "+390706061"),
        ("070 6061", "+390706061"),
        ("+39 070 6061", "+390706061"),
        ("0039-0706061", "+390706061"),
        ("333 0000001", "+393330000001"),
    ],
)
def test_s156_italian_numbers_are_one_however_they_are_written(variant: Variant, written: str, number: str) -> None:
    """X9, S156: landlines keep their zero."""
    variant.append("c09", f'[[group]]\nid = "altri"\nname = "altri"\nnumbers = ["{written}"]\n')
    assert variant.contract("c09").groups[-1].numbers == (number,)


@pytest.mark.parametrize(
    ("number", "its_class"), [("112", "emergency"), ("899123456", "premium"), ("892000", "premium")]
)
def test_s157_an_on_call_number_that_may_never_be_dialled_is_refused(
    variant: Variant, number: str, its_class: str
) -> None:
    """X10, S157: naming the number and its class."""
    variant.change("c02", 'number = "+390700000200"', f'number = "{number}"')
    with pytest.raises(SettingError, match=its_class) as refused:
        variant.site()
    assert number in refused.value.wrong
    assert (refused.value.key, refused.value.clause) == ("on_call.number[1].number", "X10")


def test_s158_a_technician_with_a_landline_is_called_and_not_texted(variant: Variant) -> None:
    """X10, S158: how the way out refuses an SMS to a landline is in tests/adapters/twilio."""
    people = variant.folder / "people.toml"
    people.write_text(people.read_text().replace('mobile = "+393330000002"', 'landline = "+390706061"'))
    found = would(rules_of(variant.site()), C02, "2026-11-28 22:10", Channel.MAIL, urgent=True)
    assert [step["by"] for step in found["chain"] if step["contact"] == "bruno"] == ["voice"]
    assert (may_be_called("+390706061"), may_be_texted("+390706061")) == (True, False)


def test_s159_a_number_in_the_text_of_a_ticket_is_never_dialled(station: Station) -> None:
    """X10, S159. That the text shows a warning beside it comes with the console."""
    assert classify("899123456") is NumberClass.PREMIUM
    at(station, "2026-11-28 22:10")
    station.mail("URGENTE", "È tutto fermo, chiamatemi al 899 123456.")
    for _ in range(30):
        station.pass_(minutes=1)
        for call in station.open_calls():
            station.call_status(call, "no-answer")
    numbers = {person.mobile for person in station.gw.rules.people.values()}
    assert {d.to for d in station.sent() if d.channel in (Channel.SMS, Channel.VOICE)} <= numbers
    assert station.page_calls(BRUNO)


# --------------------------------------------------------------------------------------------- recording, secrets, mail


def test_s162_whoever_refuses_the_recording_is_served_unrecorded_and_that_is_on_record(station: Station) -> None:
    """X12, S162: key nine."""
    ticket, _ = station.call()
    begun = station.step(ticket, "menu", digits="2")
    assert any(isinstance(verb, Gather) and verb.step == "notice" for verb in begun)
    script = station.step(ticket, "notice", digits="9")
    assert not any(isinstance(verb, Record) for verb in script)
    assert any(isinstance(verb, Gather) and verb.speech for verb in script)
    step = station.events(station.ticket())[-1]
    assert (step.type, step.data["step"], step.data["digits"]) == ("call_step", "notice", "9")


@pytest.mark.parametrize("missing", ["recording_days = 0", 'recording_purpose = ""', 'recording_purpose = "  "'])
def test_s163_a_recording_without_an_end_or_a_purpose_is_refused(variant: Variant, missing: str) -> None:
    """X12, S163."""
    path = variant.folder / "gateway.toml"
    path.write_text(f"{path.read_text()}{missing}\n")
    with pytest.raises(SettingError) as refused:
        variant.site()
    assert refused.value.key == f"phone.{missing.partition(' ')[0]}"


def test_s163_without_a_word_in_the_configuration_nothing_is_recorded(variant: Variant) -> None:
    """X12, S163: off by default."""
    path = variant.folder / "gateway.toml"
    path.write_text(path.read_text().replace("voicemail = true\n", ""))
    assert not rules_of(variant.site()).voicemail


def test_s166_the_sms_to_the_technician_has_no_tax_code(station: Station) -> None:
    """X15, S166: nor anything else of the citizen."""
    at(station, "2026-11-28 22:10")
    station.mail("URGENTE RSSMRA80A01B354X", "Certificato bloccato per RSSMRA80A01B354X.", sender=MARIA)
    (text,) = station.page_texts()
    assert "RSSMRA80A01B354X" not in text.text
    assert "maria" not in text.text.casefold()


def test_s167_a_late_answer_reopens_its_ticket_or_opens_a_linked_one(station: Station, variant: Variant) -> None:
    """X16, S167: ten days lie between the two, as the contract says."""
    reload(station, variant.change("c02", "[acknowledgement]", '[acknowledgement]\nreopens_within = "10d"'))
    lately = concluded(station, "2026-11-10 10:00", MARIA)
    long_ago = concluded(station, "2026-10-01 10:00", "altra.utente@comune.example")
    at(station, "2026-11-17 10:00")
    for number, sender in ((lately, MARIA), (long_ago, "altra.utente@comune.example")):
        (answer, *_) = mails_to(station, sender)
        thread = f"In-Reply-To: <{answer.facts['message_id']}>"
        station.mail("Re", f"Su {number}: non va ancora.", sender=sender, headers=thread)
    states = {ticket.number: ticket.state for ticket in station.tickets()}
    assert (states[lately], states[long_ago]) == (TicketState.TAKEN, TicketState.CLOSED)
    (linked,) = set(states) - {lately, long_ago}
    assert station.store.read(lambda reading: reading.links(long_ago)) == [(linked, "follow_up")]


def concluded(station: Station, moment: str, sender: str) -> int:
    """The number of a ticket that was closed at this moment."""
    at(station, moment)
    station.mail(sender=sender)
    number, by, now = station.tickets()[0].number, station.gw.rules.people["elena"], station.clock.now()
    station.store.write(lambda tx: desk.solve(station.gw, tx, number, "fatto", "solved", by, now))
    station.store.write(lambda tx: desk.close(tx, number, by, now))
    return number


# ------------------------------------------------------------------------------------------ history and configuration


def test_s165_a_day_of_four_hundred_events_is_sealed_and_one_that_is_missing_is_found(
    station: Station, tmp_path: Path
) -> None:
    """X14, S165: the seal holds the heads, their number and its own instant."""

    def day(tx: Transaction) -> None:
        begin = instant("2026-11-24 00:00")
        for count in range(400):
            tx.record(SYSTEM, Happening("noted", begin + timedelta(minutes=3 * count), "system"))

    station.store.write(day)
    seal = station.store.write(lambda tx: tx.add_seal("2026-11-24", instant("2026-11-25 00:05")))
    heads = station.store.read(lambda reading: reading.chain_heads())
    assert (seal.day, seal.entries, len(heads)) == ("2026-11-24", 400, 1)
    assert station.store.read(_fault) is None
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'centralino.db'}")
    with engine.begin() as connection:
        (sealed_at,) = connection.execute(sa.text("SELECT at FROM seal")).scalars()
        assert str(sealed_at).startswith("2026-11-24 23:05")
        connection.execute(sa.text("DELETE FROM entry WHERE chain = 'system' AND seq = 250"))
    engine.dispose()
    fault = station.store.read(_fault)
    assert fault is not None
    assert (fault.chain, fault.seq) == (SYSTEM, 250)


def _fault(reading: Reading) -> Fault | None:
    assert isinstance(reading, SqlReading)
    return verify(reading)


def test_s169_the_first_working_day_of_january_2027_is_the_fourth(rules: Rules) -> None:
    """X17, S169: 1 January is a holiday, then the weekend. The report itself comes with the reports."""
    calendar = rules.contracts[C02].schedule_on(date(2027, 1, 1)).calendar
    assert working_day_after(date(2026, 12, 31), 1, calendar) == date(2027, 1, 4)


def test_s170_a_reload_of_an_invalid_file_keeps_the_old_configuration_and_names_the_error(variant: Variant) -> None:
    """X18, S170, S016: file, field and clause."""
    path = variant.folder / "gateway.toml"
    with opened(path) as daemon:
        before = daemon.gateway.rules
        variant.change("c02", 'times = ["08:00-18:00"]', 'times = ["08:00-13:00", "14:00-18:00"]')
        daemon.reload()
        assert daemon.gateway.rules is before
        assert not daemon.reloads.ok
        assert all(word in daemon.reloads.text for word in ("c02-comune.toml", "hours.continuous", "C2.5"))
        daemon.store.write(lambda _: None)
        history = daemon.store.read(lambda reading: reading.entries(SYSTEM))
    assert history[-1].type == "reload_refused"
