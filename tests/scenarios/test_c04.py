"""C4: the contractor's first level by the sections of the FAQ, and devolution by mail with every action."""

from __future__ import annotations

import pytest

from adapters.mail.smtp_client import Relay, RelaySessions
from adapters.rehearsal import Account, Ports, Rehearsal
from config.compose import MailOutlet, loop_token_of, rules_of
from gateway import flow
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.errors import SettingError
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.rules import Rules
from gateway.domain.scope import matter_of
from gateway.domain.ticket import TicketState
from tests.config.variant import Variant
from tests.daemon.house import free_port
from tests.flow.station import MARIA, Station
from tests.scenarios.stage import C04, C04_MAIL, at, instant, mails_to, would
from tests.scenarios.summary import SHEET, act, complete, escalate, identify, refusal, sheet_of

VENDOR = "assistenza@phonzie.example"


def asked(station: Station, subject: str, text: str = "Buongiorno.") -> None:
    """A mail to the contractor's service."""
    station.mail(subject, text, to=(C04_MAIL,))


def test_s077_whoever_uses_another_operators_app_is_told_where_to_turn(station: Station) -> None:
    """C4.1, S077: registered, and nothing goes to the vendor."""
    at(station, "2026-11-23 10:00")
    asked(station, "Non riesco a pagare con l’app di un altro operatore")
    ticket = station.ticket()
    assert (ticket.became, ticket.matter) == ("out_of_scope", "altra_app")
    (answer,) = station.sent()
    assert (answer.to, "La preghiamo di rivolgersi" in answer.text) == (MARIA, True)
    assert "l’assistenza indicata nell’app dell’altro operatore" in answer.text


def test_s078_neither_telephone_nor_mailbox_is_refused(variant: Variant) -> None:
    """C4.2, S078."""
    variant.change("c04", 'order = ["phone", "mail"]\nphone = "+390700000400"', 'order = ["pec"]')
    variant.change("c04", 'channel = "phone"\naddress = "+390700000400"', 'channel = "pec"\naddress = "a@pec.example"')
    variant.change("c04", 'channel = "mail"\naddress', 'channel = "pec"\naddress')
    with pytest.raises(SettingError, match="at least one of telephone and e-mail is needed") as refused:
        variant.site()
    assert refused.value.clause == "C4.2"


def test_s079_a_first_level_problem_is_not_devolved_before_something_was_tried(station: Station) -> None:
    """C4.3, S079: an action and its outcome."""
    at(station, "2026-11-23 10:00")
    asked(station, "Problema con la ricarica del borsellino")
    assert station.ticket().matter == "borsellino"
    complete(station, acted=False)
    gaps, _ = refusal(station)
    assert [gap.field for gap in gaps] == ["actions"]
    act(station, station.ticket().number, "Verificato il pagamento", "risulta addebitato")
    assert escalate(station).to == VENDOR


def test_s080_what_is_in_no_section_of_the_faq_is_still_first_level(station: Station) -> None:
    """C4.4, S080: the list is open."""
    at(station, "2026-11-24 10:00")
    asked(station, "Ho ricevuto una multa sbagliata")
    ticket = station.ticket()
    assert (ticket.matter, ticket.became, ticket.level) == (None, "accepted", 1)


def test_s080_a_ticket_outside_the_sections_can_be_devolved_like_any_other(station: Station) -> None:
    """C4.4, C4.8, S080."""
    at(station, "2026-11-24 10:00")
    asked(station, "Ho ricevuto una multa sbagliata")
    identify(station, station.ticket().number, SHEET)
    complete(station)
    assert escalate(station).to == VENDOR
    assert mails_to(station, VENDOR)


def test_s081_four_topics_are_always_there_and_a_new_one_is_used_at_once(rules: Rules, variant: Variant) -> None:
    """C4.5, S081: written into the contract's file. Adding from the desk comes with the desk's duties."""
    scope = rules.contracts[C04].scope
    assert scope is not None
    assert {matter.id for matter in scope.matters if matter.inside} == {"borsellino", "costi", "spese", "parcheggi_blu"}
    assert matter_of(scope, "Dove trovo le ricevute?", "") is None
    variant.append("c04", '[[scope.matter]]\nid = "ricevute"\nname = "ricevute"\nwords = ["ricevute"]\ninside = true\n')
    found = would(rules_of(variant.site()), C04, "2026-11-24 10:00", Channel.MAIL, subject="Dove trovo le ricevute?")
    assert (found["matter"], found["outcome"]) == ("ricevute", "accepted")


