"""The pages behind the links of mails: opening changes nothing, the button does, and a second use is told (P9, X20)."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from gateway import assigning, drills, standing_in
from gateway.domain.errors import StoreError
from gateway.domain.intake import Channel
from gateway.domain.pages import LINK_LIVES
from gateway.domain.telephony import ChangeState
from gateway.domain.ticket import TicketState
from tests.adapters.web.conftest import Desk
from tests.flow.station import BRUNO, code_in
from tests.flow.test_swaps import NIGHT, now

C2 = "c02-comune"
URGENT = "URGENTE: protocollo bloccato"
ROBOTS = (
    ("GET", "Mozilla/5.0 (compatible; SafeLinks scanner)"),
    ("HEAD", "Mozilla/5.0 (Macintosh) AppleMail prefetch"),
    ("OPTIONS", "curl/8"),
    ("PUT", "curl/8"),
    ("DELETE", "curl/8"),
)


class Page(HTMLParser):
    """What a page has: its language, its words, its forms and buttons, and whatever it would fetch."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__()
        self.language, self.words, self.forms, self.buttons = "", "", [], []  # type: ignore[var-annotated]  # filled below
        self.fetched: list[str] = []
        self.robots = ""
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told: dict[str, Any] = dict(attrs)
        if tag == "html":
            self.language = told.get("lang", "")
        if tag == "meta" and told.get("name") == "robots":
            self.robots = told["content"]
        if tag == "form":
            self.forms.append(told)
        if tag == "button":
            self.buttons.append(told)
        if tag in {"img", "script", "link", "iframe", "style"}:
            self.fetched.append(tag)

    def handle_data(self, data: str) -> None:
        self.words += data + " "


def link_in(desk: Desk, kind: str) -> str:
    """The path of the only link of this kind that a mail has."""
    mails = desk.station.sent(channel=Channel.MAIL)
    (line,) = [line for mail in mails for line in mail.text.splitlines() if f"/{kind}/" in line]
    assert line.startswith(desk.station.gw.rules.public_url)
    return urlsplit(line.strip()).path


def urgent(desk: Desk, count: int = 1) -> str:
    """Urgent mail on a Saturday night: the path of the link in the page's mail."""
    for number in range(count):
        desk.station.mail(f"{URGENT} {number}")
    desk.station.chase()
    mail = desk.station.page_mails()[-1]
    (line,) = [line for line in mail.text.splitlines() if "/page/" in line]
    return urlsplit(line.strip()).path


# --------------------------------------------------------------------------------------------------------------- pages


def test_the_page_says_what_waits_and_has_one_button_and_fetches_nothing(desk: Desk) -> None:
    """X15, X20: the number and the category, in the contract's language; nobody's name."""
    path = urgent(desk)
    answer = desk.client.get(path)
    page = Page(answer)
    assert (answer.status_code, page.language, page.robots) == (200, "it", "noindex")
    assert str(desk.station.ticket().number) in page.words
    assert "Rossi" not in answer.text
    assert page.forms == [{"method": "post"}]
    assert len(page.buttons) == 1
    assert page.fetched == []
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(("method", "agent"), ROBOTS)
def test_whatever_opens_a_link_without_pressing_changes_nothing(desk: Desk, method: str, agent: str) -> None:
    """P9: mail programs and scanners open links by themselves, some more than once."""
    path = urgent(desk)
    before = desk.station.happened(desk.station.ticket())
    for _ in range(3):
        desk.client.request(method, path, headers={"User-Agent": agent, "Purpose": "prefetch"})
    assert desk.station.ticket().state is TicketState.NOTIFIED
    assert desk.station.happened(desk.station.ticket()) == before
    assert [page.state for page in desk.station.pages()] == ["open"]


def test_the_button_accepts_and_the_answer_comes_after_the_commit(desk: Desk) -> None:
    answer = desk.client.post(urgent(desk))
    ticket = desk.station.ticket()
    assert (answer.status_code, ticket.state, ticket.owner) == (200, TicketState.TAKEN, "bruno")
    assert "presa in carico da Lei" in Page(answer).words
    (taken,) = [event for event in desk.station.events(ticket) if event.type == "taken"]
    assert (taken.by, taken.data["medium"]) == ("bruno", "link")


