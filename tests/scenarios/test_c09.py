"""C9: the licensee's own users, by telephone and/or mail, and a devolution that is receivable."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from config.compose import rules_of
from config.main import app
from gateway import assigning, desk, suspending, tickets
from gateway.domain.dispatch import DispatchKind
from gateway.domain.incomplete import questions
from gateway.domain.intake import Channel
from gateway.domain.ticket import Mark, TicketState
from gateway.tickets import DeskError
from tests.config.variant import Variant
from tests.flow.station import Station
from tests.scenarios.stage import C09, C09_MAIL, OPEN, STRANGER, at, mails_to, opening, reload, would
from tests.scenarios.summary import SHEET, WORKSTATION, act, complete, escalate, identify, refusal, sheet_of

USER, VENDOR = "ada@studio.example", "assistenza@easy110.example"
LONGER = """
[[amendment]]
from = 2027-01-01
reference = "Offerta Commerciale, versione 2"

[amendment.hours]
continuous = false
closures_allowed = true

[[amendment.hours.band]]
days = ["mon", "tue", "wed", "thu", "fri"]
times = ["08:00-20:00"]
"""


def asked(station: Station, subject: str = "Computo metrico", text: str = "Non si apre.", sender: str = USER) -> int:
    """A mail to the licensee's service; the number of its ticket."""
    station.mail(subject, text, sender=sender, to=(C09_MAIL,))
    return station.tickets()[0].number


def test_s117_whom_nobody_knows_is_asked_for_the_organisation_and_goes_nowhere(station: Station) -> None:
    """C9.1, S117."""
    at(station, "2026-11-23 10:00")
    asked(station, sender=STRANGER)
    ticket = station.ticket()
    assert (ticket.became, Mark.UNKNOWN_REQUESTER in ticket.marks) == ("not_entitled", True)
    (answer,) = station.sent()
    assert answer.to == STRANGER
    assert "il nome del Suo ente o studio" in answer.text


def test_s118_from_the_day_of_the_new_offer_its_hours_apply(variant: Variant) -> None:
    """C9.2, S118."""
    rules = rules_of(variant.append("c09", LONGER).site())
    assert opening(rules, C09, "2027-01-04 18:30") == OPEN
    assert would(rules, C09, "2027-01-04 18:30")["version"] == 2
    assert opening(rules, C09, "2026-12-30 18:30") == ("closed", "out_of_hours", "Thu 2026-12-31 08:00")


def test_s119_a_service_with_a_mailbox_alone_speaks_of_no_telephone(station: Station, variant: Variant) -> None:
    """C9.3, S119."""
    variant.change("c09", 'order = ["phone", "mail"]\nphone = "+390700000900"', 'order = ["mail"]')
    variant.change("c09", 'channel = "phone"\naddress = "+390700000900"', 'channel = "mail"\naddress = "b@b.example"')
    reload(station, variant)
    at(station, "2026-11-28 10:00")
    asked(station)
    at(station, "2026-11-24 10:00")
    asked(station, sender=STRANGER)
    number, by, now = asked(station), station.gw.rules.people["elena"], station.clock.now()
    station.store.write(lambda tx: assigning.take(station.gw, tx, number, by, now))
    station.store.write(lambda tx: suspending.wait(station.gw, tx, number, "requester", "la versione", by, now))
    station.store.write(lambda tx: desk.solve(station.gw, tx, number, "Aggiornato.", "solved", by, now))
    written = [mail.text for mail in (*mails_to(station, USER), *mails_to(station, STRANGER))]
    assert len(written) == 5
    assert not [text for text in written if "telefon" in text.casefold() or "+39" in text]


def test_s120_a_problem_of_an_unknown_kind_is_worked_at_the_first_level(station: Station) -> None:
    """C9.4, S120."""
    at(station, "2026-11-24 10:00")
    asked(station, "Zzz", "qwerty")
    ticket = station.ticket()
    assert (ticket.became, ticket.level, ticket.matter) == ("accepted", 1, None)
    answer = CliRunner().invoke(app, ["ticket", "solve", "1", "--outcome", "out_of_scope", "--as", "elena"])
    assert (answer.exit_code, "--text" in answer.stderr) == (2, True)
    by, now = station.elena, station.clock.now()
    with pytest.raises(DeskError, match="why it cannot be"):
        station.store.write(lambda tx: desk.solve(station.gw, tx, ticket.number, " \n", "out_of_scope", by, now))


