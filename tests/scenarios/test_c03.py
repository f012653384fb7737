"""C3: two phases, split shifts, three channels, and contact details that are communicated before the works begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.compose import rules_of
from gateway import assigning, desk, tickets, visiting
from gateway.domain.dispatch import DispatchKind
from gateway.domain.errors import SettingError
from gateway.domain.hours import local
from gateway.domain.intake import Channel
from gateway.domain.provisions import ActKind
from gateway.domain.rules import Rules
from gateway.domain.ticket import Mark, TicketState
from gateway.domain.visits import VisitState
from tests.config.variant import Variant
from tests.flow.station import CITIZEN, Station, spoken
from tests.scenarios.stage import (
    C03,
    C03_FAX,
    C03_MAIL,
    C03_PHONE,
    CLERK,
    OPEN,
    TECHNICIAN,
    at,
    begun_on,
    instant,
    mails_to,
    opening,
    wall,
    would,
)

FAX = Path(__file__).parents[1] / "golden" / "fax" / "f1-front-end" / "in.eml"


# --------------------------------------------------------------------------------------------------- phases and groups


def test_s037_without_a_recorded_acceptance_phase_a_goes_on(variant: Variant) -> None:
    """C3.1, S037: whatever day had been planned."""
    contract = begun_on(variant, "2026-05-04").contract("c03")
    assert (contract.act(ActKind.START_OF_WORKS), contract.act(ActKind.FINAL_ACCEPTANCE)) == (contract.acts[0], None)
    rules = rules_of(variant.site())
    for sender in (CLERK, TECHNICIAN):
        found = would(rules, C03, "2026-09-15 10:00", Channel.MAIL, sender=sender)
        assert (found["phase"], found["outcome"], found["level"], found["route"]) == ("A", "accepted", 1, "desk")
    assert would(rules, C03, "2026-05-03 10:00", Channel.MAIL, sender=CLERK)["phase"] is None


def test_s038_before_the_acceptance_clerks_and_technicians_are_served_at_the_first_level(station: Station) -> None:
    """C3.2, S038: the group is stored on each ticket."""
    at(station, "2026-05-12 10:00")
    station.mail(sender=CLERK, to=(C03_MAIL,))
    station.mail(sender=TECHNICIAN, to=(C03_MAIL,))
    technicians, clerks = station.tickets()
    assert (clerks.party, technicians.party) == ("utenti_comuni", "tecnici_sardegnait")
    assert {(ticket.became, ticket.level, ticket.phase) for ticket in (clerks, technicians)} == {("accepted", 1, "A")}


def test_s039_a_ticket_that_becomes_a_visit_has_its_own_due_date_and_stays_open_with_it(station: Station) -> None:
    """C3.3, S039."""
    at(station, "2026-05-12 10:00")
    station.mail(sender=CLERK, to=(C03_MAIL,))
    number, by = station.ticket().number, station.gw.rules.people["elena"]
    at(station, "2026-05-13 11:00")
    now = station.clock.now()
    visit = station.store.write(lambda tx: visiting.request(station.gw, tx, number, "sassari", by, now))
    assert (visit.ticket, visit.requested_at, visit.state) == (number, now, VisitState.RESERVED)
    assert wall(visit.due_at) == "Thu 2026-05-14 18:00"
    station.store.write(lambda tx: assigning.take(station.gw, tx, number, by, now))
    with pytest.raises(tickets.DeskError, match="visit"):
        station.store.write(lambda tx: desk.solve(station.gw, tx, number, "fatto", "solved", by, now))
    assert station.ticket().state is TicketState.TAKEN
    at(station, "2026-05-14 12:00")
    now = station.clock.now()
    station.store.write(lambda tx: visiting.carry_out(station.gw, tx, visit.id, "Cavo sostituito", by, now))
    assert station.ticket().state is TicketState.TAKEN
    station.store.write(lambda tx: desk.solve(station.gw, tx, number, "fatto", "solved", by, now))
    assert station.ticket().state is TicketState.SOLVED


def test_s040_somebody_without_the_skill_is_given_a_ticket_only_with_the_reason_on_record(station: Station) -> None:
    """C3.4, S040."""
    at(station, "2026-05-12 10:00")
    station.mail(sender=CLERK, to=(C03_MAIL,))
    number, by, now = station.ticket().number, station.elena, station.clock.now()
    with pytest.raises(tickets.DeskError, match=r"dario has not the skill comunas .*C3\.4.*--reason"):
        station.store.write(lambda tx: assigning.assign(station.gw, tx, number, "dario", by, now))
    assert station.ticket().owner is None
    reason = "unico in servizio"
    station.store.write(lambda tx: assigning.assign(station.gw, tx, number, "dario", by, now, reason=reason))
    assert (station.ticket().state, station.ticket().owner) == (TicketState.TAKEN, "dario")
    (override,) = [each for each in station.events(station.ticket()) if each.type == "skill_overridden"]
    assert (override.by, override.clause, override.data) == ("elena", "C3.4", {"person": "dario", "skills": "comunas"})
    personal = station.store.read(lambda reading: reading.personal(str(number)))
    assert personal[override.seq] == {"reason": reason}
    assert mails_to(station, "dario.sanna@assistenza.example")


def test_s040_whoever_has_the_skill_takes_a_ticket_without_a_reason(station: Station) -> None:
    """C3.4, S040; nobody is told of what they do themselves."""
    at(station, "2026-05-12 10:00")
    station.mail(sender=CLERK, to=(C03_MAIL,))
    number, by, now = station.ticket().number, station.elena, station.clock.now()
    station.store.write(lambda tx: assigning.take(station.gw, tx, number, by, now))
    assert (station.ticket().owner, mails_to(station, by.mail or "")) == ("elena", [])
    with pytest.raises(tickets.DeskError, match="nobody called zoe"):
        station.store.write(lambda tx: assigning.assign(station.gw, tx, number, "zoe", by, now))
    with pytest.raises(tickets.DeskError, match="anna does not work for c03-sardegnait"):
        station.store.write(lambda tx: assigning.assign(station.gw, tx, number, "anna", by, now))


# --------------------------------------------------------------------------------------------------------------- hours


def test_s041_a_call_in_the_break_hears_the_reopening_and_may_leave_a_message(station: Station, rules: Rules) -> None:
    """C3.5, A3.3, S041: registered, and no technician is rung."""
    assert opening(rules, C03, "2026-11-24 13:45") == ("closed", "break", "Tue 2026-11-24 15:00")
    assert would(rules, C03, "2026-11-24 13:45")["route"] == "voicemail"
    at(station, "2026-11-24 13:45")
    ticket, script = station.call(to=C03_PHONE)
    words = spoken(script)
    assert "Il servizio riapre oggi alle ore quindici." in words
    assert "Può lasciare un messaggio dopo il segnale" in words
    assert (ticket.contract, ticket.requester.number) == (C03, CITIZEN)
    station.pass_(hours=1)
    assert station.sent(kind=DispatchKind.PAGE) == []


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        ("2026-11-24 13:29:59", "open"),
        ("2026-11-24 13:30:00", "closed"),
        ("2026-11-24 14:59:59", "closed"),
        ("2026-11-24 15:00:00", "open"),
    ],
)
def test_s042_the_break_begins_and_ends_on_the_second(rules: Rules, moment: str, state: str) -> None:
    """C3.5, S042."""
    assert would(rules, C03, moment)["state"] == state


def test_s043_new_years_eve_is_a_thursday_until_six(rules: Rules) -> None:
    """C3.5, S043."""
    assert opening(rules, C03, "2026-12-31 17:59") == OPEN
    assert opening(rules, C03, "2026-12-31 18:00")[0] == "closed"


def test_s044_on_friday_afternoon_the_desk_is_closed_until_monday(rules: Rules) -> None:
    """C3.6, S044."""
    assert opening(rules, C03, "2026-11-27 15:00") == ("closed", "out_of_hours", "Mon 2026-11-30 09:00")


def test_s045_a_mail_on_saturday_is_registered_and_told_the_next_opening(station: Station) -> None:
    """C3.6, S045."""
    at(station, "2026-11-28 10:00")
    station.mail(sender=CLERK, to=(C03_MAIL,))
    ticket = station.ticket()
    assert ticket.opened_at == ticket.received_at == instant("2026-11-28 10:00")
    (answer,) = mails_to(station, CLERK)
    assert "riapriamo lunedì 30 novembre 2026 alle ore 9.00" in answer.text


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-04-03 10:00", OPEN),
        ("2026-04-06 10:00", ("closed", "holiday", "Tue 2026-04-07 09:00")),
        ("2026-06-02 10:00", ("closed", "holiday", "Wed 2026-06-03 09:00")),
    ],
)
def test_s046_national_holidays_are_closed_and_good_friday_is_none(
    rules: Rules, moment: str, expected: tuple[str, str | None, str | None]
) -> None:
    """C3.6, A3.1, S046."""
    assert opening(rules, C03, moment) == expected


def test_s047_the_literal_reading_excludes_no_holidays(variant: Variant) -> None:
    """C3.6, A3.1, S047."""
    rules = rules_of(variant.change("c03", "national = true\npatron", "national = false\npatron").site())
    assert opening(rules, C03, "2026-06-02 10:00") == OPEN


def test_s048_the_sardinian_day_is_a_working_day_unless_the_contract_lists_it(rules: Rules, variant: Variant) -> None:
    """C3.6, S048."""
    assert opening(rules, C03, "2026-04-28 10:00") == OPEN
    listed = '[[holidays.additional]]\nname = "Sa die de sa Sardigna"\nevery = "04-28"\n\n[channels]'
    with_it = rules_of(variant.change("c03", "[channels]", listed).site())
    assert opening(with_it, C03, "2026-04-28 10:00") == ("closed", "holiday", "Wed 2026-04-29 09:00")


# ------------------------------------------------------------------------------------------------------------ channels


def fax(station: Station, number: str) -> None:
    """A fax from a number, as the fax service of the contract delivers it."""
    raw = FAX.read_bytes().replace(b"0700000001", number.encode()).replace(b"fax@comune.example", C03_FAX.encode())
    raw = raw.replace(b"24/11/2026 10:20", f"{local(station.clock.now()):%d/%m/%Y %H:%M}".encode())  # X2
    station.arrive(raw, sender="faxmaster@fax.example", to=(C03_FAX,), channel=Channel.FAX)


def test_s049_the_same_fault_by_telephone_mail_and_fax_is_three_contacts_of_one_shape(station: Station) -> None:
    """C3.7, S049: nothing is merged by itself. That a merge is proposed comes with the desk's duties."""
    at(station, "2026-11-24 10:00")
    station.call("+390700000350", to=C03_PHONE)
    at(station, "2026-11-24 10:05")
    station.mail("COMUNAS non si apre", sender=CLERK, to=(C03_MAIL,))
    at(station, "2026-11-24 10:20")
    fax(station, "0700000350")
    by_fax, by_mail, by_phone = station.tickets()
    assert [ticket.channel for ticket in (by_phone, by_mail, by_fax)] == ["phone", "mail", "fax"]
    assert {(t.contract, t.party, t.phase, t.level, t.became, t.state) for t in station.tickets()} == {
        (C03, "utenti_comuni", "A", 1, "accepted", TicketState.NEW)
    }


