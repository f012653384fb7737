"""The page of the telephones without a browser: what it answers, to whom, and what it asks of the house behind it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.rehearsal import Carrier, Rehearsal
from adapters.rehearsal.house import ContractSeen, PersonSeen, Seen
from adapters.rehearsal.page import ASSETS
from config.demo.words import page_words
from tests.adapters.rehearsal.conftest import NUMBER, sdk
from tests.adapters.rehearsal.gateway import TinyGateway, twiml

NOW = datetime(2026, 11, 28, 21, 10, tzinfo=UTC)
CITIZEN, ANNA = "+393401112233", "+393331112233"
WORDS = page_words()


class SmallHouse:
    """One contract, one technician, a clock that remembers where it was sent."""

    name = "Prova <b>&amp;</b>"
    contract = "c02-comune"
    public_url = "http://127.0.0.1:1"
    settings = "gateway.toml"

    def __init__(self) -> None:
        self.now = NOW

    def look(self) -> Seen:
        contract = ContractSeen(
            self.contract, "Comune", ("+390700000200",), (), (), False, "weekend", None, None, None, ("C2.4",), (), ()
        )  # fmt: skip
        anna = PersonSeen("anna", "Anna", "tecnica", ANNA, None, supervisor=False)
        return Seen(self.now, (contract,), (anna,), (), ())

    def go_forward(self, to: datetime) -> None:
        if to <= self.now:
            raise ValueError("the clock goes forward only")
        self.now = to


@pytest.fixture
def house(rehearsal: Rehearsal) -> Iterator[SmallHouse]:
    house = SmallHouse()
    rehearsal.page.show(house, WORDS)
    yield house
    rehearsal.page.hide()


@pytest.fixture
def desk(rehearsal: Rehearsal) -> httpx2.Client:
    return httpx2.Client(base_url=f"{rehearsal.base_url}/rehearsal", timeout=5, trust_env=False)


def seen(desk: httpx2.Client, caller: str = "") -> Any:  # noqa: ANN401 - JSON
    return desk.get("/view", params={"caller": caller}).json()


@pytest.mark.parametrize("path", ["/", "/view", "/assets/main.js", "/mail/0/text"])
def test_without_a_house_there_is_no_page(desk: httpx2.Client, path: str) -> None:
    assert desk.get(path).status_code == 404


def test_the_page_is_italian_first_and_english_on_request(desk: httpx2.Client, house: SmallHouse) -> None:
    for asked, language in (("", "it"), ("?lang=en", "en"), ("?lang=xx", "it")):
        page = desk.get(f"/{asked}").text
        assert f'<html lang="{language}">' in page
        assert WORDS[language]["ui.title"] in page


def test_names_are_escaped_and_scripts_come_from_here_alone(desk: httpx2.Client, house: SmallHouse) -> None:
    answer = desk.get("/")
    assert "Prova &lt;b&gt;&amp;amp;&lt;/b&gt;" in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert re.findall(r"(?:src|href)=\"(https?:[^\"]*)", answer.text) == []


def test_the_words_in_the_page_are_data_that_no_parser_can_leave(desk: httpx2.Client, rehearsal: Rehearsal) -> None:
    words = dict(WORDS["it"]) | {"ui.title": "</script><script>alert(1)</script>"}
    rehearsal.page.show(SmallHouse(), {"it": words})
    try:
        page = desk.get("/").text
    finally:
        rehearsal.page.hide()
    (data,) = re.findall(r'id="words">(.*?)</script>', page, re.DOTALL)
    assert json.loads(data)["ui.title"] == words["ui.title"]
    assert "<script>alert" not in page


@pytest.mark.parametrize("name", ["..%2fpage.py", "page.html", "nothing.js", "%2fetc%2fpasswd"])
def test_only_styles_and_scripts_of_the_page_are_handed_out(desk: httpx2.Client, house: SmallHouse, name: str) -> None:
    assert desk.get(f"/assets/{name}").status_code == 404


def test_every_asset_is_handed_out_as_what_it_is(desk: httpx2.Client, house: SmallHouse) -> None:
    kinds = {name.name: desk.get(f"/assets/{name.name}").headers["content-type"] for name in ASSETS.glob("*.[jc]s*")}
    assert {kind.partition(";")[0] for name, kind in kinds.items() if name.endswith(".js")} == {"text/javascript"}
    assert kinds["page.css"].startswith("text/css")


def test_the_view_shows_a_call_from_both_ends(
    desk: httpx2.Client, house: SmallHouse, carrier: Carrier, gateway: TinyGateway
) -> None:
    gateway.says |= {
        "/twilio/voice": twiml(f'<Say>Buongiorno</Say><Dial timeout="4000" action="/after">{ANNA}</Dial>'),
        "/after": twiml("<Hangup/>"),
    }
    carrier.place_call(CITIZEN)
    while (view := seen(desk, CITIZEN))["phones"][0]["state"] != "ringing":
        pass
    assert (view["caller"]["state"], view["caller"]["call"]["doing"]) == ("in_call", "rings")
    assert view["caller"]["call"]["told"] == [["heard", "Buongiorno"], ["rings", ANNA]]
    assert (view["phones"][0]["name"], view["phones"][0]["call"]["other"]) == ("Anna", CITIZEN)
    carrier.hang_up(CITIZEN)
    carrier.wait_idle(5)
    assert [each["state"] for each in (seen(desk, CITIZEN)["caller"], seen(desk)["phones"][0])] == ["idle", "idle"]


@pytest.mark.parametrize("sender", [NUMBER, "ComuneTest"])
def test_the_view_says_whether_a_text_can_be_replied_to(
    desk: httpx2.Client, house: SmallHouse, carrier: Carrier, rehearsal: Rehearsal, sender: str
) -> None:
    """M-02."""
    client = sdk(rehearsal)
    client.messages.create(to=ANNA, from_=sender, body="Codice 482913")
    carrier.wait_idle()
    (text,) = seen(desk)["phones"][0]["inbox"]
    assert (text["sender"], text["code"], text["answerable"]) == (sender, "482913", sender == NUMBER)


def test_looking_at_a_number_connects_no_telephone(desk: httpx2.Client, house: SmallHouse, carrier: Carrier) -> None:
    assert seen(desk, "+393409999999")["caller"]["state"] == "idle"
    assert carrier.phones.all() == []


def test_the_clock_is_asked_of_the_house(desk: httpx2.Client, house: SmallHouse) -> None:
    later = NOW + timedelta(minutes=6)
    assert desk.post("/clock", json={"to": later.isoformat()}).status_code == 200
    assert house.now == later
    assert desk.post("/clock", json={"to": NOW.isoformat()}).status_code == 400
    assert desk.post("/clock", json={"to": "domani"}).status_code == 400
    assert house.now == later


def test_the_clock_stands_while_somebody_is_on_the_line(
    desk: httpx2.Client, house: SmallHouse, carrier: Carrier, gateway: TinyGateway
) -> None:
    gateway.says["/twilio/voice"] = twiml('<Pause length="4000"/>')
    carrier.place_call(CITIZEN)
    assert desk.post("/clock", json={"to": (NOW + timedelta(hours=1)).isoformat()}).status_code == 409
    assert house.now == NOW
    carrier.hang_up(CITIZEN)
    carrier.wait_idle(5)


def test_every_language_says_the_same_things() -> None:
    assert set(WORDS) >= {"it", "en"}
    assert {language: set(words) ^ set(WORDS["it"]) for language, words in WORDS.items() if language != "it"} == {
        language: set() for language in WORDS if language != "it"
    }


def test_every_word_that_a_script_asks_for_is_there() -> None:
    asked = {
        key
        for script in ASSETS.glob("*.js")
        for key in re.findall(r"word\(\s*\"([a-z_]+\.[a-z_]+)\"", Path(script).read_text(encoding="utf-8"))
    }
    assert len(asked) > 30
    assert asked - set(WORDS["it"]) == set()
