from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.store import SqlStore
from gateway.domain.errors import StoreError
from gateway.domain.ticket import Action, Outcome, Requester, TicketState
from gateway.ports import Transaction
from tests.store.values import MINUTE, NOW, attachment, message, opened, page, ticket


def test_a_ticket_comes_back_as_it_was(store: SqlStore) -> None:
    kept = ticket(
        2026000001,
        marks=("to_verify",),
        sheet={"steps": "1"},
        outcome=Outcome.SOLVED,
        taken_at=NOW,
        urgent_word="urgente",
    )
    store.write(lambda unit: unit.add_ticket(kept))
    assert store.read(lambda reading: reading.ticket(2026000001)) == kept


def test_numbers_count_by_year_from_one(store: SqlStore) -> None:
    numbers = store.write(lambda unit: [unit.new_number(year) for year in (2026, 2026, 2027, 2026)])
    assert numbers == [2026000001, 2026000002, 2027000001, 2026000003]


def test_a_number_of_a_unit_that_failed_is_not_lost_to_the_next(store: SqlStore) -> None:
    def fails(unit: Transaction) -> None:
        opened(unit)
        raise ValueError("changed its mind")

    with pytest.raises(ValueError, match="changed its mind"):
        store.write(fails)
    assert store.write(opened) == 2026000001


def test_a_changed_ticket_is_answered_and_stored(store: SqlStore) -> None:
    number = store.write(opened)
    who = Requester("Anna", "anna@example.it")
    changed = store.write(
        lambda unit: unit.change_ticket(
            number, state=TicketState.TAKEN, owner="bruno", requester=who, marks=("call_back",)
        )
    )
    assert (changed.state, changed.owner, changed.requester, changed.marks) == (
        TicketState.TAKEN,
        "bruno",
        who,
        ("call_back",),
    )
    assert store.read(lambda reading: reading.ticket(number)) == changed


def test_a_ticket_has_no_other_fields(store: SqlStore) -> None:
    number = store.write(opened)
    with pytest.raises(TypeError):
        store.write(lambda unit: unit.change_ticket(number, colour="red"))


def test_a_ticket_that_is_not_there_cannot_be_changed(store: SqlStore) -> None:
    with pytest.raises(StoreError, match="no ticket 7"):
        store.write(lambda unit: unit.change_ticket(7, owner="x"))


def test_tickets_are_found_by_state_contract_time_and_text_newest_first(store: SqlStore) -> None:
    def fill(unit: Transaction) -> None:
        opened(unit, subject="Città alta")
        opened(unit, contract="c03", state=TicketState.CLOSED, opened_at=NOW + MINUTE)
        opened(unit, requester=Requester("Ugo", "ugo_x@example.it"))

    store.write(fill)
    asked = store.read(
        lambda reading: [
            [found.number % 10 for found in answer]
            for answer in (
                reading.tickets(),
                reading.tickets(limit=1),
                reading.tickets(states=("closed",)),
                reading.tickets(contract="c02-comune"),
                reading.tickets(since=NOW + MINUTE),
                reading.tickets(text="CITTA AL"),
                reading.tickets(text="ugo_x"),
                reading.tickets(text="2026000002"),
                reading.tickets(text="%"),
            )
        ]
    )
    assert asked == [[3, 2, 1], [3], [2], [3, 1], [2], [1], [3], [2], []]


def test_a_number_without_its_year_is_found_in_every_year(store: SqlStore) -> None:
    def fill(unit: Transaction) -> None:
        for year in (2026, 2027, 2027):
            unit.add_ticket(ticket(unit.new_number(year)))

    store.write(fill)
    assert store.read(lambda reading: reading.numbers_ending(1)) == [2026000001, 2027000001]
    assert store.read(lambda reading: reading.numbers_ending(2)) == [2027000002]
    assert store.read(lambda reading: reading.numbers_ending(1_000_001)) == []


def test_a_unit_sees_the_numbers_it_took(store: SqlStore) -> None:
    assert store.write(lambda unit: (opened(unit), unit.numbers_ending(1))[1]) == [2026000001]


def test_open_tickets_of_an_address_or_number_are_found_in_any_writing(store: SqlStore) -> None:
    number = store.write(opened)
    store.write(lambda unit: opened(unit, state=TicketState.SOLVED))
    store.write(lambda unit: opened(unit, contract="c03"))
    for who in ("ANNA@example.it ", "+393331112222"):
        found = store.read(lambda reading, who=who: reading.open_tickets_of("c02-comune", who, since=NOW))  # type: ignore[misc]  # mypy does not infer a lambda's default
        assert [each.number for each in found] == [number]


def test_nobody_is_not_a_requester(store: SqlStore) -> None:
    store.write(lambda unit: opened(unit, requester=Requester()))
    assert store.read(lambda reading: reading.open_tickets_of("c02-comune", "", since=NOW)) == []


