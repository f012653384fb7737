"""A gate in front of every ticket: mail that nobody can verify waits, and never is lost (P13, B-052, B-053, B-066)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway import flow, verifying
from gateway.domain import correlation
from gateway.domain.authentication import Finding, Method, Result, Standing, Verdict, with_retry
from gateway.domain.dispatch import DispatchKind
from gateway.domain.intake import Arrival, Channel, Intake, IntakeState, RepeatKey
from gateway.domain.register import Entry
from gateway.domain.ticket import Mark, Message, Ticket, TicketState
from gateway.tickets import DeskError
from tests.flow.station import INTAKE, MARIA, OTHER_INTAKE, TUESDAY_MORNING, Station
from tests.flow.test_certified import Certified
from tests.peers import pec_provider as provider
from tests.peers.pec_provider import CERTIFIED, Submitted, Wrong
from tests.store.conftest import Database


class Looker:
    """Says of every mail what the test wants: what really looks is tested where it is (tests/adapters/mail)."""

    def __init__(self, result: Result = Result.PASS, reason: str = "") -> None:
        self.result, self.reason = result, reason
        self.asked = 0

    def verdicts(self, intakes: Sequence[Intake], at: datetime) -> list[Verdict]:
        return [self.verdict(intake, at) for intake in intakes]

    def verdict(self, intake: Intake, at: datetime) -> Verdict:
        self.asked += 1
        standing = {Result.PASS: Standing.VERIFIED, Result.FAIL: Standing.FORGED}
        found = Finding(Method.DMARC, self.result, "comune.example", self.reason)
        known = standing.get(self.result, Standing.UNVERIFIED)
        return with_retry(Verdict(intake.id, at, "comune.example", known, "own", (found,)))


@pytest.fixture
def looker(station: Station) -> Looker:
    station.gw.authenticator = looker = Looker()
    station.clock.set(TUESDAY_MORNING)
    return looker


@pytest.fixture
def ticket(station: Station, looker: Looker) -> Ticket:
    """Maria's ticket, which she may answer."""
    station.mail()
    return station.ticket()


def answer_to(station: Station, ticket: Ticket, text: str = "Ecco i dati.", **more: str) -> None:
    """A mail with everything that leads to a ticket: a signed Message-ID of ours, the mark, and the sender's name."""
    ours = correlation.message_id(station.gw.rules.signing_key, ticket.number, "a" * 32, "comune.example")
    headers = f"In-Reply-To: <{ours}>\n{more.pop('headers', '')}"
    station.mail(f"Re: [{ticket.number}] Come si stampa?", text, headers=headers, **more)  # type: ignore[arg-type]


def heard(station: Station, ticket: Ticket) -> list[Message]:
    """What came in on a ticket."""
    return [message for message in station.messages(ticket) if message.direction == "in"]


def entries(station: Station, ticket: Ticket) -> list[Entry]:
    return station.store.read(lambda reading: reading.entries(str(ticket.number)))


def held(station: Station) -> Intake:
    (only,) = [each for each in station.intakes() if each.state is IntakeState.UNVERIFIED]
    return only


def verdict(station: Station, intake: Intake) -> Verdict:
    found = station.store.read(lambda reading: reading.verdict(intake.id))
    assert found
    return found


def test_what_is_verified_joins_as_ever(station: Station, looker: Looker, ticket: Ticket) -> None:
    answer_to(station, ticket)
    assert len(heard(station, ticket)) == 2
    assert verdict(station, station.intakes()[-1]).standing is Standing.VERIFIED