def test_s050_a_fax_on_friday_afternoon_is_registered_and_its_sender_called_back(station: Station) -> None:
    """C3.6, C3.7, S050: no fax goes out; who is not in the directory is on the list for the reopening."""
    at(station, "2026-11-27 15:00")
    fax(station, "0700000350")
    ticket = station.ticket()
    assert (ticket.channel, ticket.received_at) == ("fax", instant("2026-11-27 15:00"))
    assert Mark.CALL_BACK in ticket.marks
    assert station.sent() == []


def test_s050_the_sender_of_a_fax_who_is_in_the_directory_reads_the_next_opening_in_the_mailbox(
    station: Station,
) -> None:
    """C3.6, C3.7, S050."""
    at(station, "2026-11-27 15:00")
    fax(station, "0700000201")
    (answer,) = station.sent()
    assert (answer.channel, answer.to) == (Channel.MAIL, "elena.melis@assistenza.example")
    assert "riapriamo lunedì 30 novembre 2026 alle ore 9.00" in answer.text
    assert Mark.CALL_BACK not in station.ticket().marks


@pytest.mark.parametrize("told", ["2026-05-04", "2026-05-05"])
def test_s051_contact_details_told_on_the_day_of_the_start_or_later_are_too_late(variant: Variant, told: str) -> None:
    """C3.8, S051."""
    begun_on(variant, "2026-05-04").change("c03", "on = 2025-04-28", f"on = {told}")
    with pytest.raises(SettingError, match="not before") as refused:
        variant.site()
    assert (refused.value.key, refused.value.clause) == ("communication[1].on", "C3.8")


def test_s051_details_told_before_the_start_with_a_delivery_receipt_pass(variant: Variant) -> None:
    """C3.8, S051."""
    begun_on(variant, "2026-05-04").change("c03", "on = 2025-04-28", "on = 2026-04-30")
    assert variant.contract("c03").communications[0].proof.startswith("ricevuta di avvenuta consegna")
    variant.change("c03", 'proof = "ricevuta', '# proof = "ricevuta')
    with pytest.raises(SettingError) as refused:
        variant.site()
    assert refused.value.clause == "C3.8"