def test_a_message_keeps_a_ticket_fresh(store: SqlStore) -> None:
    number = store.write(opened)
    later = NOW + timedelta(hours=30)
    query = lambda reading: reading.open_tickets_of("c02-comune", "anna@example.it", since=later)  # noqa: E731 - asked twice
    assert store.read(query) == []
    store.write(lambda unit: unit.add_message(message(number, at=later)))
    assert [found.number for found in store.read(query)] == [number]


def test_messages_and_attachments_come_back_in_order(store: SqlStore) -> None:
    number = store.write(opened)
    files = [attachment("b.png"), attachment("a.png")]
    late = store.write(lambda unit: unit.add_message(message(number, at=NOW + MINUTE), files))
    early = store.write(lambda unit: unit.add_message(message(number)))
    found = store.read(lambda reading: reading.messages(number))
    assert found == [message(number, id=early), message(number, id=late, at=NOW + MINUTE)]
    assert store.read(lambda reading: reading.attachments(late)) == files


def test_actions_come_back_in_order_of_time(store: SqlStore) -> None:
    number = store.write(opened)
    first, second = (Action(number, NOW + n * MINUTE, NOW, "anna", "operator", "riavvio", "nulla") for n in (0, 1))
    for action in (second, first):
        store.write(lambda unit, action=action: unit.add_action(action))  # type: ignore[misc]  # as above
    assert store.read(lambda reading: reading.actions(number)) == [first, second]


def test_a_link_shows_on_both_tickets_once(store: SqlStore) -> None:
    one, two = store.write(opened), store.write(opened)
    for pair in ((one, two), (two, one)):
        store.write(lambda unit, pair=pair: unit.add_link(*pair, "related"))  # type: ignore[misc]  # as above
    assert store.read(lambda reading: (reading.links(one), reading.links(two))) == (
        [(two, "related")],
        [(one, "related")],
    )


def test_pages_are_given_an_id_and_found_newest_first(store: SqlStore) -> None:
    number = store.write(opened)
    first = store.write(lambda unit: unit.add_page(page(number)))
    second = store.write(lambda unit: unit.add_page(page(number, number="+39340", opened_at=NOW + MINUTE)))
    closed = store.write(lambda unit: unit.change_page(first.id, state="accepted", closed_at=NOW, tries=1))
    assert closed == replace(first, state="accepted", closed_at=NOW, tries=1)
    asked = store.read(
        lambda reading: (
            reading.pages(ticket=number),
            reading.pages(number="+39340"),
            reading.pages(states=("accepted",)),
            reading.pages(since=NOW + MINUTE),
            reading.page(first.id),
        )
    )
    assert asked == ([second, closed], [second], [closed], [second], closed)


def test_a_ticket_has_one_timer_of_a_kind(store: SqlStore) -> None:
    for minutes in (5, 3):
        store.write(lambda unit, m=minutes: unit.set_timer("chase", 7, NOW + m * MINUTE, {"rung": str(m)}))  # type: ignore[misc]  # as above
    found = store.read(lambda reading: reading.timer("chase", 7))
    assert found is not None
    assert (found.due_at, found.facts, found.ticket) == (NOW + 3 * MINUTE, {"rung": "3"}, 7)
    assert store.read(lambda reading: reading.counts())["timer"] == 1


def test_due_timers_come_earliest_first_and_only_when_due(store: SqlStore) -> None:
    def fill(unit: Transaction) -> None:
        for ticket_number, minutes in ((1, 2), (2, 1), (3, 9)):
            unit.set_timer("chase", ticket_number, NOW + minutes * MINUTE, {})

    store.write(fill)
    due = store.write(lambda unit: unit.due_timers(NOW + 2 * MINUTE, 10))
    assert [timer.ticket for timer in due] == [2, 1]


def test_a_dropped_timer_can_be_set_again_in_the_same_unit(store: SqlStore) -> None:
    store.write(lambda unit: unit.set_timer("chase", 7, NOW, {}))

    def again(unit: Transaction) -> None:
        unit.drop_timer("chase", 7)
        unit.drop_timer("chase", 7)
        assert unit.due_timers(NOW, 1) == []
        unit.set_timer("chase", 7, NOW + MINUTE, {})

    store.write(again)
    timer = store.read(lambda reading: reading.timer("chase", 7))
    assert timer is not None
    assert timer.due_at == NOW + MINUTE


def test_counts_say_how_many_of_each_and_in_which_state(store: SqlStore) -> None:
    store.write(opened)
    counts = store.read(lambda reading: reading.counts())
    assert (counts["ticket"], counts["ticket.new"], counts["dispatch"]) == (1, 1, 0)