@pytest.mark.parametrize("result", [Result.NONE, Result.FAIL, Result.TEMPERROR, Result.PERMERROR])
def test_a_forged_answer_changes_nothing_and_waits(
    station: Station, looker: Looker, ticket: Ticket, result: Result
) -> None:
    """B-053: no message, no state, no mail to anybody but the supervisors."""
    looker.result, looker.reason = result, "p=reject"
    before = station.fresh(ticket)
    sent = len(station.sent())
    answer_to(station, ticket)
    assert station.tickets() == [before]
    assert len(heard(station, ticket)) == 1
    assert verdict(station, held(station)).ticket == ticket.number
    assert {each.kind for each in station.sent()[sent:]} == {DispatchKind.ALARM}
    assert station.happened(ticket)[-2:] == ["mail_unverified", "alarm_raised"]


def test_many_forged_answers_are_told_once_a_day(station: Station, looker: Looker, ticket: Ticket) -> None:
    looker.result = Result.FAIL
    for n in range(20):
        answer_to(station, ticket, f"tentativo {n}")
    told = len(station.alarms())
    station.pass_(hours=25)
    answer_to(station, ticket, "ancora")
    assert len(station.alarms()) == 2 * told > 0


def test_a_forged_answer_does_not_reopen(station: Station, looker: Looker, ticket: Ticket) -> None:
    from gateway import desk

    elena, at = station.elena, station.clock.now()
    station.store.write(lambda tx: desk.solve(station.gw, tx, ticket.number, "Fatto", "solved", elena, at))
    looker.result = Result.NONE
    answer_to(station, ticket)
    assert station.fresh(ticket).state is TicketState.SOLVED


def test_the_desk_accepts_and_the_mail_joins(station: Station, looker: Looker, ticket: Ticket) -> None:
    looker.result = Result.NONE
    answer_to(station, ticket, "Il modello è X12.")
    waiting = held(station)
    station.store.write(lambda tx: verifying.accept(tx, waiting.id, station.elena, station.clock.now()))
    station.file()
    assert heard(station, ticket)[-1].text.strip() == "Il modello è X12."
    assert len(station.tickets()) == 1
    vouched = verdict(station, waiting)
    assert (vouched.standing, vouched.by, vouched.ticket) == (Standing.VOUCHED, "elena", None)
    assert "mail_accepted" in station.happened(ticket)


def test_the_desk_makes_a_request_of_its_own_of_it(station: Station, looker: Looker, ticket: Ticket) -> None:
    looker.result = Result.NONE
    answer_to(station, ticket, "Non sono Maria.")
    before = station.fresh(ticket)
    waiting = held(station)
    station.store.write(lambda tx: verifying.file_apart(tx, waiting.id, station.elena, station.clock.now()))
    station.file()
    other, first = station.tickets()
    assert first == before
    assert Mark.UNVERIFIED_SENDER in other.marks
    assert len(heard(station, ticket)) == 1


def test_only_what_waits_is_decided_about(station: Station, looker: Looker, ticket: Ticket) -> None:
    (filed,) = station.intakes()
    at = station.clock.now()
    with pytest.raises(DeskError, match="is filed"):
        station.store.write(lambda tx: verifying.accept(tx, filed.id, station.elena, at))
    with pytest.raises(DeskError, match="no intake 999"):
        station.store.write(lambda tx: verifying.file_apart(tx, 999, station.elena, at))


# --------------------------------------------------------------------------------------------------------- new requests


def test_an_unverified_request_is_a_ticket_that_says_so(station: Station, looker: Looker) -> None:
    looker.result = Result.NONE
    station.mail()
    assert {Mark.UNVERIFIED_SENDER, Mark.TO_VERIFY} <= set(station.ticket().marks)
    received = next(entry for entry in station.events(station.ticket()) if entry.type == "received")
    assert received.data["sender_is"] == "unverified"
    assert "dmarc=none" in received.data["looked_at"]


def test_an_unverified_sender_gets_one_acknowledgement_a_day_without_their_words(
    station: Station, looker: Looker
) -> None:
    """B-052: whoever is forged as the sender of many mails."""
    looker.result = Result.NONE
    for n in range(5):
        station.mail(f"Compra adesso {n}")
    (only,) = station.acknowledgements()
    assert "Compra" not in only.subject + only.text
    assert len(station.tickets()) == 5


