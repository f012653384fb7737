"""C3: after the final acceptance the client's first level serves the users, and the vendor its technicians alone."""

from __future__ import annotations

import pytest

from gateway import assigning, desk
from gateway.domain.dispatch import DispatchKind
from gateway.domain.ticket import Mark, Outcome, TicketState
from tests.config.variant import Variant
from tests.flow.station import Station, spoken
from tests.scenarios.stage import (
    C03_MAIL,
    C03_PHONE,
    CLERK,
    TECHNICIAN,
    accepted_on,
    at,
    instant,
    mails_to,
    messages,
    reload,
)
from tests.scenarios.summary import SHEET, act, complete, escalate, identify, refusal, sheet_of

FIRST_LEVEL, RESPONSIBLE = "primo-livello@sardegnait.example", "responsabile-comunas@sardegnait.example"
VENDOR = "secondo-livello@aggiudicatario.example"
BLOCKED = "BLOCCANTE: COMUNAS non si apre"


@pytest.fixture
def phase_b(station: Station, variant: Variant) -> Station:
    """C3 accepted on 15 September 2026: phase B from the 16th on."""
    reload(station, accepted_on(variant, "2026-09-15"))
    return station


def test_s061_a_clerk_who_calls_after_the_acceptance_is_recorded_and_passed_on(phase_b: Station) -> None:
    """C3.12, S061: no second-level ticket of the vendor."""
    at(phase_b, "2026-09-16 10:00")
    ticket, script = phase_b.call("+390700000350", to=C03_PHONE)
    words = spoken(script)
    assert "curata dal Servizio di primo livello di SardegnaIT" in words
    assert "Abbiamo registrato la Sua chiamata" in words
    assert (ticket.became, ticket.party, ticket.level) == ("not_entitled", "utenti_comuni", 1)
    (passed_on,) = phase_b.sent(kind=DispatchKind.FORWARD)
    assert (passed_on.to, "+390700000350" in passed_on.text) == (FIRST_LEVEL, True)
    assert phase_b.sent(kind=DispatchKind.ESCALATION) == []


def test_s062_without_a_workaround_the_second_level_is_refused_and_with_one_it_is_activated(phase_b: Station) -> None:
    """C3.13–C3.17, S062. The workaround notice and the time of each step come with the desk's duties."""
    at(phase_b, "2026-10-01 16:00")
    phase_b.mail(BLOCKED, sender=TECHNICIAN, to=(C03_MAIL,))
    number = complete(phase_b, workaround=False)
    at(phase_b, "2026-10-01 16:20")
    gaps, told = refusal(phase_b)
    assert [gap.field for gap in gaps] == ["workaround"]
    assert "soluzione provvisoria" in told
    assert phase_b.sent(kind=DispatchKind.ESCALATION) == []
    by, now = phase_b.gw.rules.people["elena"], phase_b.clock.now()
    phase_b.store.write(lambda tx: desk.workaround(tx, number, "Usare il registro di carta", None, by, now))
    assert escalate(phase_b).to == VENDOR


def test_s062_that_there_is_no_workaround_has_to_be_said_with_its_reason(phase_b: Station) -> None:
    """C3.16, S062."""
    at(phase_b, "2026-10-01 16:20")
    phase_b.mail(BLOCKED, sender=TECHNICIAN, to=(C03_MAIL,))
    number = complete(phase_b, workaround=False)
    by, now = phase_b.gw.rules.people["elena"], phase_b.clock.now()
    phase_b.store.write(lambda tx: desk.workaround(tx, number, None, "il registro di carta non è ammesso", by, now))
    assert Mark.NO_WORKAROUND in phase_b.ticket().marks
    assert sheet_of(escalate(phase_b))["workaround"]["none_reason"] == "il registro di carta non è ammesso"


def test_s064_until_the_problem_is_identified_the_second_level_is_refused(phase_b: Station) -> None:
    """C3.14, S064: who identified it and when is on record. That it is shown as a step comes with the desk's duties."""
    at(phase_b, "2026-10-01 09:12")
    phase_b.mail(BLOCKED, sender=TECHNICIAN, to=(C03_MAIL,))
    number = phase_b.ticket().number
    problem = ("system.system", "system.module", "system.version", "steps", "error", "analysis")
    identify(phase_b, number, {key: value for key, value in SHEET.items() if key not in problem})
    act(phase_b, number, "Riavviato", "si ripresenta")
    by, now = phase_b.gw.rules.people["elena"], phase_b.clock.now()
    phase_b.store.write(lambda tx: desk.workaround(tx, number, "Usare il registro di carta", None, by, now))
    assert [gap.field for gap in refusal(phase_b)[0]] == ["system", "steps", "error", "analysis"]
    at(phase_b, "2026-10-01 09:25")
    identify(phase_b, number, {key: SHEET[key] for key in problem})
    step = next(e for e in phase_b.events(phase_b.ticket())[::-1] if e.type == "identified")
    assert (step.at, step.by) == (instant("2026-10-01 09:25"), "elena")
    assert escalate(phase_b).to == VENDOR


