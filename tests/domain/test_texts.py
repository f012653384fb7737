from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import smsutil
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.domain.text_ids import PLACEHOLDERS
from gateway.domain.texts import (
    SMS_LIMIT,
    Catalogue,
    Text,
    TextError,
    clean,
    fit_sms,
    gsm_text,
    one_line,
    quoted_subject,
)

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "texts"
LANGUAGES = ("it", "en")

# What c02 gives on the Saturday night of the demo; voice values are spoken, mail values are written.
C02 = {
    "ticket": "2026000123",
    "ticket_spoken": "2 0 2 6, 0 0 0, 1 2 3",
    "service": "Help desk",
    "body": "Comune di Cagliari",
    "controller": "Comune di Cagliari",
    "privacy_url": "https://helpdesk.example/privacy",
    "site": "helpdesk.example",
    "subject": "Protocollo bloccato",
    "date": "28 novembre 2026",
    "time": "22.10",
    "time_spoken": "ventidue e dieci",
    "channel": "posta elettronica",
    "expected": "appena possibile",
    "phone": "070 123456",
    "hours": "dal lunedì al venerdì, dalle ore 8.00 alle ore 18.00",
    "hours_spoken": "dal lunedì al venerdì dalle ore otto alle ore diciotto",
    "next_opening": "lunedì 30 novembre 2026 alle ore 8.00",
    "next_opening_short": "lunedì 30 novembre alle 8.00",
    "next_opening_spoken": "lunedì 30 novembre 2026 alle ore otto",
    "oncall_number": "+39070123457",
    "reason": "fine settimana",
    "category": "assistenza",
    "code": "482913",
    "codes": "482913, 771204",
    "minutes": "10",
    "left": "2",
    "waiting": "10 minuti",
    "word": "OK",
    "also": "",
}


def septets(text: str) -> int | None:
    if not smsutil.is_valid_gsm(text):
        return None
    return sum(2 if c in smsutil.GSM_EXT_CHARSET else 1 for c in text)


def catalogue(language: str) -> Catalogue:
    tables: dict[str, dict[str, str]] = {}
    for file in sorted((ROOT / "config" / "texts" / language).glob("*.toml")):
        tables |= tomllib.loads(file.read_text(encoding="utf-8"))
    texts = {key: Text(key, table.get("subject", ""), table["body"]) for key, table in tables.items()}
    return Catalogue(texts, language)


CATALOGUES = {language: catalogue(language) for language in LANGUAGES}
ITALIAN = CATALOGUES["it"]
SMS_IDS = sorted(text_id for text_id in PLACEHOLDERS if text_id.startswith("M-"))


def values_for(text_id: str) -> dict[str, str]:
    """Every placeholder of the text: the c02 value, or the name of the placeholder in guillemets."""
    return {name: C02.get(name, f"«{name}»") for name in PLACEHOLDERS[text_id]} | {
        "controller": C02["controller"],
        "privacy_url": C02["privacy_url"],
    }


@pytest.mark.parametrize("text_id", sorted(PLACEHOLDERS))
def test_every_italian_text_reads_as_its_golden_file(text_id: str) -> None:
    filled = ITALIAN.fill(text_id, {k: v for k, v in values_for(text_id).items() if k != "privacy"})
    expected = (GOLDEN / f"{text_id}.txt").read_text(encoding="utf-8")
    assert f"{filled.subject}\n\n{filled.body.rstrip()}\n" == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_exactly_the_texts_that_the_code_fills(language: str) -> None:
    assert CATALOGUES[language].texts.keys() == PLACEHOLDERS.keys()


@pytest.mark.parametrize("text_id", sorted(PLACEHOLDERS))
def test_both_languages_tell_the_same_values(text_id: str) -> None:
    assert CATALOGUES["it"].text(text_id).placeholders() == CATALOGUES["en"].text(text_id).placeholders()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text_id", sorted(PLACEHOLDERS))
def test_no_text_asks_for_a_value_that_nobody_gives(language: str, text_id: str) -> None:
    assert CATALOGUES[language].text(text_id).placeholders() <= PLACEHOLDERS[text_id]


def test_a_missing_value_names_the_text_and_the_placeholder() -> None:
    with pytest.raises(TextError, match=r"T-PRIV-NO-DPO.*\{controller\}"):
        ITALIAN.fill("T-PRIV-NO-DPO", {"privacy_url": "x"})


def test_an_unknown_text_is_named() -> None:
    with pytest.raises(TextError, match="T-NOPE"):
        ITALIAN.fill("T-NOPE", {})


def test_a_value_that_looks_like_a_placeholder_stays_what_it_is() -> None:
    texts = Catalogue({"T": Text("T", "", "{text}")})
    assert texts.fill("T", {"text": "{code} {0.__class__}", "code": "1"}).body == "{code} {0.__class__}"


