"""The ledger of certified mail: one line per recipient, moved only along the table (X4, S145 to S149)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from gateway.domain.certified import (
    UNSIGNED,
    CertifiedReading,
    DeliveryEvidence,
    Event,
    Kind,
    Recipient,
    RecipientKind,
    Trust,
    bare_id,
    evidence,
    without_prefixes,
)
from gateway.domain.ledger import TRANSITIONS, Judged, Line, LineState, Step, Verdict, judged, step_of

SENT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""Monday, 10:00 in Rome."""
ONE, TWO = "uno@pec.produttore.example", "due@pec.produttore.example"
OURS = "2026000123.0a1b@pec.fornitore.example"
VERIFIED = Trust(intact=True, chained=True, signer=("posta-certificata@gestore.example",))


def line(recipient: str = ONE, state: LineState = LineState.SENT) -> Line:
    return Line(1, 7, 2026000123, recipient, OURS, state, SENT)


def said(event: Event, *recipients: str, after: timedelta = timedelta(seconds=20), **more: object) -> DeliveryEvidence:
    named = tuple(Recipient(address, RecipientKind.CERTIFIED) for address in recipients or (ONE,))
    found = DeliveryEvidence(event, (OURS,), named, SENT + after, "opec1@gestore.example")
    return replace(found, **more)  # type: ignore[arg-type]


def states(found: Judged) -> list[LineState]:
    return [move.state for move in found.moves]


def after(state: LineState, *events: DeliveryEvidence) -> LineState:
    """Where a line stands after these receipts, whatever became of each."""
    for event in events:
        for move in judged(event, (line(state=state),)).moves:
            state = move.state
    return state


def test_every_state_is_reachable_and_every_step_is_somewhere() -> None:
    reached = {LineState.SENT, *TRANSITIONS.values()}
    assert reached == set(LineState)
    assert {step for _, step in TRANSITIONS} == set(Step)


@pytest.mark.parametrize(("state", "step"), [pair for pair in product(LineState, Step) if pair not in TRANSITIONS])
def test_a_pair_that_is_not_in_the_table_is_suspect_and_named(state: LineState, step: Step) -> None:
    events = {
        Step.ACCEPT: said(Event.SUBMISSION_ACCEPTED),
        Step.REJECT: said(Event.SUBMISSION_REJECTED),
        Step.RELAY: said(Event.RELAYED),
        Step.DELIVER: said(Event.DELIVERED),
        Step.FAIL: said(Event.DELIVERY_FAILED),
        Step.WARN: said(Event.WARNING),
        Step.WARN_LAST: said(Event.WARNING, after=timedelta(hours=23)),
        Step.BLOCK: said(Event.DELIVERY_FAILED, is_virus=True),
    }
    assert step_of(events[step], line()) is step
    found = judged(events[step], (line(state=state),))
    assert (found.verdict, found.moves) == (Verdict.SUSPECT, ())
    assert str(state) in found.reasons[0]


def test_a_message_is_accepted_and_then_delivered() -> None:
    """S145."""
    assert after(LineState.SENT, said(Event.SUBMISSION_ACCEPTED), said(Event.DELIVERED)) is LineState.DELIVERED


def test_receipts_come_in_any_order_and_twice() -> None:
    delivered, accepted = said(Event.DELIVERED), said(Event.SUBMISSION_ACCEPTED)
    assert after(LineState.SENT, delivered, accepted, delivered, accepted) is LineState.DELIVERED
    assert judged(accepted, (line(state=LineState.DELIVERED),)).verdict is Verdict.NOTED


@pytest.mark.parametrize(
    ("hours", "state"),
    [(12, LineState.DELAY_NOTICE), (21.99, LineState.DELAY_NOTICE), (22, LineState.FAILED), (24, LineState.FAILED)],
)
def test_the_notice_after_22_hours_says_that_delivery_failed(hours: float, state: LineState) -> None:
    """S147: at 22:00 of the Monday a notice, between 08:00 and 10:00 of the Tuesday the failure."""
    notice = said(Event.WARNING, after=timedelta(hours=hours))
    assert after(LineState.SENT, said(Event.SUBMISSION_ACCEPTED), notice) is state


def test_the_hours_to_the_second_notice_are_hours_and_not_the_clock_on_the_wall() -> None:
    """Sent on Saturday at 13:00 before the clocks go back: at 10:00 on Sunday 22 hours have passed, not 21."""
    sent = datetime(2026, 10, 24, 11, 0, tzinfo=UTC)
    notice = said(Event.WARNING, after=timedelta(0), at=datetime.fromisoformat("2026-10-25T10:00:00+01:00"))
    assert step_of(notice, replace(line(), sent_at=sent)) is Step.WARN_LAST


def test_the_provider_counts_from_its_own_acceptance() -> None:
    """Our relay was down for eleven hours: the notice twelve hours later is the first one."""
    accepted = replace(line(state=LineState.ACCEPTED), state_at=SENT + timedelta(hours=11))
    assert step_of(said(Event.WARNING, after=timedelta(hours=23)), accepted) is Step.WARN
    assert step_of(said(Event.WARNING, after=timedelta(hours=33)), accepted) is Step.WARN_LAST


@pytest.mark.parametrize("state", [LineState.DELAY_NOTICE, LineState.FAILED])
def test_a_later_delivery_receipt_wins_over_a_notice(state: LineState) -> None:
    assert after(state, said(Event.DELIVERED)) is LineState.DELIVERED