def test_s121_a_devolution_is_one_mail_and_the_vendors_own_number_is_kept(station: Station) -> None:
    """C9.5, S121."""
    at(station, "2026-11-24 14:00")
    asked(station)
    complete(station)
    at(station, "2026-11-24 15:00")
    thread = escalate(station).facts["message_id"]
    (mail,) = station.sent(kind=DispatchKind.ESCALATION)
    assert mail.to == VENDOR
    headers = f"In-Reply-To: <{thread}>"
    station.mail("Re: richiesta", "Ticket 4711", sender=VENDOR, to=(C09_MAIL,), headers=headers)
    assert station.ticket().vendor_reference == "4711"
    assert len(station.tickets()) == 1


def test_s124_what_the_vendor_sends_back_is_not_receivable_until_it_is_completed(station: Station) -> None:
    """C9.8, S124."""
    at(station, "2026-11-24 14:00")
    number = asked(station)
    complete(station)
    at(station, "2026-11-24 15:00")
    thread = escalate(station).facts["message_id"]
    at(station, "2026-11-25 09:10")
    refused = "Ticket non ricevibile: manca versione"
    station.mail("Re", refused, sender=VENDOR, to=(C09_MAIL,), headers=f"In-Reply-To: <{thread}>")
    ticket = station.ticket()
    assert ticket.state is TicketState.NOT_RECEIVABLE
    told = station.store.read(lambda reading: reading.personal(str(number)))
    (event,) = (entry for entry in station.events(ticket) if entry.type == "vendor_refused")
    assert (told[event.seq]["reason"], event.clause) == (refused, "C9.5")
    assert any(refused in alarm.text for alarm in station.alarms())
    identify(station, number, {"system.version": "7.2"})
    again = escalate(station)
    assert f"References: <{thread}>".encode() in (again.raw or b"")
    assert "Integrazione n. 1" in again.subject
    assert "trasmettiamo: sistema, modulo, versione." in again.text
    assert station.ticket().state is TicketState.ESCALATED


def test_s122_what_is_missing_for_the_vendor_is_what_the_user_is_asked(station: Station) -> None:
    """C9.6, S122."""
    at(station, "2026-11-24 10:00")
    number = asked(station, "Non funziona", "non funziona")
    identify(station, number, {"description": "non funziona"})
    gaps, _ = refusal(station)
    assert {"system", "workstation", "occurrence", "steps", "expected_obtained", "error"} <= {g.field for g in gaps}
    wanted = questions(gaps)
    by, now = station.gw.rules.people["elena"], station.clock.now()
    station.store.write(lambda tx: assigning.take(station.gw, tx, number, by, now))
    station.store.write(lambda tx: suspending.wait(station.gw, tx, number, "requester", "; ".join(wanted), by, now))
    question = mails_to(station, USER)[-1].text
    assert all(each in question for each in wanted)
    assert station.sent(kind=DispatchKind.ESCALATION) == []


def test_s122_the_environment_the_steps_and_the_frequency_are_part_of_a_complete_description(station: Station) -> None:
    """C9.6, S122."""
    at(station, "2026-11-24 10:00")
    number = asked(station)
    act(station, number, "Riavviato", "si ripresenta")
    without = {key: value for key, value in SHEET.items() if not key.startswith(("occurrence", "steps"))}
    identify(station, number, without)
    by, now = station.gw.rules.people["elena"], station.clock.now()
    station.store.write(lambda tx: desk.workaround(tx, number, "Usare il foglio di calcolo", None, by, now))
    assert {gap.field for gap in refusal(station)[0]} == {"workstation", "occurrence", "steps"}
    identify(station, number, {**SHEET, **WORKSTATION})
    assert escalate(station).to == VENDOR


def test_s122_a_description_that_says_nothing_is_not_complete_whatever_else_is_there(station: Station) -> None:
    """C9.6, S122."""
    at(station, "2026-11-24 10:00")
    number = asked(station, "Non funziona", "non funziona")
    complete(station)
    identify(station, number, {"description": "non funziona"})
    gaps, told = refusal(station)
    assert [(gap.field, gap.why) for gap in gaps] == [("description", "too_short")]
    assert "troppo breve" in told
    assert station.sent(kind=DispatchKind.ESCALATION) == []
    identify(station, number, {"description": SHEET["description"]})
    assert escalate(station).to == VENDOR


def test_s123_an_action_has_its_outcome_or_it_is_none(station: Station) -> None:
    """C9.7, S123: both gates; each action leaves with its outcome."""
    at(station, "2026-11-24 10:00")
    number = asked(station)
    complete(station, acted=False)
    with pytest.raises(tickets.DeskError, match="what came of it"):
        act(station, number, "Reinstallato il programma", " ")
    assert "azioni svolte: mancante" in refusal(station)[1]
    act(station, number, "Reinstallato il programma", "nessun effetto")
    assert [each["outcome"] for each in sheet_of(escalate(station))["actions"]] == ["nessun effetto"]
    assert station.sent(channel=Channel.MAIL)[-1].to == VENDOR