def test_the_privacy_line_names_the_data_protection_officer_where_there_is_one() -> None:
    values = values_for("T-SOL-NO-FEEDBACK") | {"dpo": "dpo@comune.example"}
    del values["privacy"]
    body = ITALIAN.fill("T-SOL-NO-FEEDBACK", values).body
    assert body.rstrip().endswith("Responsabile della protezione dei dati: dpo@comune.example.")


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_no_line_end_of_a_value_reaches_a_subject(line_end: str) -> None:
    """B-042."""
    values = values_for("T-ACK") | {"subject": f"aiuto{line_end}Bcc: x@y.example"}
    assert len(ITALIAN.fill("T-ACK", values).subject.splitlines()) == 1


@given(st.text())
def test_one_line_is_one_line_whatever_it_was(value: str) -> None:
    assert len(one_line(value).splitlines()) <= 1


@given(st.text())
def test_a_body_value_can_be_sent_as_utf8_and_turns_no_direction(value: str) -> None:
    """B-070: a right-to-left override would show another text than the one sent."""
    told = clean(value)
    assert not set(told) & set("\r\x00\x1b\u202e\u2066")
    assert told.encode("utf-8").decode("utf-8") == told


@pytest.mark.parametrize(
    ("given_subject", "quoted"),
    [
        ("Re: [2026000123] R: Protocollo", "Protocollo"),
        ("Fwd: FW: I: RIF: stampante", "stampante"),
        ("[2026000999] [2026000123] ciao", "ciao"),
        ("Ri[2026000123]chiesta", "Ri chiesta"),
        ("", "(senza oggetto)"),
        ("\u200b\u202e", "(senza oggetto)"),
        ("Rete ferma: aiuto", "Rete ferma: aiuto"),
        ("x" * 81, "x" * 79 + "…"),
        ("y" * 80, "y" * 80),
    ],
)
def test_a_subject_is_quoted_without_marks_and_answer_prefixes(given_subject: str, quoted: str) -> None:
    assert quoted_subject(given_subject) == quoted


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text_id", SMS_IDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_an_sms_of_any_values_is_gsm7_and_at_most_160(language: str, text_id: str, data: st.DataObject) -> None:
    values = {name: data.draw(st.text(max_size=200)) for name in PLACEHOLDERS[text_id]}
    counted = septets(fit_sms(CATALOGUES[language].text(text_id), values, septets=septets))
    assert counted is not None
    assert counted <= SMS_LIMIT


@given(service=st.text(max_size=99), category=st.text(max_size=99), body=st.text(max_size=99))
@example(service="S" * 99, category="{" * 99, body="È" * 99)
def test_a_page_never_loses_its_number_code_or_hour(service: str, category: str, body: str) -> None:
    values = {"ticket": "2026000123", "code": "482913", "time": "22:10"}
    values |= {"service": service, "category": category, "body": body}
    sms = fit_sms(ITALIAN.text("M-01"), values, septets=septets)
    assert "2026000123 URGENTE" in sms
    assert "Ricevuta 22:10. Rispondi OK 482913 per accettare, NO 482913 per passare al collega." in sms


def test_a_value_without_end_costs_no_more_than_its_beginning() -> None:
    asked = []

    def counted(text: str) -> int | None:
        asked.append(text)
        return septets(text)

    fit_sms(ITALIAN.text("M-01"), C02 | {"time": "22:10", "body": "è" * 300_000}, septets=counted)
    assert len(asked) < 5_000


def test_the_body_gives_way_before_the_category_and_the_service() -> None:
    values = C02 | {"time": "22:10", "body": "Comune di Castellammare del Golfo e comuni associati"}
    sms = fit_sms(ITALIAN.text("M-01"), values, septets=septets)
    assert sms.startswith("Help desk: 2026000123 URGENTE, assistenza, Comune di Castellammare")
    assert len(sms) <= SMS_LIMIT


def test_a_value_that_is_gone_takes_its_comma_with_it() -> None:
    sms = fit_sms(ITALIAN.text("M-01"), C02 | {"category": "", "body": ""}, septets=septets)
    assert sms.startswith("Help desk: 2026000123 URGENTE. Ricevuta")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("L’ente “Città” – SÌ…", "L'ente \"Città\" - SI'..."),
        ("PERCHÉ È COSÌ", "PERCHÉ E' COSI'"),
        ("50 € [ok]", "50 EUR (ok)"),
        ("façade Çà", "facade Cà"),
        ("naïve Škoda", "naive Skoda"),
        ("caffe\u0300", "caffè"),
        ("½ litro", "1/2 litro"),
        ("\u202eevil\u200b \U0001f600 ok", "evil ok"),
        ("Привет", "??????"),
    ],
)
def test_what_gsm7_cannot_say_is_said_with_the_nearest_characters(written: str, told: str) -> None:
    assert gsm_text(written, septets=septets) == told