def test_pressed_and_opened_again_it_says_the_same_and_has_no_button(desk: Desk) -> None:
    path = urgent(desk)
    desk.client.post(path)
    again, opened = Page(desk.client.post(path)), Page(desk.client.get(path))
    assert "presa in carico da Lei" in again.words
    assert "presa in carico da Lei" in opened.words
    assert again.buttons == opened.buttons == []
    assert desk.station.happened(desk.station.ticket()).count("taken") == 1


def test_who_comes_second_is_told_who_has_it(desk: Desk) -> None:
    """C-56: somebody took it by SMS meanwhile, or the desk did."""
    path = urgent(desk)
    station, at = desk.station, desk.station.clock.now()
    number = station.ticket().number
    station.store.write(lambda tx: assigning.take(station.gw, tx, number, station.elena, at))
    assert "è in carico a Elena" in Page(desk.client.get(path)).words
    assert "è in carico a Elena" in Page(desk.client.post(path)).words
    assert station.ticket().owner == "elena"


def test_a_page_of_many_lists_them_and_its_button_takes_those_and_no_other(desk: Desk) -> None:
    """M-MANY: what was told together is taken together; what came later is not."""
    urgent(desk, 12)
    desk.station.pass_(minutes=11)
    (mail,) = [
        mail for mail in desk.station.page_mails(desk.station.gw.rules.people["bruno"].mail) if "- 20" in mail.text
    ]
    (line,) = [line for line in mail.text.splitlines() if "/page/" in line]
    path = urlsplit(line).path
    listed = {int(each.split(",")[0][2:]) for each in mail.text.splitlines() if each.startswith("- 20")}
    desk.station.mail(f"{URGENT} più tardi")
    desk.station.chase()
    later = desk.station.tickets()[0].number
    shown = Page(desk.client.get(path))
    assert all(str(number) in shown.words for number in listed)
    assert str(later) not in shown.words
    told = Page(desk.client.post(path))
    owned = {ticket.number for ticket in desk.station.tickets() if ticket.owner == "bruno"}
    assert owned == listed
    assert f"{len(listed)} richieste sono prese in carico da Lei" in told.words
    assert later not in owned