def test_s065_with_a_workaround_the_ticket_is_not_concluded(phase_b: Station) -> None:
    """C3.16, S065: the solution stays due. The notice T-WA to the user comes with the desk's duties."""
    at(phase_b, "2026-10-01 09:12")
    phase_b.mail(BLOCKED, sender=TECHNICIAN, to=(C03_MAIL,))
    number, by = phase_b.ticket().number, phase_b.gw.rules.people["elena"]
    at(phase_b, "2026-10-01 10:05")
    now = phase_b.clock.now()
    phase_b.store.write(lambda tx: assigning.take(phase_b.gw, tx, number, by, now))
    phase_b.store.write(lambda tx: desk.workaround(tx, number, "Usare il registro di carta", None, by, now))
    ticket = phase_b.ticket()
    assert (ticket.state, ticket.outcome) == (TicketState.WORKAROUND, None)
    assert next(e.at for e in phase_b.events(ticket) if e.type == "workaround") == now


def test_s066_the_activation_of_the_second_level_is_one_mail_with_the_technician_as_contact(phase_b: Station) -> None:
    """C3.17, S066."""
    at(phase_b, "2026-10-01 09:12")
    phase_b.mail(BLOCKED, f"Lo segnala {CLERK}.", sender=TECHNICIAN, to=(C03_MAIL,))
    complete(phase_b)
    at(phase_b, "2026-10-01 10:20")
    mail = escalate(phase_b)
    assert [d.to for d in phase_b.sent(kind=DispatchKind.ESCALATION)] == [VENDOR]
    ticket = phase_b.ticket()
    assert (ticket.level, ticket.escalated_at) == (2, instant("2026-10-01 10:20"))
    assert ticket.requester.address == TECHNICIAN
    assert CLERK.encode() not in (mail.raw or b"")
    assert sheet_of(mail)["contact"]["role"] == "Coordinatore dell’help desk"


def test_s067_what_the_first_level_solves_at_once_is_closed_there(phase_b: Station) -> None:
    """C3.15, S067. The article of the knowledge base and the count in the report come later."""
    at(phase_b, "2026-10-01 09:12")
    phase_b.mail("Come si stampa il registro?", sender=CLERK, to=(C03_MAIL,))
    number, by = phase_b.ticket().number, phase_b.gw.rules.people["elena"]
    at(phase_b, "2026-10-01 09:30")
    now = phase_b.clock.now()
    identify(phase_b, number, {"articles": "KB-12"})
    phase_b.store.write(lambda tx: desk.solve(phase_b.gw, tx, number, "Menu Stampe, Registro.", "solved", by, now))
    phase_b.store.write(lambda tx: desk.close(tx, number, by, now))
    ticket = phase_b.ticket()
    assert (ticket.state, ticket.outcome, ticket.level) == (TicketState.CLOSED, Outcome.SOLVED, 1)
    assert phase_b.sent(kind=DispatchKind.ESCALATION) == []


def test_s068_a_technician_who_writes_after_the_acceptance_has_a_second_level_ticket(phase_b: Station) -> None:
    """C3.18, S068."""
    at(phase_b, "2026-09-16 10:00")
    phase_b.mail(sender=TECHNICIAN, to=(C03_MAIL,))
    ticket = phase_b.ticket()
    assert (ticket.became, ticket.level, ticket.phase, ticket.party) == ("accepted", 2, "B", "tecnici_sardegnait")
    routed = next(event for event in phase_b.events(ticket) if event.type == "routed")
    assert (routed.data["route"], "C3.18" in routed.data["clauses"]) == ("second_level", True)


def test_s074_the_second_level_ends_with_the_last_day_of_its_year(phase_b: Station) -> None:
    """C3.23, S074."""
    at(phase_b, "2027-09-15 17:30")
    phase_b.mail(sender=TECHNICIAN, to=(C03_MAIL,))
    at(phase_b, "2027-09-16 09:10")
    phase_b.mail(sender=TECHNICIAN, to=(C03_MAIL,))
    after, inside = phase_b.tickets()
    assert (inside.became, inside.level) == ("accepted", 2)
    assert after.became == "period_expired"
    assert "si è concluso il 15 settembre 2027" in mails_to(phase_b, TECHNICIAN)[-1].text
    assert [d.to for d in phase_b.sent(kind=DispatchKind.DECISION)] == [RESPONSIBLE]


def test_s075_the_specialists_answer_reaches_the_technician_and_never_the_clerk(phase_b: Station) -> None:
    """C3.24, S075."""
    at(phase_b, "2026-11-24 10:00")
    phase_b.mail(
        "COMUNAS non stampa", f"Per conto di {CLERK}.", sender=TECHNICIAN, to=(C03_MAIL,), headers=f"Cc: {CLERK}"
    )
    number, by = phase_b.ticket().number, phase_b.gw.rules.people["fabio"]
    at(phase_b, "2026-11-24 16:00")
    now = phase_b.clock.now()
    phase_b.store.write(lambda tx: desk.reply(phase_b.gw, tx, number, "Aggiornate il driver.", by, now))
    assert "Aggiornate il driver." in mails_to(phase_b, TECHNICIAN)[-1].text
    assert messages(phase_b, phase_b.ticket())[-1].recipients == (TECHNICIAN,)
    assert mails_to(phase_b, CLERK) == []
