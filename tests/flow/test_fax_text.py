"""What a machine reads in a fax, after its ticket exists: durable, bounded, searchable, and never more than a note."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.fax import FaxEyes, Tesseract
from gateway.domain.intake import Channel
from gateway.domain.ticket import Mark, Priority
from gateway.recognising import Recogniser
from tests.adapters.fax.making import bomb, fax_tiff, typed_tiff
from tests.adapters.fax.test_tesseract import needs_tesseract, program
from tests.flow.station import MARIA, Station
from tests.flow.test_fax import FAX, SERVICE, TUESDAY, fax

SMALL = fax_tiff(3, size=(432, 286), dpi=(51, 49))
TYPED = typed_tiff([("GUASTO URGENTE", "Il registro non si apre."), ("Distinti saluti",)])


@pytest.fixture
def desk(station: Station) -> Station:
    station.clock.set(TUESDAY)
    return station


def reader(station: Station, tesseract: Tesseract, **options: int) -> Recogniser:
    eyes = FaxEyes(station.reader.drawing, tesseract, station.reader.attachments)
    return Recogniser(station.gw, eyes, **options)  # type: ignore[arg-type]  # the fields of Recogniser, by name


def to_the_end(recogniser: Recogniser) -> None:
    while recogniser.step():
        pass


def notes(station: Station) -> list[str]:
    return [each.text for each in station.messages(station.ticket()) if each.direction == "note"]


def facts(station: Station, event: str) -> list[dict[str, str]]:
    return [dict(each.data) for each in station.events(station.ticket()) if each.type == event]


def waits(station: Station) -> int:
    return len(station.store.read(lambda reading: reading.timers("recognise")))


@needs_tesseract
def test_the_text_of_a_fax_becomes_a_note_and_can_be_searched(desk: Station) -> None:
    """Real pages, the real program; the word "urgente" in a fax wakes nobody by itself."""
    fax(desk, document=TYPED)
    before = desk.ticket()
    assert notes(desk) == []
    to_the_end(reader(desk, Tesseract()))
    (note,) = notes(desk)
    assert "può contenere errori" in note
    assert "— pagina 1 —\nGUASTO URGENTE\n" in note
    assert "— pagina 2 —\nDistinti saluti" in note
    (read,) = facts(desk, "text_recognised")
    assert (read["pages"], read["unread"]) == ("2", "")
    found = [desk.store.read(lambda reading, t=text: reading.tickets(text=t)) for text in ("Registro", "stampante")]  # type: ignore[misc]  # a default argument cannot be inferred
    assert found == [[desk.ticket()], []]
    assert (desk.ticket().priority, desk.ticket().state) == (Priority.NORMAL, before.state)
    assert waits(desk) == 0


def test_the_ticket_is_there_and_answered_before_anything_is_read(desk: Station) -> None:
    fax(desk, document=SMALL)
    assert (desk.ticket().channel, waits(desk), desk.happened(desk.ticket()).count("text_recognised")) == ("fax", 1, 0)
    desk.chase()
    assert waits(desk) == 1


def test_one_step_reads_one_page(desk: Station, tmp_path: Path) -> None:
    """A page may take half a minute: a loop that shows nothing for longer would be taken for stalled."""
    fax(desk, document=SMALL)
    log = tmp_path / "pages"
    log.touch()
    recogniser = reader(desk, Tesseract(program(tmp_path, "cat > /dev/null; echo testo")))
    steps = 0
    while recogniser.step():
        steps += 1
    assert steps == 1 + 3
    assert notes(desk)[0].count("testo") == 3


def test_only_so_many_pages_are_read(desk: Station, tmp_path: Path) -> None:
    fax(desk, document=SMALL)
    to_the_end(reader(desk, Tesseract(program(tmp_path, "cat > /dev/null; echo testo")), most_pages=2))
    assert [fact["pages"] for fact in facts(desk, "text_recognised")] == ["2"]
    assert [fact["pages"] for fact in facts(desk, "fax_looked_at")] == ["3"]


def test_what_a_machine_read_stays_with_the_desk(desk: Station, tmp_path: Path) -> None:
    """B-068: a lane of its own; the diagnostic summary and the requester never see it."""
    fax(desk, document=SMALL)
    to_the_end(reader(desk, Tesseract(program(tmp_path, "cat > /dev/null; echo segreto"))))
    (note,) = [each for each in desk.messages(desk.ticket()) if each.direction == "note"]
    assert (note.lane, note.channel) == ("internal", Channel.FAX)
    assert not any("segreto" in each.text for each in desk.sent())
    assert not any("segreto" in str(each.data) for each in desk.events(desk.ticket()))


# ------------------------------------------------------------------------------------------------------ what goes wrong


def test_without_the_program_the_ticket_says_so_and_nothing_is_tried_again(desk: Station) -> None:
    fax(desk, document=SMALL)
    to_the_end(reader(desk, Tesseract("nowhere-to-be-found")))
    assert [fact["why"] for fact in facts(desk, "text_not_recognised")] == ["nowhere-to-be-found is not installed"]
    assert (notes(desk), waits(desk)) == ([], 0)


def test_a_fax_that_cannot_be_read_is_tried_so_often_and_no_more(desk: Station, tmp_path: Path) -> None:
    fax(desk, document=SMALL)
    recogniser = reader(desk, Tesseract(program(tmp_path, "exit 3")), most_attempts=3)
    for _ in range(6):
        to_the_end(recogniser)
        desk.clock.pass_(minutes=5)
    assert facts(desk, "text_not_recognised") == [{"intake": "1", "why": "status 3", "attempts": "3"}]
    assert len(facts(desk, "fax_looked_at")) == 1
    assert waits(desk) == 0


def test_a_page_that_fails_does_not_cost_the_others(desk: Station, tmp_path: Path) -> None:
    fails_once = f"cat > /dev/null; [ -e {tmp_path}/second ] && echo testo || exit 3"
    fax(desk, document=SMALL)
    recogniser = reader(desk, Tesseract(program(tmp_path, fails_once)))
    recogniser.step()
    recogniser.step()
    (tmp_path / "second").touch()
    to_the_end(recogniser)
    assert [(fact["pages"], fact["unread"]) for fact in facts(desk, "text_recognised")] == [("2", "1")]


def test_a_process_that_died_over_a_fax_is_followed_by_another_and_then_by_none(desk: Station, tmp_path: Path) -> None:
    """C-47: the attempt is counted before the document is touched."""
    fax(desk, document=SMALL)
    for _ in range(4):
        reader(desk, Tesseract(program(tmp_path, "echo testo")), most_attempts=3).step()  # and then the power fails
        desk.clock.pass_(minutes=31)
    assert facts(desk, "text_not_recognised") == [{"intake": "1", "why": "given up", "attempts": "3"}]
    assert (waits(desk), desk.ticket().channel) == (0, "fax")


def test_two_at_once_leave_one_note(desk: Station, tmp_path: Path) -> None:
    """Another node whose lease ended goes on reading; who comes second writes nothing."""
    fax(desk, document=SMALL)
    slow, fast = (reader(desk, Tesseract(program(tmp_path, "cat > /dev/null; echo testo"))) for _ in range(2))
    slow.step()
    desk.clock.pass_(minutes=31)
    to_the_end(fast)
    while slow.step():
        pass
    assert len(notes(desk)) == 1


@pytest.mark.parametrize(
    ("document", "pages", "defect"),
    [
        (bomb(7_000), "1", "pixels_over_budget"),
        (SMALL[: len(SMALL) // 2], "1", "directory_truncated"),
        (b"%PDF-1.4 nothing", "", "pdf_unreadable"),
    ],
)
def test_a_document_that_is_not_whole_is_to_be_verified(
    desk: Station, document: bytes, pages: str, defect: str
) -> None:
    """F20, B-034: the original is kept, the ticket is there, and a person looks at it."""
    fax(desk, document=document)
    assert Mark.TO_VERIFY not in desk.ticket().marks
    to_the_end(reader(desk, Tesseract("nowhere-to-be-found")))
    (looked,) = facts(desk, "fax_looked_at")
    assert (looked["pages"], defect in looked["defects"]) == (pages, True)
    assert (Mark.TO_VERIFY in desk.ticket().marks, waits(desk)) == (True, 0)


def test_where_nothing_is_to_be_read_documents_are_looked_at_all_the_same(desk: Station) -> None:
    """[fax] ocr = false."""
    fax(desk, document=SMALL)
    to_the_end(reader(desk, Tesseract("nowhere-to-be-found"), ocr=False))
    assert (len(facts(desk, "fax_looked_at")), facts(desk, "text_not_recognised"), waits(desk)) == (1, [], 0)


def test_a_mail_is_not_read_by_a_machine(desk: Station) -> None:
    desk.mail(sender=MARIA)
    assert waits(desk) == 0


def test_a_fax_without_a_document_has_nothing_to_be_read(desk: Station) -> None:
    desk.arrive(
        f"From: {SERVICE}\r\nTo: {FAX}\r\nSubject: Hai un nuovo fax\r\n\r\nhttps://portal.example/1\r\n".encode(),
        sender=SERVICE, to=(FAX,), channel=Channel.FAX,
    )  # fmt: skip
    assert (desk.ticket().channel, waits(desk)) == ("fax", 0)


@pytest.mark.parametrize(("pages", "is_short"), [(3, True), (2, False), (1, False)])
def test_a_document_with_fewer_pages_than_were_received_is_to_be_verified(
    desk: Station, pages: int, *, is_short: bool
) -> None:
    """DOMAIN 9: partial reception is a contact all the same, and is flagged; the service says three, two came."""
    fax(desk, f"Fax da 0700000001 ({pages} pagine)", document=fax_tiff(2, size=(432, 286), dpi=(51, 49)))
    assert Mark.TO_VERIFY not in desk.ticket().marks
    to_the_end(reader(desk, Tesseract(), ocr=False))
    (looked,) = facts(desk, "fax_looked_at")
    assert (Mark.TO_VERIFY in desk.ticket().marks) is is_short
    assert looked["defects"] == ("1_pages_fewer_than_stated" if is_short else "")