def test_s085_a_devolution_goes_to_the_configured_mailbox_and_fails_aloud_when_that_bounces(station: Station) -> None:
    """C4.9, S085: never to an address of the ticket's text."""
    at(station, "2026-11-23 10:00")
    asked(station, "Ricarica non arrivata", "Se serve scrivete a altro@example.org.")
    complete(station)
    mail = escalate(station)
    assert mail.to == VENDOR
    assert b"altro@example.org" not in (mail.raw or b"").partition(b"\r\n\r\n")[0]
    at(station, "2026-11-23 10:03")
    station.arrive(bounce(mail.facts["message_id"]), sender="", to=(C04_MAIL,))
    assert station.ticket().state is TicketState.ESCALATION_FAILED
    assert station.intakes()[-1].state is IntakeState.BOUNCE
    (alarm,) = station.alarms()
    assert "dario" in alarm.to


def bounce(message_id: str) -> bytes:
    """The report of a server that knows no such mailbox (RFC 3464)."""
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {C04_MAIL}\r\nSubject: Undelivered\r\n"
        "Message-ID: <dsn1@mx.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nFailed.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {VENDOR}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{message_id}>\r\nSubject: x\r\n\r\nx\r\n--b--\r\n"
    ).encode()


def test_s086_while_the_relay_is_down_a_devolution_waits_and_then_leaves_once(station: Station) -> None:
    """C4.9, S086: one copy under one Message-ID, and every attempt in the history."""
    at(station, "2026-11-23 10:00")
    asked(station, "Ricarica non arrivata")
    complete(station)
    message_id = escalate(station).facts["message_id"]
    port = free_port()
    relay = Relay("127.0.0.1", port, None, None, "none", "centralino.example", 5.0)
    ways = {Channel.MAIL: MailOutlet(RelaySessions(relay), loop_token_of(station.gw.rules))}
    for _ in range(90):
        deliver(station, ways)
        station.clock.pass_(minutes=1)
    with Rehearsal(Account("AC" + "0" * 32, "token", "+390700000400"), ports=Ports(smtp=port)) as outside:
        for _ in range(30):
            deliver(station, ways)
            station.clock.pass_(minutes=1)
        (mail,) = outside.mail.to(VENDOR)
    assert mail.parsed["Message-ID"] == f"<{message_id}>"
    (dispatch,) = station.sent(kind=DispatchKind.ESCALATION)
    tried = [e.data for e in station.events(station.ticket()) if e.type == "dispatch_attempted"]
    tried = [each for each in tried if each["dispatch"] == str(dispatch.id)]
    assert [each["outcome"] for each in tried] == ["deferred"] * (dispatch.attempts - 1) + ["sent"]
    assert dispatch.state is DispatchState.SENT
    assert dispatch.sent_at is not None
    assert instant("2026-11-23 11:30") <= dispatch.sent_at < instant("2026-11-23 12:00")


def deliver(station: Station, ways: dict[Channel, MailOutlet]) -> None:
    """Send what is due, as the worker does."""
    for dispatch in flow.claim_due(station.gw, list(ways), 10):
        flow.deliver(station.gw, ways, dispatch)


def test_s087_every_recorded_action_is_in_the_mail_in_the_order_of_time(station: Station) -> None:
    """C4.10, S087: with hour, role and outcome; the desk has no way to take one out."""
    at(station, "2026-11-23 10:00")
    asked(station, "Ricarica non arrivata")
    number = complete(station, acted=False)
    for hour, what in (
        ("10:05", "Verificato il pagamento"),
        ("10:20", "Riletto il saldo"),
        ("10:40", "Provato di nuovo"),
    ):
        at(station, f"2026-11-23 {hour}")
        act(station, number, what, "nessun cambiamento")
    mail = escalate(station)
    actions = sheet_of(mail)["actions"]
    assert [action["action"] for action in actions] == [
        "Verificato il pagamento",
        "Riletto il saldo",
        "Provato di nuovo",
    ]
    assert {(action["by_role"], action["outcome"]) for action in actions} == {
        ("operatrice di primo livello", "nessun cambiamento")
    }
    assert mail.text.index("10.05") < mail.text.index("10.20") < mail.text.index("10.40")


def test_s088_without_an_action_nothing_is_sent_and_the_refusal_says_so(station: Station) -> None:
    """C4.10, S088."""
    at(station, "2026-11-23 12:00")
    asked(station, "Ricarica non arrivata")
    complete(station, acted=False)
    _, told = refusal(station)
    assert "azioni svolte: mancante" in told
    assert station.sent(kind=DispatchKind.ESCALATION) == []