def test_each_recipient_has_a_state_of_its_own() -> None:
    """S148."""
    both = (line(ONE, LineState.ACCEPTED), line(TWO, LineState.ACCEPTED))
    found = judged(said(Event.DELIVERY_FAILED, TWO, error="no-dest"), both)
    assert [(move.line.recipient, move.state) for move in found.moves] == [(TWO, LineState.FAILED)]
    assert states(judged(said(Event.SUBMISSION_ACCEPTED, ONE, TWO), both)) == [LineState.ACCEPTED] * 2


def test_a_rejected_message_was_sent_to_nobody() -> None:
    """S149."""
    both = (line(ONE), line(TWO))
    assert states(judged(said(Event.SUBMISSION_REJECTED, ONE, TWO), both)) == [LineState.NOT_ACCEPTED] * 2
    nameless = said(Event.SUBMISSION_REJECTED, recipients=())
    assert states(judged(nameless, both)) == [LineState.NOT_ACCEPTED] * 2


def test_what_was_held_back_for_a_virus_is_not_delivered_any_more() -> None:
    assert after(LineState.ACCEPTED, said(Event.DELIVERY_FAILED, is_virus=True)) is LineState.VIRUS
    assert after(LineState.VIRUS, said(Event.DELIVERED)) is LineState.VIRUS


def test_what_is_not_believed_moves_nothing_and_says_why() -> None:
    """S146, P13."""
    found = judged(said(Event.DELIVERED, doubts=("not signed",)), (line(),))
    assert (found.verdict, found.moves, found.reasons) == (Verdict.SUSPECT, (), ("not signed",))


def test_what_is_about_nothing_of_ours_is_an_orphan() -> None:
    assert judged(said(Event.DELIVERED), ()).verdict is Verdict.ORPHAN


def test_a_receipt_about_somebody_we_did_not_write_to_is_suspect() -> None:
    found = judged(said(Event.DELIVERED, "altri@pec.example"), (line(),))
    assert found.verdict is Verdict.SUSPECT


def test_a_receipt_from_before_the_sending_is_suspect_but_clocks_may_differ() -> None:
    """An old genuine receipt that is sent again proves nothing of a later message."""
    assert judged(said(Event.DELIVERED, after=timedelta(minutes=-11)), (line(),)).verdict is Verdict.SUSPECT
    assert judged(said(Event.DELIVERED, after=timedelta(minutes=-9)), (line(),)).verdict is Verdict.APPLIED


def test_a_recipient_that_is_no_certified_mailbox_is_told_apart() -> None:
    """X4: no receipt of delivery will ever come from there."""
    accepted = replace(said(Event.SUBMISSION_ACCEPTED), recipients=(Recipient(ONE, RecipientKind.EXTERNAL),))
    assert judged(accepted, (line(),)).externals == (line(),)


def test_the_case_of_an_address_is_no_difference() -> None:
    assert states(judged(said(Event.DELIVERED, ONE.upper()), (line(),))) == [LineState.DELIVERED]


# ------------------------------------------------------------------------------------------------------------ evidence


def receipt(kind: Kind = Kind.DELIVERY) -> CertifiedReading:
    return CertifiedReading(
        kind,
        VERIFIED,
        recipients=(Recipient(ONE), Recipient(TWO)),
        recipient=ONE,
        msgid=OURS,
        at=SENT,
        refers_to=(OURS,),
    )


@pytest.mark.parametrize("kind", [Kind.TRANSPORT, Kind.ANOMALY, Kind.ORDINARY, Kind.UNKNOWN])
def test_what_is_no_receipt_is_evidence_of_nothing(kind: Kind) -> None:
    assert evidence(receipt(kind)) is None


def test_a_receipt_of_delivery_is_about_the_recipient_that_it_names() -> None:
    found = evidence(receipt())
    assert found
    assert (found.event, [one.address for one in found.recipients], found.doubts) == (Event.DELIVERED, [ONE], ())


def test_of_two_recipients_and_none_named_nobody_can_say_which() -> None:
    found = evidence(replace(receipt(), recipient=""))
    assert found
    assert found.doubts == ("names no recipient",)


@pytest.mark.parametrize(
    "spoilt", [{"trust": UNSIGNED}, {"contradictions": ("x",)}, {"msgid": ""}, {"at": None}], ids=str
)
def test_whatever_speaks_against_a_receipt_is_a_doubt(spoilt: dict[str, object]) -> None:
    """S146, S150."""
    found = evidence(replace(receipt(), **spoilt))  # type: ignore[arg-type]
    assert found
    assert found.doubts


@pytest.mark.parametrize(
    ("subject", "left"),
    [
        ("POSTA CERTIFICATA: Segnalazione", "Segnalazione"),
        ("POSTA CERTIFICATA: POSTA CERTIFICATA:Segnalazione", "Segnalazione"),
        ("Posta certificata: ANOMALIA MESSAGGIO: x", "x"),
        ("AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO: x", "x"),
        ("AVVISO DI NON ACCETTAZIONE PER VIRUS: x", "x"),
        ("Consegna: entro venerdì", "entro venerdì"),
        ("Re: POSTA CERTIFICATA: x", "Re: POSTA CERTIFICATA: x"),
        ("Segnalazione", "Segnalazione"),
    ],
)
def test_prefixes_of_providers_are_stripped_repeatedly(subject: str, left: str) -> None:
    assert without_prefixes(subject) == left


@pytest.mark.parametrize("written", ["<a@b>", " a@b ", "<a@\r\n b>", "\t<a@b>"])
def test_message_ids_are_compared_trimmed_unfolded_and_without_brackets(written: str) -> None:
    """DOMAIN §8, Correlation."""
    assert bare_id(written) == "a@b"
