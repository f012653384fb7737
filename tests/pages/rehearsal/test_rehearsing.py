"""An operator rehearses a contract in the browser before it goes live: issue 4, point 8."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from http.client import HTTPConnection

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.pages.rehearsal.conftest import Demo

pytestmark = pytest.mark.xdist_group("chromium")  # one browser and one demo for all of them

BRUNO = "Bruno Serra, cellulare"
HOSTILE = "<script>window.taken = 1</script><img src=x onerror='window.taken = 2'>"


def call_as(page: Page, who: str = "cittadino sconosciuto, fisso", contract: str = "c02-comune") -> None:
    page.locator("#contract").select_option(contract)
    page.locator("#who").select_option(label=who)
    page.get_by_role("button", name="Chiama", exact=True).click()
    expect(page.locator("#caller-phone .call-status")).to_contain_text("In linea")


def caller(page: Page) -> Locator:
    return page.locator("#caller-phone")


def telephone(page: Page, name: str = BRUNO) -> Locator:
    return page.get_by_role("article", name=name)


def newest(page: Page) -> Locator:
    return page.locator("#tickets > li").first


def text_us(page: Page, words: str, number: str) -> None:
    page.locator("#contract").select_option("c02-comune")
    page.locator("#who").select_option(label="un altro numero…")
    page.locator("#other").fill(number)
    box = page.locator("#caller .texts")
    if box.get_attribute("open") is None:
        box.locator("summary").click()
    page.locator("#caller-words").fill(words)
    box.get_by_role("button", name="Invia").click()


def test_the_technicians_telephone_rings_and_a_key_takes_the_call(page: Page) -> None:
    """S027, S029, C2.8: from the caller's key to the register's line with its clause."""
    call_as(page)
    expect(caller(page)).to_contain_text("Benvenuto al servizio di assistenza")
    caller(page).get_by_role("button", name="Tasto 1", exact=True).click()
    rings = telephone(page)
    expect(rings.locator(".pill")).to_have_text("squilla")
    expect(page).to_have_title(re.compile("Bruno Serra"))
    rings.get_by_role("button", name="Rispondi", exact=True).click()
    expect(rings).to_contain_text("Per accettare prema uno")
    rings.get_by_role("button", name="Tasto 1", exact=True).click()
    expect(caller(page).locator(".call-status")).to_have_text("In conversazione")
    expect(newest(page)).to_contain_text("presa in carico")
    expect(newest(page)).to_contain_text("Bruno Serra")
    newest(page).get_by_role("button").click()
    taken = page.locator("#events > li", has_text="presa in carico")
    expect(taken.locator(".clause")).to_have_text("C2.8")
    caller(page).get_by_placeholder("Parole da dire").fill("Non parte il protocollo")
    caller(page).get_by_role("button", name="Di’").click()
    expect(rings.locator(".told")).to_contain_text("Non parte il protocollo")


def test_an_sms_is_answered_with_ok_and_its_code(page: Page) -> None:
    """M-01, C2.8: the button writes what a technician types; the ticket is theirs."""
    text_us(page, "URGENTE: il portale dei tributi è bloccato", "+393337770001")
    expect(newest(page)).to_contain_text("portale dei tributi")
    number = newest(page).locator(".number").inner_text()
    mine = telephone(page).locator(".inbox > li", has_text=number).filter(has_text="URGENTE")
    mine.get_by_role("button", name=re.compile("^OK")).click()
    expect(page.locator("#tickets > li", has_text=number)).to_contain_text("presa in carico")
    expect(telephone(page).locator(".inbox")).to_contain_text(f"{number} è presa in carico da te")


def test_an_sms_that_left_from_a_name_has_no_button_to_reply(page: Page) -> None:
    """M-02: two texts with a code on one telephone, from a name and from a number."""
    text = {"at": "2026-11-28T21:10:00+00:00", "body": "Per accettare digita 482913.", "code": "482913"}
    inbox = [
        text | {"sid": "SM1", "sender": "ComuneTest", "answerable": False},
        text | {"sid": "SM2", "sender": "+390700000299", "answerable": True},
    ]

    def show_both(route: Route) -> None:
        answer = route.fetch()
        seen = answer.json()
        next(phone for phone in seen["phones"] if phone["number"] == "+393330000002")["inbox"] = inbox
        route.fulfill(response=answer, json=seen)

    page.route("**/view*", show_both)
    lying = telephone(page).locator(".inbox > li")
    expect(lying.filter(has_text="ComuneTest")).to_contain_text("482913")
    expect(lying.filter(has_text="+390700000299").get_by_role("button")).to_have_count(3)
    expect(lying.filter(has_text="ComuneTest").get_by_role("button")).to_have_count(0)
    page.unroute_all(behavior="wait")


def test_whoever_hangs_up_in_the_menu_leaves_a_line(page: Page) -> None:
    """S003: the caller pressed nothing; the call and how far it came stand in the register."""
    call_as(page, "numero nascosto")
    expect(caller(page)).to_contain_text("Per un reclamo prema tre")
    page.locator("#hang-up").click()
    expect(caller(page)).to_contain_text("conclusa")
    expect(page.locator("#events > li").first).to_contain_text(
        re.compile("contatto senza richiesta|chiamata terminata")
    )


def test_a_message_is_left_after_the_notice_and_the_tone(page: Page) -> None:
    """V-03, X12: what is said after the tone is a recording; the gateway fetches it and the register says so."""
    call_as(page)
    caller(page).get_by_role("button", name="Tasto 2", exact=True).click()
    expect(caller(page).locator(".call-status")).to_contain_text("registra")
    expect(caller(page)).to_contain_text("La chiamata può essere registrata")
    caller(page).get_by_placeholder("Parole da dire").fill("Sono Maria, chiamatemi")
    caller(page).get_by_role("button", name="Di’").click()
    expect(caller(page)).to_contain_text("messaggio di 2 secondi lasciato")
    expect(page.locator("#events")).to_contain_text("registrazione conservata")


def test_a_voicemail_that_picks_up_accepts_nothing(page: Page) -> None:
    """S029: the machine presses no key, so the deputy's telephone rings."""
    call_as(page)
    caller(page).get_by_role("button", name="Tasto 1", exact=True).click()
    telephone(page).get_by_role("button", name="Lascia alla segreteria").click()
    expect(telephone(page)).to_contain_text("risponde la segreteria")
    expect(telephone(page, "Carla Lai, cellulare").locator(".pill")).to_have_text("squilla")
    expect(newest(page)).not_to_contain_text("presa in carico")


