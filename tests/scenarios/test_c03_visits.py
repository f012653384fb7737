"""C3: on-site visits: where, by when, how many, and for how long after the final acceptance."""

from __future__ import annotations

from datetime import date

import pytest

from config.compose import rules_of
from gateway.domain.dispatch import DispatchKind
from gateway.domain.intake import Channel
from gateway.domain.rules import Rules
from gateway.domain.visits import Visit, VisitState
from gateway.ports import Transaction
from tests.config.variant import Variant
from tests.flow.station import Station
from tests.scenarios.stage import C03, C03_MAIL, CLERK, TECHNICIAN, accepted_on, at, mails_to, reload, wall, would

RESPONSIBLE = "responsabile-comunas@sardegnait.example"
WISH = "Ci serve qualcuno in sede domani"


def visits(station: Station) -> list[Visit]:
    """Oldest first."""
    return station.store.read(lambda reading: list(reading.visits()))


def ask(station: Station, text: str = WISH, sender: str = TECHNICIAN) -> str:
    """A mail that wishes a visit; gives what became of it."""
    station.mail("Richiesta di intervento", text, sender=sender, to=(C03_MAIL,))
    return station.tickets()[0].became


def made(station: Station, phase: str, count: int) -> None:
    """So many visits of a phase were carried out, on a ticket of their own."""
    station.mail("Intervento", "Come d'accordo.", sender=TECHNICIAN, to=(C03_MAIL,))
    ticket, now = station.tickets()[0], station.clock.now()

    def unit(tx: Transaction) -> None:
        for _ in range(count):
            visit = Visit(0, ticket.number, C03, phase, "cagliari", VisitState.DONE, "accepted", now, None, now)
            tx.add_visit(visit)

    station.store.write(unit)


def due(rules: Rules, moment: str, site: str) -> str | None:
    """When a visit that is asked for at this moment is due."""
    return wall(would(rules, C03, moment, Channel.MAIL, sender=TECHNICIAN, site=site)["due"]["on_site"])


# ------------------------------------------------------------------------------------------------- places and quota A


def test_s052_a_place_that_is_not_admitted_takes_no_quota_and_the_client_decides(station: Station) -> None:
    """C3.9, S052."""
    at(station, "2026-06-15 10:00")
    assert ask(station, "Serve un intervento on-site presso il Comune di Oristano") == "site_not_admitted"
    (visit,) = visits(station)
    assert (visit.state, visit.site, visit.due_at) == (VisitState.ASKED, "oristano", None)
    (question,) = station.sent(kind=DispatchKind.DECISION)
    assert question.to == RESPONSIBLE
    assert "Oristano" in question.text
    assert "quota" not in next(e.data for e in station.events(station.ticket()) if e.type == "visit_requested")


def test_s053_the_thirtieth_visit_is_the_last_that_is_accepted_by_itself(station: Station) -> None:
    """C3.10, S053."""
    at(station, "2026-07-06 09:00")
    made(station, "A", 29)
    at(station, "2026-07-06 09:10")
    assert ask(station) == "accepted"
    requested = next(e for e in station.events(station.tickets()[0]) if e.type == "visit_requested")
    assert requested.data["quota"] == "30/30"
    at(station, "2026-07-06 09:12")
    assert ask(station) == "quota_exhausted"
    assert [visit.state for visit in visits(station)[-2:]] == [VisitState.RESERVED, VisitState.ASKED]
    assert visits(station)[-1].due_at is None
    assert "risultano tutti utilizzati" in mails_to(station, TECHNICIAN)[-1].text
    (question,) = station.sent(kind=DispatchKind.DECISION)
    assert (question.to, "30/30" in question.text) == (RESPONSIBLE, True)


# ------------------------------------------------------------------------------------------------------------ due dates


def test_s054_good_friday_is_a_working_day(rules: Rules) -> None:
    """C3.11, S054: until the end of that day's coverage."""
    assert due(rules, "2026-04-02 16:00", "cagliari") == "Fri 2026-04-03 13:30"


def test_s055_the_weekend_and_easter_monday_are_skipped(rules: Rules) -> None:
    """C3.11, S055."""
    assert due(rules, "2026-04-03 10:00", "cagliari") == "Tue 2026-04-07 18:00"


def test_s056_the_patron_saint_of_cagliari_is_skipped_there(rules: Rules) -> None:
    """C3.11, A3.4, S056."""
    assert due(rules, "2026-10-29 11:00", "cagliari") == "Mon 2026-11-02 18:00"
    assert due(rules, "2026-10-29 11:00", "sassari") == "Fri 2026-10-30 13:30"


def test_s057_the_patron_saint_of_sassari_is_skipped_there(rules: Rules) -> None:
    """C3.11, A3.4, S057."""
    assert due(rules, "2027-12-03 12:00", "sassari") == "Tue 2027-12-07 18:00"
    assert due(rules, "2027-12-03 12:00", "cagliari") == "Mon 2027-12-06 18:00"


def test_s058_new_year_and_the_weekend_after_it_are_skipped(rules: Rules) -> None:
    """C3.11, S058."""
    assert due(rules, "2026-12-31 17:59", "cagliari") == "Mon 2027-01-04 18:00"


@pytest.mark.parametrize("moment", ["2026-11-27 23:30", "2026-11-28 09:00"])
def test_s059_the_hour_of_the_request_does_not_count(rules: Rules, moment: str) -> None:
    """C3.11, S059: late on Friday, and on Saturday."""
    assert due(rules, moment, "cagliari") == "Mon 2026-11-30 18:00"


def test_s060_the_epiphany_is_skipped(rules: Rules) -> None:
    """C3.11, S060."""
    assert due(rules, "2027-01-05 17:00", "cagliari") == "Thu 2027-01-07 18:00"


