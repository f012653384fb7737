from __future__ import annotations

from adapters.store.waiting import AT_A_TIME, BESIDE, PATIENCE_S, Line, Waiting


class Timed(Waiting[str]):
    """With a time that tests pass."""

    def __init__(self) -> None:
        self.wait_for = 0.0
        super().__init__(lambda: self.wait_for)


def queued(contacts: int, others: int, callers: int = 0) -> Timed:
    waiting = Timed()
    for line, count in ((Line.OTHER, others), (Line.CONTACT, contacts), (Line.CALLER, callers)):
        for number in range(count):
            waiting.put(f"{line.value} {number}", line)
    return waiting


def test_a_contact_goes_before_what_came_earlier() -> None:
    assert queued(1, 20).take(100)[0] == "contact 0"


def test_whoever_is_on_the_line_goes_before_a_backlog() -> None:
    """Issue 4: a webhook is answered in under 100 ms, whatever else waits for the writer."""
    assert queued(0, 500, 1).take(100) == ["caller 0"]


def test_beside_a_burst_of_mail_a_caller_is_in_the_next_batch() -> None:
    assert queued(500, 20, 1).take(100)[:2] == ["caller 0", "contact 0"]


def test_many_callers_are_taken_a_few_at_a_time_so_that_the_first_is_answered_soon() -> None:
    assert queued(0, 0, 50).take(100) == [f"caller {number}" for number in range(AT_A_TIME)]


def test_beside_callers_the_others_go_on_when_they_have_waited() -> None:
    """A technician's page is claimed however many people call."""
    waiting = queued(0, 20, 500)
    waiting.wait_for = PATIENCE_S + 1
    assert waiting.take(100)[AT_A_TIME:] == [f"other {number}" for number in range(BESIDE)]


def test_beside_contacts_the_others_wait_for_a_moment() -> None:
    assert queued(50, 20).take(100) == [f"contact {number}" for number in range(50)]


def test_beside_contacts_the_others_go_on_when_they_have_waited() -> None:
    waiting = queued(50, 20)
    waiting.wait_for = PATIENCE_S + 1
    assert waiting.take(100)[50:] == [f"other {number}" for number in range(BESIDE)]


def test_a_backlog_is_taken_a_few_at_a_time_in_its_order() -> None:
    assert queued(0, 20).take(100) == [f"other {number}" for number in range(AT_A_TIME)]


def test_no_batch_is_larger_than_asked() -> None:
    assert len(queued(50, 20).take(10)) == 10


def test_what_waits_when_it_closes_is_still_taken_and_then_nothing() -> None:
    waiting = queued(1, 1, 1)
    waiting.close()
    assert (len(waiting.take(100)), waiting.take(100)) == (3, [])
