"""What the door says to whom, over real sockets."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta

import pytest

from gateway.domain.errors import StoreError
from gateway.domain.intake import Arrival, Channel, Receipt
from tests.adapters.smtp.door import INTAKE, MAIL, Client, Running

Opener = Callable[..., Running]


def sent(door: Running, data: bytes = MAIL) -> str:
    with Client(door.port) as client:
        client.envelope()
        client.send(data + b".\r\n")
        return client.answer()


def test_a_mail_is_stored_byte_for_byte_when_it_is_answered_250(door: Running) -> None:
    assert sent(door).startswith("250 ")
    (intake,) = door.intakes()
    assert intake.raw == MAIL


def test_an_arrival_carries_its_envelope_and_what_the_door_knows(door: Running) -> None:
    sent(door)
    (intake,) = door.intakes()
    assert (intake.channel, intake.door, intake.sender, intake.recipients) == (
        Channel.MAIL,
        "smtp",
        "maria@example.org",
        (INTAKE,),
    )
    assert intake.facts == {"peer": "127.0.0.1", "helo": "client.example", "tls": "", "smtputf8": "no"}


def test_dots_at_the_begin_of_a_line_are_unstuffed(door: Running) -> None:
    sent(door, b"..one\r\nx\r\n..two\r\n...three\r\nmid.dle\r\n")
    (intake,) = door.intakes()
    assert intake.raw == b".one\r\nx\r\n.two\r\n..three\r\nmid.dle\r\n"


def test_an_empty_message_is_a_message(door: Running) -> None:
    assert sent(door, b"").startswith("250 ")
    assert [intake.raw for intake in door.intakes()] == [b""]


def test_a_big_message_comes_through_whole(door: Running) -> None:
    body = MAIL + b"".join(b"line %d of a rather long message\r\n" % n for n in range(60_000))
    assert sent(door, body).startswith("250 ")
    assert door.intakes()[0].raw == body


def test_a_second_try_of_the_same_delivery_is_the_first_intake(door: Running) -> None:
    assert [sent(door)[:3], sent(door)[:3]] == ["250", "250"]
    assert len(door.intakes()) == 1
    assert len(set(door.heard.accepted_ids)) == 1


def test_the_same_data_for_other_recipients_is_another_delivery(door: Running) -> None:
    sent(door)
    with Client(door.port) as client:
        client.envelope("assistenza+token@comune.example")
        client.send(MAIL + b".\r\n")
        client.answer()
    assert len(door.intakes()) == 2


def test_several_messages_come_over_one_connection(door: Running) -> None:
    with smtplib.SMTP("127.0.0.1", door.port) as client:
        for n in range(5):
            client.sendmail("a@example.org", [INTAKE], MAIL + b"%d\r\n" % n)
    assert len(door.intakes()) == 5


def test_commands_sent_in_one_packet_are_each_answered(door: Running) -> None:
    """RFC 2920."""
    with Client(door.port) as client:
        client.say("EHLO c.example")
        client.send(b"MAIL FROM:<a@example.org>\r\nRCPT TO:<assistenza@comune.example>\r\nDATA\r\n")
        assert [client.answer()[:3] for _ in range(3)] == ["250", "250", "354"]
        client.send(MAIL + b".\r\nQUIT\r\n")
        assert [client.answer()[:3] for _ in range(2)] == ["250", "221"]


@pytest.mark.parametrize(
    "recipient",
    [
        "altri@example.net",
        "altri%example.net@comune.example",
        "@comune.example:altri@example.net",
        "@relay.example:assistenza@comune.example",
        '"altri@example.net"@comune.example',
        "example.net!altri@comune.example",
        "altri@example.net@comune.example",
        "altri",
        "assistenza",
        "assistenza@COMUNE.example.evil",
    ],
)
def test_only_configured_recipients_are_taken_in_whatever_form(door: Running, recipient: str) -> None:
    """B-017: never a relay."""
    with Client(door.port) as client:
        client.say("EHLO c.example")
        client.say("MAIL FROM:<a@example.org>")
        assert client.say(f"RCPT TO:<{recipient}>") == "550 5.1.1 No such recipient here\r\n"


@pytest.mark.parametrize("recipient", ["assistenza@Comune.EXAMPLE", "assistenza+a1b2@comune.example"])
def test_a_recipient_is_known_in_any_case_of_its_domain_and_with_a_token(door: Running, recipient: str) -> None:
    with Client(door.port) as client:
        client.say("EHLO c.example")
        client.say("MAIL FROM:<a@example.org>")
        assert client.say(f"RCPT TO:<{recipient}>").startswith("250")


def test_the_null_sender_is_taken(door: Running) -> None:
    """B-022."""
    with Client(door.port) as client:
        client.say("EHLO c.example")
        assert client.say("MAIL FROM:<>").startswith("250")
        client.say(f"RCPT TO:<{INTAKE}>")
        client.say("DATA")
        client.send(MAIL + b".\r\n")
        client.answer()
    assert [intake.sender for intake in door.intakes()] == [""]


def test_parameters_of_delivery_notices_are_taken_and_ignored(door: Running) -> None:
    with Client(door.port) as client:
        client.say("EHLO c.example")
        assert client.say("MAIL FROM:<a@b.example> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=x+2B1").startswith("250")
        answer = client.say(f"RCPT TO:<{INTAKE}> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;{INTAKE}")
        assert answer.startswith("250")


def test_an_unknown_parameter_is_refused(door: Running) -> None:
    with Client(door.port) as client:
        client.say("EHLO c.example")
        assert client.say("MAIL FROM:<a@b.example> FROBNICATE=1").startswith("555")


def test_who_is_known_here_is_told_to_nobody(door: Running) -> None:
    """B-018."""
    with Client(door.port) as client:
        client.say("EHLO c.example")
        assert client.say(f"VRFY {INTAKE}") == client.say("VRFY nobody@nowhere.example")
        assert client.say("EXPN list").startswith("502")


def test_logging_in_is_neither_offered_nor_possible(door: Running) -> None:
    """B-008."""
    with Client(door.port) as client:
        assert "AUTH" not in client.say("EHLO c.example")
        assert client.say("AUTH PLAIN AGEAYg==").startswith("502")


@pytest.mark.parametrize(
    "command",
    [
        b"MAIL FROM:<a\0b@example.org>",
        b"MAIL FROM:<\xff@example.org>",
        b"MAIL FROM:<a\x1b[31m@example.org>",
        b"MAIL FROM:<a\rRCPT TO:<x@y>>",
        b"HELO \xfe\xff",
        b"NOOP \0",
    ],
)
def test_control_and_undecodable_bytes_in_a_command_are_refused(door: Running, command: bytes) -> None:
    """B-019."""
    with Client(door.port) as client:
        if not command.startswith(b"HELO"):
            client.say("EHLO c.example")
        assert client.say(command).startswith("501")


def test_an_address_that_is_no_address_is_refused(door: Running) -> None:
    with Client(door.port) as client:
        client.say("EHLO c.example")
        assert client.say("MAIL FROM:<a@example.org").startswith("553")


def test_addresses_beyond_ascii_are_kept_composed_and_with_a_labels(door: Running) -> None:
    """B-020."""
    with Client(door.port) as client:
        assert "SMTPUTF8" in client.say("EHLO c.example")
        assert client.say("MAIL FROM:<nicolo\u0300@caff\u00e8.example> SMTPUTF8").startswith("250")
        client.say(f"RCPT TO:<{INTAKE}>")
        client.say("DATA")
        client.send(MAIL + b".\r\n")
        client.answer()
    (intake,) = door.intakes()
    assert intake.sender == "nicol\u00f2@xn--caff-8oa.example"


def test_a_look_alike_address_is_not_the_configured_one(door: Running) -> None:
    """B-020: the o is Cyrillic."""
    with Client(door.port) as client:
        client.say("EHLO c.example")
        client.say("MAIL FROM:<a@example.org> SMTPUTF8")
        assert client.say("RCPT TO:<assistenza@c\u043emune.example>").startswith("550")


def test_an_address_beyond_ascii_needs_smtputf8(door: Running) -> None:
    with Client(door.port) as client:
        client.say("EHLO c.example")
        assert client.say("MAIL FROM:<nicol\u00f2@example.org>").startswith("553 5.6.7")


@pytest.mark.parametrize("command", ["XCLIENT ADDR=1.2.3.4", "XFORWARD ADDR=1.2.3.4", "ETRN x", "FOO"])
def test_commands_that_are_not_ours_are_refused_without_an_echo(door: Running, command: str) -> None:
    """B-023."""
    with Client(door.port) as client:
        client.say("EHLO c.example")
        assert client.say(command) == "502 5.5.2 Command not recognised\r\n"


@pytest.mark.parametrize("line", ["PROXY TCP4 1.2.3.4 5.6.7.8 25 25", "GET / HTTP/1.1"])
def test_who_does_not_speak_smtp_is_sent_away(door: Running, line: str) -> None:
    """B-023: a forged PROXY header."""
    with Client(door.port) as client:
        assert client.say(line).startswith("421")
        assert client.answer() == ""


def test_commands_out_of_order_are_refused(door: Running) -> None:
    with Client(door.port) as client:
        assert client.say("DATA").startswith("503")
        assert client.say("MAIL FROM:<a@example.org>").startswith("503")
        client.say("EHLO c.example")
        assert client.say(f"RCPT TO:<{INTAKE}>").startswith("503")
        client.say("MAIL FROM:<a@example.org>")
        assert client.say("DATA").startswith("503")


class Broken:
    """A store as it is when the disk is full."""

    SECRET = "password=hunter2 db at 10.0.0.5"

    def raising(self, _: Arrival) -> Future[Receipt]:
        raise StoreError(self.SECRET)

    def failing(self, _: Arrival) -> Future[Receipt]:
        future: Future[Receipt] = Future()
        future.set_exception(RuntimeError(self.SECRET))
        return future

    def silent(self, _: Arrival) -> Future[Receipt]:
        return Future()


@pytest.mark.parametrize("how", ["raising", "failing", "silent"])
def test_any_fault_of_ours_is_451_with_a_reference_and_nothing_else(opened: Opener, how: str) -> None:
    """F1, B-025, P3."""
    door = opened(accept=getattr(Broken(), how), commit_timeout=timedelta(seconds=0.2))
    answer = sent(door)
    ((reference, _),) = door.heard.faults
    assert answer == f"451 4.3.0 Temporary fault on our side, please send again later (reference {reference})\r\n"


def test_a_fault_in_the_dialogue_itself_is_451_too(opened: Opener) -> None:
    """F1: aiosmtpd would answer 500 and show the exception."""
    door = opened()
    door.listener._door._recipients = Broken().raising  # noqa: SLF001 - breaks it on purpose
    with Client(door.port) as client:
        client.say("EHLO c.example")
        client.say("MAIL FROM:<a@example.org>")
        answer = client.say(f"RCPT TO:<{INTAKE}>")
    assert answer.startswith("451 4.3.0")
    assert "hunter2" not in answer


def test_after_a_fault_the_same_connection_may_try_again(opened: Opener) -> None:
    door = opened(accept=Broken().raising)
    with Client(door.port) as client:
        client.envelope()
        client.send(MAIL + b".\r\n")
        assert client.answer().startswith("451")
        assert client.say("MAIL FROM:<a@example.org>").startswith("250")


def test_the_door_knows_when_somebody_spoke_to_it_last(door: Running) -> None:
    """Filing gives way to whoever is about to bring something (decision 0008)."""
    assert door.listener.heard_at == 0.0
    before = time.monotonic()
    sent(door)
    assert before - 0.01 <= door.listener.heard_at <= time.monotonic()