def test_a_forged_sender_gets_no_acknowledgement(station: Station, looker: Looker) -> None:
    looker.result, looker.reason = Result.FAIL, "p=reject"
    station.mail()
    assert station.acknowledgements() == []
    assert Mark.FORGED_SENDER in station.ticket().marks


def test_an_urgent_unverified_request_wakes_whoever_is_on_call(station: Station, looker: Looker) -> None:
    """DESIGN, "Whom to wake": every request outside hours; one that waits for the desk would wake nobody."""
    station.clock.set("2026-11-28T22:10:00+01:00")
    looker.result = Result.NONE
    station.mail("URGENTE: server fermo")
    assert len(station.page_texts()) == 1


def test_an_urgent_unverified_answer_at_night_is_a_request_of_its_own(
    station: Station, looker: Looker, ticket: Ticket
) -> None:
    """It waits for nobody, and the ticket that it names does not change."""
    station.clock.set("2026-11-28T22:10:00+01:00")
    before = station.fresh(ticket)
    looker.result = Result.NONE
    answer_to(station, ticket, "URGENTE: ora è tutto fermo")
    other, first = station.tickets()
    assert first == before
    assert Mark.UNVERIFIED_SENDER in other.marks
    assert len(station.page_texts()) == 1
    (received,) = [each for each in entries(station, other) if each.type == "received"]
    assert received.data["names"] == str(ticket.number), "whoever is woken finds what it is about"


def test_a_robot_that_answers_at_night_wakes_nobody(station: Station, looker: Looker, ticket: Ticket) -> None:
    station.clock.set("2026-11-28T22:10:00+01:00")
    looker.result = Result.NONE
    answer_to(station, ticket, "URGENTE: sono assente", headers="Auto-Submitted: auto-replied")
    assert station.page_texts() == []
    assert station.alarms() == []
    assert held(station).state is IntakeState.UNVERIFIED


def test_a_forged_vendor_changes_nothing(station: Station, looker: Looker, ticket: Ticket) -> None:
    """B-066: right address, right subject, right thread."""
    contract = station.gw.rules.contract(ticket.contract)
    assert contract.escalation
    looker.result = Result.FAIL
    answer_to(station, ticket, "Riferimento: ABC-1234", sender=contract.escalation.mailbox)
    assert station.fresh(ticket).vendor_reference is None
    assert "vendor_answered" not in station.happened(ticket)


# -------------------------------------------------------------------------------------------------------- looking again


def report_on(station: Station, ticket: Ticket) -> None:
    """A delivery report that names the acknowledgement of a ticket by its signed Message-ID."""
    thread = station.acknowledgements()[0].facts["message_id"]
    raw = (
        "From: MAILER-DAEMON@comune.example\r\nTo: assistenza@comune.example\r\nSubject: Undelivered\r\n"
        "Message-ID: <dsn1@comune.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nFailed.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {MARIA}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{thread}>\r\nSubject: x\r\n\r\nx\r\n--b--\r\n"
    )
    station.arrive(raw.encode(), sender="")


@pytest.mark.parametrize(("decide", "becomes"), [(verifying.accept, "refused"), (verifying.file_apart, "")])
def test_a_forged_delivery_report_changes_nothing_until_the_desk_believes_it(
    station: Station, looker: Looker, ticket: Ticket, decide: Callable[..., Intake], becomes: str
) -> None:
    """P11, P13: that something did not arrive is never silent, and nobody's forgery makes it so."""
    state, told = station.acknowledgements()[0].state, len(station.alarms())
    looker.result, looker.reason = Result.FAIL, "p=reject"
    report_on(station, ticket)
    waiting = held(station)
    assert (station.acknowledgements()[0].state, "bounced" in station.happened(ticket)) == (state, False)
    assert len(station.alarms()) > told
    station.store.write(lambda tx: decide(tx, waiting.id, station.elena, station.clock.now()))
    station.file()
    assert station.acknowledgements()[0].state == (becomes or state)
    assert station.intakes()[-1].state is IntakeState.BOUNCE
    assert len(station.tickets()) == 1