def test_what_is_spoken_is_shown_as_text(page: Page) -> None:
    """B-100: words of strangers never become elements of the page, wherever they are shown."""
    text_us(page, HOSTILE, "+393337770002")
    expect(newest(page).locator(".subject")).to_contain_text("<script>")
    call_as(page)
    caller(page).get_by_placeholder("Parole da dire").fill(HOSTILE)
    caller(page).get_by_role("button", name="Di’").click()
    expect(caller(page).locator(".said").last).to_contain_text("<script>window.taken")
    assert page.evaluate("window.taken") is None
    assert page.locator("main script, main img").count() == 0


def test_digits_typed_on_the_page_are_keys_and_in_a_field_they_are_not(page: Page) -> None:
    """WCAG 2.1.1: all of it works without a mouse."""
    page.locator("#contract").select_option("c02-comune")
    page.locator("#call").focus()
    page.keyboard.press("Enter")
    expect(caller(page)).to_contain_text("Benvenuto")
    caller(page).get_by_placeholder("Parole da dire").focus()
    page.keyboard.type("7")
    page.locator("h1").click()
    page.keyboard.press("2")
    expect(caller(page).locator(".key")).to_have_text(["tasto 2"])


def clock(page: Page) -> datetime:
    """The instant that the page shows."""
    return datetime.fromisoformat(page.locator("#now").get_attribute("datetime") or "")


def test_the_clock_goes_forward_but_not_while_somebody_is_on_the_line(page: Page) -> None:
    page.locator("#clock-box summary").click()
    call_as(page)
    page.get_by_role("button", name="+ 1 min").click()
    expect(page.locator("#refused")).to_contain_text("prima riagganci")
    page.locator("#hang-up").click()
    expect(caller(page)).to_contain_text("conclusa")
    began = clock(page)
    for _ in range(20):  # a call ends for the carrier a moment after it has ended for the caller
        page.get_by_role("button", name="+ 1 min").click()
        page.wait_for_timeout(1_000)
        if page.locator("#refused").is_hidden():
            break
    expect(page.locator("#refused")).to_be_hidden()
    assert clock(page) - began >= timedelta(seconds=60)


def test_a_fault_of_the_carrier_is_caused_and_mended(page: Page) -> None:
    """T-SMS, 30003: the text is undelivered, and the register says so."""
    page.locator("#faults-box summary").click()
    page.locator("#kind").select_option("30003")
    page.get_by_role("button", name="Provoca").click()
    expect(page.locator("#faults > li")).to_contain_text("30003")
    text_us(page, "Come si stampa il registro?", "+393337770003")
    expect(page.locator("#events")).to_contain_text("non consegnato")
    page.get_by_role("button", name="Ripara tutto").click()
    expect(page.locator("#faults > li")).to_have_count(0)


def test_mail_that_left_is_read_and_its_one_time_link_followed(page: Page, demo: Demo) -> None:
    """T-PAGE, P9: opening the link changes nothing; the button is the gateway's own page."""
    page.locator("#mail-box > summary").click()
    mail = page.locator("#mails > li", has_text="bruno.serra@assistenza.example").first
    mail.locator("summary").click()
    link = mail.locator(f"a[href^='{demo.facts['http']}/page/']")
    with page.context.expect_page() as opened:
        link.click()
    expect(opened.value.locator("main")).to_contain_text("Centralino demo")


@pytest.mark.parametrize(("width", "language"), [(360, "it"), (1440, "en")])
def test_everything_has_a_name_and_nothing_runs_over_the_edge(
    browser: Browser, demo: Demo, width: int, language: str
) -> None:
    """WCAG 1.4.10, 4.1.2: on a telephone's screen too, in both languages; and nothing is fetched from elsewhere."""
    page = browser.new_page(viewport={"width": width, "height": 740})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{demo.facts['rehearsal']}?lang={language}")
    page.wait_for_selector("body[data-ready]")
    for box in page.locator("#workshop > details > summary").all():
        box.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("html").get_attribute("lang") == language
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, input, select, textarea')].filter(each => !(each.textContent.trim()"
        " || each.ariaLabel || each.labels?.length)).map(each => each.outerHTML)"
    )
    assert nameless == []
    own = (str(demo.facts["rehearsal"]), "data:")
    assert [url for url in asked if not url.startswith(own)] == []
    page.close()


def test_the_gateways_own_door_has_no_such_page(demo: Demo) -> None:
    """What `serve` listens on never shows the stand-ins: they are not there."""
    door = HTTPConnection(str(demo.facts["http"]).removeprefix("http://"), timeout=5)
    door.request("GET", "/rehearsal/")
    assert door.getresponse().status == 404
    door.close()
