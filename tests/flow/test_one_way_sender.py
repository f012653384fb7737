"""SMS that leave from a name, to which nobody can reply: what they say instead, and what still works (M-01, M-02)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import smsutil

from gateway import drills, handovers, probing, standing_in, texting, waking
from gateway.domain.contract import Acknowledgement, Contract, Endpoint
from gateway.domain.dispatch import Dispatch, Sent
from gateway.domain.hours import ROME
from gateway.domain.intake import Channel
from gateway.domain.roster.asking import swap_code
from gateway.domain.routing import Role, Rung
from gateway.domain.sender_ids import ONE_WAY, SenderIds
from gateway.domain.telephony import RosterChange
from gateway.domain.texts import SMS_LIMIT
from gateway.domain.ticket import TicketState
from tests.flow.probe_site import PROBE_NUMBER, with_probe
from tests.flow.station import BRUNO, CARLA, CITIZEN, DARIO, DESK_NUMBER, SMS_NUMBER, TUESDAY_MORNING, Station

C2, C9 = "c02-comune", "c09-easy110"
URGENT = "URGENTE: protocollo bloccato"
NAME = "ComuneTest"
MIXED = SenderIds(DESK_NUMBER, SMS_NUMBER, NAME)
"""A name for notices, a number for pages (FIELD 3)."""


def leaves_from(station: Station, sender_ids: SenderIds) -> None:
    station.gw.rules = replace(station.gw.rules, sender_ids=sender_ids)


@pytest.fixture
def named(station: Station) -> Station:
    """Every SMS leaves from a name; people reach us at the number of the desk."""
    leaves_from(station, SenderIds(DESK_NUMBER, NAME))
    return station


def on_call(station: Station, **changes: object) -> None:
    """The same contract with other terms of its on-call duty."""

    def changed(contract: Contract) -> Contract:
        assert contract.on_call
        return replace(contract, on_call=replace(contract.on_call, **changes))  # type: ignore[arg-type]  # by name

    station.change(C2, changed)


def urgent(station: Station) -> Dispatch:
    """An urgent request, and the SMS by which the contact on duty is told."""
    station.mail(URGENT)
    station.chase()
    return station.page_texts(BRUNO)[-1]


def ids(texts: list[Dispatch]) -> list[str]:
    return [text.facts["text_id"] for text in texts]


def sms(station: Station, number: str) -> list[Dispatch]:
    return [each for each in station.to(number) if each.channel is Channel.SMS]


def by_call(station: Station, text: Dispatch) -> bool:
    """It is one SMS of the basic alphabet from the name, and tells the number to call and the code of its page."""
    code = next(page.code for page in station.pages() if page.id == text.page) if text.page else ""
    fits = smsutil.is_valid_gsm(text.text) and len(text.text) <= SMS_LIMIT
    told = DESK_NUMBER in text.text and code in text.text and not re.search(r"\bOK\b|Rispond", text.text)
    return fits and told and text.facts["from"] == NAME


# ------------------------------------------------------------------------------------------------------------- to pages


def test_a_page_by_a_name_says_to_call_and_key_the_code(named: Station) -> None:
    """M-02 in the place of M-01."""
    text = urgent(named)
    (page,) = named.pages()
    assert text.facts["text_id"] == "M-02"
    assert by_call(named, text)
    assert text.text.endswith(f"Per accettare chiama {DESK_NUMBER} e digita {page.code}.")
    assert "NO " not in text.text


def test_a_page_by_another_number_is_worded_as_ever_and_leaves_from_there(station: Station) -> None:
    """M-01."""
    leaves_from(station, SenderIds(DESK_NUMBER, SMS_NUMBER))
    text = urgent(station)
    assert (text.facts["text_id"], text.facts["from"]) == ("M-01", SMS_NUMBER)
    assert f"OK {station.pages()[0].code}" in text.text


def test_an_ordinary_request_by_a_name_is_taken_by_a_call(named: Station) -> None:
    """M-10."""
    named.mail()
    named.chase()
    (text,) = named.page_texts(BRUNO)
    assert (text.facts["text_id"], by_call(named, text)) == ("M-10-CALL", True)


def test_the_reminder_by_a_name_comes_once(named: Station) -> None:
    """M-03: its other wording counts as a reminder too when the contact is rung again for the same page."""
    delivered(named, urgent(named))
    named.pass_(minutes=6)
    reminder = named.page_texts(BRUNO)[-1]
    assert (reminder.facts["text_id"], by_call(named, reminder)) == ("M-03-CALL", True)
    delivered(named, reminder)
    rules, ticket, at = named.gw.rules, named.ticket(), named.clock.now()
    again = Rung(rules.people["bruno"], Role.CONTACT, (Channel.VOICE,), timedelta(minutes=2))
    named.store.write(lambda tx: waking.tell(named.gw, tx, ticket, rules.contracts[C2], again, turn=(1, 1), at=at))
    assert ids(named.page_texts(BRUNO)) == ["M-02", "M-03-CALL"]


def delivered(station: Station, text: Dispatch) -> None:
    """The SMS lies on the telephone."""
    station.conclude(text, Sent(f"SM{text.id}"))
    station.sms_status(text, "delivered")


def test_whoever_accepted_and_did_nothing_confirms_by_a_call(named: Station) -> None:
    """FIELD 44."""
    on_call(named, acceptance_expires=timedelta(hours=2))
    urgent(named)
    code = named.pages()[0].code
    named.sms(BRUNO, f"OK {code}", to=DESK_NUMBER)
    named.pass_(hours=2, minutes=1)
    reminder = named.to(BRUNO)[-1]
    assert reminder.facts["text_id"] == "M-03-TAKEN-CALL"
    assert by_call(named, reminder)
    assert code in reminder.text


def test_many_at_once_by_a_name_are_accepted_by_one_call(named: Station) -> None:
    """M-MANY."""
    on_call(named, storm_pages=2)
    for _ in range(5):
        named.mail()
    named.pass_(minutes=11)
    many = named.page_texts(BRUNO)[-1]
    assert (many.facts["text_id"], by_call(named, many)) == ("M-MANY-CALL", True)
    assert "3 richieste" in many.text


def test_a_drill_by_a_name_is_confirmed_by_a_call(named: Station) -> None:
    dario, now = named.gw.rules.people["dario"], named.clock.now()
    named.store.write(lambda tx: drills.begin(named.gw, tx, C2, dario, now))
    texts = named.page_texts()
    assert {text.to for text in texts} == {BRUNO, CARLA, DARIO}
    assert set(ids(texts)) == {"M-DRILL-CALL"}
    assert all(by_call(named, text) for text in texts)


def test_what_asks_for_nothing_is_worded_as_ever(named: Station) -> None:
    """M-04, M-06: from the same name."""
    urgent(named)
    for _ in range(30):
        named.pass_(minutes=1)
    (alarmed,) = [text for text in sms(named, DARIO) if text.facts["text_id"] == "M-06"][:1]
    named.sms(CARLA, f"OK {next(page.code for page in named.pages() if page.number == CARLA)}", to=DESK_NUMBER)
    named.chase()
    (told,) = [text for text in sms(named, BRUNO) if text.facts["text_id"] == "M-04"]
    assert (alarmed.facts["from"], told.facts["from"]) == (NAME, NAME)


# --------------------------------------------------------------------------------------------------------------- duty


def test_a_watch_is_confirmed_by_a_call(named: Station) -> None:
    """M-05."""
    on_call(named, confirm_shift=True, confirm_within=timedelta(minutes=20))
    named.clock.set("2026-12-04T17:59:00+01:00")
    named.store.write(lambda tx: handovers.arm_all(named.gw, tx, named.clock.now()))
    named.pass_(minutes=1)
    (text,) = [each for each in sms(named, CARLA) if each.facts["text_id"] == "M-05-CALL"]
    assert by_call(named, text)
    assert "premi 1" in text.text


def asked_to_swap(station: Station) -> RosterChange:
    """Bruno asks carla to take a night over."""
    start, end = (
        datetime.fromisoformat(each).replace(tzinfo=ROME).astimezone(UTC)
        for each in ("2026-11-29T20:00", "2026-11-30T08:00")
    )
    wanted = standing_in.Wanted(station.gw.rules.contracts[C2], start, end, "carla", "", ("+39",))
    bruno, at = station.gw.rules.people["bruno"], station.clock.now()
    return station.store.write(lambda tx: standing_in.ask_swap(station.gw, tx, wanted, bruno, at))


def test_a_swap_is_answered_by_the_link_in_its_mail(named: Station) -> None:
    """C2.8: a code that nobody can text back is not told."""
    swap = asked_to_swap(named)
    (text,) = sms(named, CARLA)
    assert (text.facts["text_id"], text.facts["from"]) == ("M-SWAP-MAIL", NAME)
    assert swap_code(named.gw.rules.signing_key, swap) not in text.text
    assert len(text.text) <= SMS_LIMIT
    assert any("/swap/" in mail.text for mail in named.to("carla.lai@assistenza.example"))


# ------------------------------------------------------------------------------------------------------------- replies


@pytest.mark.parametrize("ours", [DESK_NUMBER, SMS_NUMBER])
def test_who_texts_our_number_all_the_same_is_answered_from_there(named: Station, ours: str) -> None:
    """M-TAKEN: the reply counts, and so would a further one."""
    urgent(named)
    named.sms(BRUNO, f"ok {named.pages()[0].code}", to=ours)
    assert (named.ticket().state, named.ticket().owner) == (TicketState.TAKEN, "bruno")
    answer = sms(named, BRUNO)[-1]
    assert (answer.facts["text_id"], answer.facts["from"]) == ("M-TAKEN", ours)


@pytest.mark.parametrize(
    ("said", "text_id", "asks"),
    [("che cosa devo fare?", "M-COURTESY", "Scrivi OK"), ("OK 000000", "M-WRONG-CODE", "Rispondi OK")],
)
def test_an_answer_to_a_text_may_ask_for_a_reply(named: Station, said: str, text_id: str, asks: str) -> None:
    """M-COURTESY, B-079: it leaves from the number that was texted."""
    urgent(named)
    named.sms(BRUNO, said, to=DESK_NUMBER)
    answer = sms(named, BRUNO)[-1]
    assert (answer.facts["text_id"], answer.facts["from"]) == (text_id, DESK_NUMBER)
    assert asks in answer.text


def test_a_swap_that_is_asked_about_by_text_is_told_with_its_code(named: Station) -> None:
    """INFO with the code of a swap: the two-way words, since there is a way back."""
    code = swap_code(named.gw.rules.signing_key, asked_to_swap(named))
    named.sms(CARLA, f"INFO {code}", to=DESK_NUMBER)
    answer = sms(named, CARLA)[-1]
    assert (answer.facts["text_id"], answer.facts["from"]) == ("M-SWAP", DESK_NUMBER)
    assert f"OK {code}" in answer.text


def test_a_number_that_texted_stop_is_told_a_number_to_text_start_to(named: Station) -> None:
    """T-WHY-STOPPED, B-081: nobody texts START to a name."""
    urgent(named)
    named.sms(BRUNO, "STOP", to=DESK_NUMBER)
    named.chase()
    told = [alarm.text for alarm in named.alarms() if alarm.channel is Channel.MAIL and "START" in alarm.text]
    assert told
    assert all(DESK_NUMBER in text and NAME not in text for text in told)


# ------------------------------------------------------------------------------------------------------------- notices


def with_sms(contract: Contract) -> Contract:
    """It takes SMS at a number of its own and answers them."""
    answered = Acknowledgement(mail=True, pec=True, sms=True)
    return replace(
        contract, endpoints=(*contract.endpoints, Endpoint(Channel.SMS, SMS_NUMBER)), acknowledgement=answered
    )


def test_under_the_mixed_policy_notices_leave_from_the_name_and_pages_from_the_number(station: Station) -> None:
    """FIELD 3: M-07 has no way back and needs none, M-01 has one."""
    leaves_from(station, MIXED)
    station.sms(CITIZEN, "URGENTE: protocollo bloccato")
    station.chase()
    (notice,) = sms(station, CITIZEN)
    (page,) = station.page_texts(BRUNO)
    assert (notice.facts["text_id"], notice.facts["from"]) == ("M-07", NAME)
    assert (page.facts["text_id"], page.facts["from"]) == ("M-01", SMS_NUMBER)


@pytest.mark.parametrize(
    ("sender_ids", "text_id", "sender"),
    [(MIXED, "M-IDENTIFY", SMS_NUMBER), (SenderIds(DESK_NUMBER, NAME), "M-IDENTIFY-CALL", NAME)],
)
def test_who_are_you_is_asked_where_it_can_be_answered(
    station: Station, sender_ids: SenderIds, text_id: str, sender: str
) -> None:
    """C9.1: it is no notice; by a name it asks for a call."""
    assert stranger_texts(station, sender_ids) == [(text_id, sender)]


def stranger_texts(station: Station, sender_ids: SenderIds, *, phone: str | None = "+390700000900") -> list[object]:
    """A stranger texts C9, which serves known organisations only; what they are sent."""
    leaves_from(station, sender_ids)
    station.change(C9, lambda contract: replace(with_sms(contract), phone=phone))
    station.change(C2, lambda contract: replace(contract, endpoints=()))
    station.clock.set(TUESDAY_MORNING)
    station.sms(CITIZEN, "Il calcolo si ferma", to=SMS_NUMBER)
    return [(text.facts["text_id"], text.facts["from"]) for text in sms(station, CITIZEN)]


@pytest.mark.parametrize(("phone", "told"), [("+390700000900", "+390700000900"), (None, DESK_NUMBER)])
def test_who_is_asked_to_call_is_told_a_number_also_by_a_contract_without_telephone(
    station: Station, phone: str | None, told: str
) -> None:
    """M-IDENTIFY-CALL."""
    stranger_texts(station, SenderIds(DESK_NUMBER, NAME), phone=phone)
    (text,) = sms(station, CITIZEN)
    assert f"ci chiami al {told} e indichi" in text.text


# --------------------------------------------------------------------------------------------------------------- probe


@pytest.mark.parametrize("sender", [NAME, "Altri", DESK_NUMBER])
def test_the_page_of_the_automatic_check_that_comes_back_accepts_it_only_from_the_sender_that_pages_have(
    station: Station, tmp_path: Path, sender: str
) -> None:
    """C-57: by a name the page has M-02's words, and its code is read from them."""
    with_probe(station, tmp_path / "site")
    leaves_from(station, SenderIds(DESK_NUMBER, NAME))
    every, within, at = timedelta(minutes=15), timedelta(minutes=5), station.clock.now()
    probe = station.store.write(lambda tx: probing.look(station.gw, tx, every, within, at))
    assert probe
    station.arrive(probe.raw, sender=probe.sender, to=(probe.to,))
    station.chase()
    (text,) = station.page_texts(PROBE_NUMBER)
    facts = {"body": text.text, "sid": "SM1"} | ({} if sender == DESK_NUMBER else {"caller": sender})
    number = sender if sender == DESK_NUMBER else ""  # as the door keeps what is no number
    arrival = station.signal(Channel.SMS, number, PROBE_NUMBER, "twilio:SM1", facts)
    station.store.write(lambda tx: texting.sms_arrives(station.gw, tx, arrival, at))
    now = station.clock.now()
    station.store.write(lambda tx: probing.look(station.gw, tx, every, within, now))
    ended = {ticket.state for ticket in station.tickets() if ticket.contract == "prova"}
    assert (ended == {TicketState.CLOSED}) is (sender == NAME)


def test_no_text_that_asks_for_a_reply_leaves_from_a_name_in_a_night_of_everything(named: Station) -> None:
    """M-02: whatever is owed, by whom and to whom."""
    on_call(named, storm_pages=2, acceptance_expires=timedelta(minutes=30))
    asked_to_swap(named)
    for count in range(6):
        named.mail(URGENT if count % 2 else "Come si stampa?")
        named.pass_(minutes=3)
    for _ in range(12):
        named.pass_(minutes=5)
    owed = named.sent(channel=Channel.SMS)
    assert len(set(ids(owed))) > 3
    assert set(ids(owed)) & set(ONE_WAY) == set()
    assert {text.facts["from"] for text in owed} == {NAME}
    assert not [text.text for text in owed if re.search(r"\bOK\b|Rispondi(?! come indica la mail)", text.text)]