def test_a_delivery_report_that_nobody_signed_counts_by_the_message_that_it_names(
    station: Station, looker: Looker, ticket: Ticket
) -> None:
    """P11: hardly any mail server signs its reports; the Message-ID is signed, and only the recipient has it."""
    looker.result = Result.NONE
    report_on(station, ticket)
    assert station.acknowledgements()[0].state == "refused"
    assert "bounced" in station.happened(ticket)


def test_what_failed_for_now_is_looked_at_again_and_then_joins_by_itself(
    station: Station, looker: Looker, ticket: Ticket
) -> None:
    """C-38."""
    looker.result = Result.TEMPERROR
    answer_to(station, ticket)
    assert verifying.look_again(station.gw) == 0, "not yet"
    looker.result = Result.PASS
    station.pass_(seconds=11)
    assert verifying.look_again(station.gw) == 1
    station.file()
    assert len(heard(station, ticket)) == 2
    assert [each.state for each in station.intakes()] == [IntakeState.FILED] * 2
    assert verifying.look_again(station.gw) == 0


def test_a_request_that_was_filed_meanwhile_loses_its_mark(station: Station, looker: Looker) -> None:
    looker.result = Result.TEMPERROR
    station.mail()
    assert Mark.UNVERIFIED_SENDER in station.ticket().marks
    looker.result = Result.PASS
    station.pass_(seconds=11)
    verifying.look_again(station.gw)
    assert not {Mark.UNVERIFIED_SENDER, Mark.TO_VERIFY} & set(station.ticket().marks)


def test_after_some_looks_it_stays_unverified(station: Station, looker: Looker, ticket: Ticket) -> None:
    looker.result = Result.TEMPERROR
    answer_to(station, ticket)
    looks = 0
    for _ in range(20):
        station.pass_(hours=1)
        looks += verifying.look_again(station.gw)
    assert looks == 4
    found = verdict(station, held(station))
    assert (found.tries, found.again_at) == (5, None)


