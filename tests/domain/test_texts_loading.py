from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import smsutil

from config.load.texts import load_texts
from gateway.domain.errors import SettingError

SHIPPED = Path(__file__).parents[2] / "config" / "texts"


def septets(text: str) -> int | None:
    if not smsutil.is_valid_gsm(text):
        return None
    return sum(2 if c in smsutil.GSM_EXT_CHARSET else 1 for c in text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "texts"))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def refusal(folder: Path) -> str:
    with pytest.raises(SettingError) as caught:
        load_texts(folder, septets=septets)
    return str(caught.value)


def test_the_shipped_texts_load_in_both_languages() -> None:
    assert sorted(load_texts(SHIPPED, septets=septets)) == ["en", "it"]


def test_an_unknown_placeholder_is_refused_with_those_that_have_a_value(folder: Path) -> None:
    change(folder / "it" / "sms.toml", "alle {time}. Non devi", "alle {hour}. Non devi")
    assert "[M-04] {hour} has no value in this text" in refusal(folder)


def test_a_missing_text_is_named(folder: Path) -> None:
    change(folder / "it" / "voice.toml", '[V-07]\nbody = "La stiamo', '[V-16-OLD]\nbody = "La stiamo')
    assert "[V-16-OLD] no text has this id" in refusal(folder)


def test_a_text_that_was_taken_out_is_named(folder: Path) -> None:
    (folder / "en" / "escalation.toml").unlink()
    assert "[T-ESC] this text is missing" in refusal(folder)


def test_an_sms_outside_the_gsm7_basic_table_is_refused(folder: Path) -> None:
    change(folder / "it" / "sms.toml", "l'ultima", "l’ultima")
    assert "[M-MANY] '’' is not in the GSM-7 basic table" in refusal(folder)


def test_an_sms_that_can_never_fit_is_refused(folder: Path) -> None:
    change(folder / "it" / "sms.toml", "Non devi fare altro. Grazie.", "Non devi fare altro. " * 8)
    assert "[M-04] it needs" in refusal(folder)


def test_a_page_without_its_code_is_refused(folder: Path) -> None:
    change(folder / "it" / "sms.toml", "OK {code} per accettarla ora", "OK per accettarla ora")
    assert "[M-10] {code} is missing" in refusal(folder)


def test_a_mail_subject_without_its_mark_is_refused(folder: Path) -> None:
    change(folder / "it" / "mail.toml", "[{ticket}] Ci servono", "Ci servono")
    assert "the mark [{ticket}] is missing" in refusal(folder)


def test_a_brace_that_belongs_to_no_placeholder_is_refused(folder: Path) -> None:
    change(folder / "it" / "mail.toml", "{expected}", "{previsione presa}")
    assert "a brace belongs to no placeholder" in refusal(folder)


def test_a_file_that_is_no_toml_is_named(folder: Path) -> None:
    (folder / "it" / "sms.toml").write_text("[M-01\n", encoding="utf-8")
    assert "sms.toml" in refusal(folder)


def test_a_folder_without_italian_texts_is_refused(tmp_path: Path) -> None:
    assert "there are no Italian texts" in refusal(tmp_path)