def test_a_forged_token_opens_and_accepts_nothing(desk: Desk) -> None:
    """P14: the same answer whether there is such a page or not."""
    path = urgent(desk)
    right = path.rpartition("/")[2]
    forged = (right[:-1] + ("0" if right[-1] != "0" else "1"), f"9{right}", "1", f"{right}0", "%00", "x" * 3000)
    answers = [desk.client.request(method, f"/page/{each}") for each in forged for method in ("GET", "POST")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert desk.station.ticket().state is TicketState.NOTIFIED


def test_a_link_holds_while_its_page_waits_and_for_a_week(desk: Desk) -> None:
    path = urgent(desk)
    desk.client.post(path)
    desk.station.clock.pass_(days=LINK_LIVES.days - 1)
    assert desk.client.get(path).status_code == 200
    desk.station.clock.pass_(days=1)
    assert (desk.client.get(path).status_code, desk.client.post(path).status_code) == (404, 404)


def test_a_page_that_nobody_answered_may_be_accepted_after_a_week_still(desk: Desk) -> None:
    path = urgent(desk)
    desk.station.clock.pass_(days=LINK_LIVES.days + 1)
    assert "presa in carico da Lei" in Page(desk.client.post(path)).words


def test_a_code_that_was_tried_too_often_closes_the_link_too(desk: Desk) -> None:
    """P14: three wrong codes block the page."""
    path = urgent(desk)
    wrong = "999999" if code_in(desk.station.page_texts(BRUNO)[0].text) != "999999" else "888888"
    for _ in range(3):
        desk.station.sms(BRUNO, f"OK {wrong}")
    assert (desk.client.get(path).status_code, desk.client.post(path).status_code) == (404, 404)
    assert desk.station.ticket().owner is None


def test_the_store_that_cannot_write_is_not_told_as_an_acceptance(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """P3: 503, and the page still waits."""
    path = urgent(desk)

    def full(_unit: object) -> object:
        from concurrent.futures import Future

        failed: Future[object] = Future()
        failed.set_exception(StoreError("the disk is full"))
        return failed

    with monkeypatch.context() as patched:
        patched.setattr(type(desk.station.store), "submit", lambda _store, unit, **_: full(unit))
        assert desk.client.post(path).status_code == 503
    assert desk.client.get(path).status_code == 200
    assert desk.station.ticket().state is TicketState.NOTIFIED


def test_a_drill_is_confirmed_by_its_button_and_is_nobodys_request(desk: Desk) -> None:
    station, at = desk.station, desk.station.clock.now()
    station.store.write(lambda tx: drills.begin(station.gw, tx, C2, station.gw.rules.people["dario"], at))
    (mail,) = [mail for mail in station.page_mails() if mail.to.startswith("bruno")]
    (line,) = [line for line in mail.text.splitlines() if "/page/" in line]
    path = urlsplit(line).path
    assert "Prova della reperibilità" in Page(desk.client.get(path)).words
    assert "Prova confermata" in Page(desk.client.post(path)).words
    assert [page.person for page in station.pages() if page.state == "accepted"] == ["bruno"]
    assert station.ticket().owner == "dario"


def test_a_name_of_ours_is_no_markup(desk: Desk) -> None:
    """B-092: a page is built from values of files and people."""
    from dataclasses import replace

    desk.station.gw.rules = replace(desk.station.gw.rules, name="<script>alert(1)</script>")
    answer = desk.client.get(urgent(desk))
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


# --------------------------------------------------------------------------------------------------------------- swaps


def swapped(desk: Desk) -> tuple[str, Any]:
    """Bruno asks Carla to take Sunday's night over: the path of the link, and the swap."""
    station, at = desk.station, desk.station.clock.now()
    people = station.gw.rules.people
    wanted = standing_in.Wanted(station.gw.rules.contracts[C2], *NIGHT, "carla", "visita medica", ("+39",))
    swap = station.store.write(lambda tx: standing_in.ask_swap(station.gw, tx, wanted, people["bruno"], at))
    return link_in(desk, "swap"), swap


def press(desk: Desk, path: str, answer: str) -> httpx2.Response:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return desk.client.post(path, content=f"answer={answer}".encode(), headers=form)


def test_a_swaps_page_says_who_asks_and_has_two_buttons(desk: Desk) -> None:
    path, _ = swapped(desk)
    answer = desk.client.get(path)
    page = Page(answer)
    assert "Bruno" in page.words
    assert "29/11/2026 20:00" in page.words
    assert [button["value"] for button in page.buttons] == ["accept", "decline"]
    assert "visita" not in answer.text


@pytest.mark.parametrize(("method", "agent"), ROBOTS)
def test_whatever_opens_a_swaps_link_changes_nothing(desk: Desk, method: str, agent: str) -> None:
    """P9."""
    path, swap = swapped(desk)
    desk.client.request(method, path, headers={"User-Agent": agent})
    assert now(desk.station, swap).state is ChangeState.ASKED


@pytest.mark.parametrize("said", ["", "maybe", "accept\x00", "accept accept"])
def test_a_post_without_a_button_answers_no_swap(desk: Desk, said: str) -> None:
    path, swap = swapped(desk)
    assert press(desk, path, said).status_code == 400
    assert now(desk.station, swap).state is ChangeState.ASKED


@pytest.mark.parametrize(
    ("pressed", "state", "words"),
    [("accept", ChangeState.IN_FORCE, "è Suo"), ("decline", ChangeState.DECLINED, "resta a Bruno")],
)
def test_a_button_answers_the_swap_and_again_says_the_same(
    desk: Desk, pressed: str, state: ChangeState, words: str
) -> None:
    path, swap = swapped(desk)
    assert words in Page(press(desk, path, pressed)).words
    assert now(desk.station, swap).state is state
    other = "decline" if pressed == "accept" else "accept"
    assert words in Page(press(desk, path, other)).words
    assert words in Page(desk.client.get(path)).words
    assert now(desk.station, swap).state is state


def test_a_swaps_link_ends_with_its_night(desk: Desk) -> None:
    path, swap = swapped(desk)
    desk.station.clock.set(NIGHT[1].isoformat())
    assert "non è più possibile" in Page(press(desk, path, "accept")).words
    assert now(desk.station, swap).state is ChangeState.ASKED


def test_a_forged_swap_link_is_told_nothing(desk: Desk) -> None:
    """P14."""
    path, swap = swapped(desk)
    for each in (path[:-1] + ("0" if path[-1] != "0" else "1"), "/swap/1", f"/swap/{swap.id}-" + "0" * 32):
        assert desk.client.get(each).status_code == 404
        assert press(desk, each, "accept").status_code == 404
    assert now(desk.station, swap).state is ChangeState.ASKED