def test_a_look_that_breaks_is_not_repeated_for_ever(
    station: Station, looker: Looker, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(intake: Intake, at: datetime) -> Verdict:
        raise RecursionError

    looker.result = Result.TEMPERROR
    answer_to(station, ticket)
    monkeypatch.setattr(looker, "verdict", breaks)
    looks = 0
    for _ in range(20):
        station.pass_(hours=1)
        looks += verifying.look_again(station.gw)
    assert looks == 4
    assert verdict(station, held(station)).again_at is None


def test_what_the_desk_decided_is_not_looked_at_again(station: Station, looker: Looker, ticket: Ticket) -> None:
    looker.result = Result.TEMPERROR
    answer_to(station, ticket)
    waiting = held(station)
    station.store.write(lambda tx: verifying.accept(tx, waiting.id, station.elena, station.clock.now()))
    station.pass_(hours=1)
    assert verifying.look_again(station.gw) == 0
    station.file()
    assert verdict(station, waiting).standing is Standing.VOUCHED
    assert len(heard(station, ticket)) == 2


def test_where_nobody_looks_everything_is_as_it_was(station: Station) -> None:
    """No [authentication]: every sender is taken at their word."""
    station.clock.set(TUESDAY_MORNING)
    station.mail()
    ticket = station.ticket()
    answer_to(station, ticket)
    assert len(heard(station, ticket)) == 2
    assert station.store.read(lambda reading: reading.verdict(1)) is None
    assert verifying.look_again(station.gw) == 0


def test_a_second_delivery_is_looked_at_and_stays_a_duplicate(station: Station, looker: Looker) -> None:
    raw = station.raw_mail("Uno", "testo", sender=MARIA, to=(INTAKE,), message_id="x@comune.example")
    station.arrive(raw)
    looker.result = Result.NONE
    station.arrive(raw, door="imap", key="imap:posta:1:7")
    assert [each.state for each in station.intakes()] == [IntakeState.FILED, IntakeState.DUPLICATE]
    assert Mark.UNVERIFIED_SENDER not in station.ticket().marks


def test_an_unverified_mail_waits_across_the_conclusion_of_its_ticket(
    station: Station, looker: Looker, ticket: Ticket
) -> None:
    """Accepted a month later it is a follow-up, as any late answer (X16)."""
    from gateway import desk

    looker.result = Result.NONE
    answer_to(station, ticket)
    waiting = held(station)
    elena = station.elena
    station.store.write(
        lambda tx: desk.solve(station.gw, tx, ticket.number, "Fatto", "solved", elena, station.clock.now())
    )
    station.clock.pass_(days=40)
    station.store.write(lambda tx: verifying.accept(tx, waiting.id, elena, station.clock.now()))
    station.file()
    follow_up, first = station.tickets()
    assert first.state in {TicketState.SOLVED, TicketState.CLOSED}
    assert follow_up.number != first.number


def test_retries_are_counted_from_the_first_look() -> None:
    found = Finding(Method.DMARC, Result.TEMPERROR)
    at = datetime.fromisoformat(TUESDAY_MORNING)
    first = with_retry(Verdict(1, at, "x.example", Standing.UNVERIFIED, findings=(found,)))
    assert first.again_at == at + timedelta(seconds=10)
    assert with_retry(replace(first, tries=5)).again_at is None
    assert with_retry(replace(first, standing=Standing.VERIFIED)).again_at is None


# ------------------------------------------------------------------------------------------------- other ways to arrive


@pytest.fixture
def certified(database: Database, tmp_path: Path) -> Iterator[Certified]:
    """A certified mailbox, where nothing else verifies anybody."""
    found = Certified(database.open(), tmp_path / "certified", TUESDAY_MORNING)
    found.gw.authenticator = Looker(Result.NONE)
    yield found
    found.reader.close()


def test_a_certified_envelope_verifies_its_sender_and_nothing_else_does(certified: Certified) -> None:
    """Of certified mail the provider's signature counts, whatever SPF would say of the provider (S143, S144)."""
    to = (("assistenza@pec.comune.example", CERTIFIED),)
    at = certified.clock.now()
    certified.pec(provider.transport(Submitted("maria@pec.cittadini.example", to, "Uno", "m1@pec"), at))
    assert verdict(certified, certified.intakes()[-1]).source == "pec"
    assert Mark.UNVERIFIED_SENDER not in certified.ticket().marks
    forged = Submitted("maria@pec.cittadini.example", to, "Due", "m2@pec")
    certified.pec(provider.transport(forged, at, wrong=Wrong(is_signed=False)))
    assert Mark.UNVERIFIED_SENDER in certified.tickets()[0].marks


def test_one_delivery_kept_by_recipient_is_linked_tickets(station: Station) -> None:
    """DESIGN: one contact to two contracts is two linked tickets, by LMTP too."""
    raw = station.raw_mail("Uno", "Testo", sender=MARIA, to=(INTAKE, OTHER_INTAKE), message_id="")
    for to in (INTAKE, OTHER_INTAKE):
        key = RepeatKey(f"lmtp:{to}")
        arrival = Arrival(Channel.MAIL, "lmtp", raw, station.clock.now(), MARIA, (to,), key, {"delivery": "d1"})
        flow.accept(station.gw, arrival).result(10)
    station.file()
    second, first = station.tickets()
    links = station.store.read(lambda reading: reading.links(first.number))
    assert links == [(second.number, "same_contact")]