# ----------------------------------------------------------------------------------------------- after the acceptance


def test_s069_visits_are_due_until_the_last_day_of_six_months_and_no_longer(station: Station, variant: Variant) -> None:
    """C3.19, S069."""
    reload(station, accepted_on(variant, "2026-09-15"))
    at(station, "2027-03-15 12:00")
    assert ask(station) == "accepted"
    at(station, "2027-03-16 09:05")
    assert ask(station) == "period_expired"
    inside, after = visits(station)
    assert (inside.state, wall(inside.due_at)) == (VisitState.RESERVED, "Tue 2027-03-16 18:00")
    assert (after.state, after.due_at) == (VisitState.ASKED, None)
    assert "si è concluso il 15 marzo 2027" in mails_to(station, TECHNICIAN)[-1].text


@pytest.mark.parametrize(
    ("extends", "last"), [("true", date(2027, 3, 1)), ("false", date(2027, 2, 28))], ids=["extended", "as it falls"]
)
def test_s070_six_months_from_31_august_end_with_february_or_the_monday_after(
    variant: Variant, extends: str, last: date
) -> None:
    """C3.19, S070: there is no 31 February; 28 February 2027 is a Sunday."""
    accepted_on(variant, "2026-08-31")
    variant.change("c03", "extend_to_next_day = true # C3.19", f"extend_to_next_day = {extends} # C3.19")
    found = would(rules_of(variant.site()), C03, "2026-10-01 10:00", Channel.MAIL)
    assert found["periods"]["on_site_until"] == last


def test_s071_a_plain_wish_is_enough_for_a_visit_and_the_rest_is_asked_afterwards(
    station: Station, variant: Variant
) -> None:
    """C3.20, S071."""
    reload(station, accepted_on(variant, "2026-09-15"))
    at(station, "2026-11-23 17:55")
    assert ask(station, "Ci serve qualcuno in sede domani") == "accepted"
    (visit,) = visits(station)
    assert (visit.site, visit.phase, wall(visit.due_at)) == ("cagliari", "B", "Tue 2026-11-24 18:00")
    (answer,) = mails_to(station, TECHNICIAN)
    assert "è accettata" in answer.text
    assert "ci indichi, rispondendo a questo messaggio, che cosa occorre" in answer.text
    assert "Non servono moduli" in answer.text


def test_s072_after_the_acceptance_visits_are_at_the_clients_own_premises(station: Station, variant: Variant) -> None:
    """C3.21, S072."""
    reload(station, accepted_on(variant, "2026-09-15"))
    at(station, "2026-11-23 10:00")
    assert ask(station, "Serve un intervento on-site presso il Comune di Sassari") == "site_not_admitted"
    (answer,) = mails_to(station, TECHNICIAN)
    assert "sede di SardegnaIT, Cagliari" in answer.text
    (visit,) = visits(station)
    assert (visit.state, visit.due_at) == (VisitState.ASKED, None)
    (question,) = station.sent(kind=DispatchKind.DECISION)
    assert question.to == RESPONSIBLE


def test_s073_what_phase_a_left_over_is_not_offered_after_it(station: Station, variant: Variant) -> None:
    """C3.22, S073: 12 of 30 before, 10 of 10 after."""
    reload(station, accepted_on(variant, "2026-09-15"))
    at(station, "2026-09-10 09:00")
    made(station, "A", 12)
    at(station, "2026-11-30 09:00")
    made(station, "B", 10)
    at(station, "2026-12-02 09:00")
    assert ask(station) == "quota_exhausted"
    (question,) = station.sent(kind=DispatchKind.DECISION)
    assert "10/10" in question.text
    assert not any(word in question.text for word in ("18", "30"))
    assert [visit.phase for visit in visits(station)].count("B") == 11


# ---------------------------------------------------------------------------------------- what a wish means, and when


def test_a_user_of_a_comune_who_names_no_place_means_no_other_site(station: Station) -> None:
    """C3.9, C3.21: before the acceptance the default is SardegnaIT's own; a Comune's user is asked where."""
    at(station, "2026-07-06 09:00")
    assert ask(station, sender=CLERK) == "accepted"
    assert ask(station, sender=TECHNICIAN) == "accepted"
    assert [visit.site for visit in visits(station)] == ["", "cagliari"]


def test_a_wish_in_a_later_mail_is_a_visit_as_well(station: Station) -> None:
    """C3.20: any wording is enough, also in the answer to our acknowledgement; said twice it is one visit."""
    at(station, "2026-07-06 09:00")
    assert ask(station, "La procedura non stampa.") == "accepted"
    assert visits(station) == []
    thread = mails_to(station, TECHNICIAN)[0].facts["message_id"]
    for _ in range(2):
        at(station, "2026-07-06 10:00")
        headers = f"In-Reply-To: <{thread}>"
        station.mail("Re: Richiesta", WISH, sender=TECHNICIAN, to=(C03_MAIL,), headers=headers)
    assert len(station.tickets()) == 1
    assert [(visit.site, visit.state) for visit in visits(station)] == [("cagliari", VisitState.RESERVED)]


def test_an_automatic_answer_wishes_no_visit(station: Station) -> None:
    at(station, "2026-07-06 09:00")
    ask(station, "La procedura non stampa.")
    thread = mails_to(station, TECHNICIAN)[0].facts["message_id"]
    headers = f"In-Reply-To: <{thread}>\nAuto-Submitted: auto-replied"
    station.mail("Fuori ufficio", WISH, sender=TECHNICIAN, to=(C03_MAIL,), headers=headers)
    assert visits(station) == []
