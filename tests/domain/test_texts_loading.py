from __future__ import annotations

import errno
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import smsutil

from config.load import texts
from config.load.texts import borrowed, load_texts
from gateway.domain.errors import SettingError
from gateway.domain.text_ids import PLACEHOLDERS

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


def test_an_unknown_text_is_named(folder: Path) -> None:
    change(folder / "it" / "voice.toml", '[V-07]\nbody = "La stiamo', '[V-16-OLD]\nbody = "La stiamo')
    assert "[V-16-OLD] no text has this id" in refusal(folder)


def test_a_text_that_the_folder_lacks_is_the_shipped_one_of_its_language(folder: Path) -> None:
    """P21: a later version with a new text stops no site; its own words stay."""
    change(folder / "en" / "sms.toml", '[M-04]\nbody = "', '[M-04]\nbody = "Ours: ')
    for language in ("it", "en"):
        (folder / language / "escalation.toml").unlink()
    shipped, own = load_texts(SHIPPED, septets=septets), load_texts(folder, septets=septets)
    assert [own[each].text("T-ESC") for each in own] == [shipped[each].text("T-ESC") for each in own]
    assert own["en"].text("M-04").body.startswith("Ours: ")
    assert own["it"] == shipped["it"]
    gone = tuple(sorted(tomllib.loads((SHIPPED / "it" / "escalation.toml").read_text(encoding="utf-8"))))
    assert borrowed(folder) == {"en": gone, "it": gone}


def test_a_language_whose_files_are_all_gone_is_the_shipped_one(folder: Path) -> None:
    for file in (folder / "it").iterdir():
        file.unlink()
    assert load_texts(folder, septets=septets)["it"] == load_texts(SHIPPED, septets=septets)["it"]
    assert borrowed(folder) == {"it": tuple(sorted(PLACEHOLDERS))}


def test_a_missing_text_of_a_language_that_is_not_shipped_is_refused(folder: Path) -> None:
    shutil.copytree(folder / "en", folder / "de")
    assert sorted(load_texts(folder, septets=septets)) == ["de", "en", "it"]
    (folder / "de" / "escalation.toml").unlink()
    said = refusal(folder)
    assert f"{folder / 'de'}: [T-ESC] this text is missing" in said
    assert "write it, or take it from `centralino init`" in said


def test_a_text_that_the_shipped_catalogue_lacks_too_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the site's folder is the shipped one."""
    monkeypatch.setattr(texts, "SHIPPED", folder)
    (folder / "it" / "escalation.toml").unlink()
    assert "[T-ESC] this text is missing" in refusal(folder)


def test_the_shipped_texts_are_not_read_when_none_is_lacking(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Path(shutil.copytree(folder, tmp_path / "shipped"))
    (broken / "it" / "sms.toml").write_text("[M-01\n", encoding="utf-8")
    monkeypatch.setattr(texts, "SHIPPED", broken)
    assert load_texts(folder, septets=septets)
    assert borrowed(folder) == {}
    (folder / "it" / "escalation.toml").unlink()
    assert str(broken / "it" / "sms.toml") in refusal(folder)


def test_a_new_text_of_a_newer_shipped_catalogue_is_not_looked_at(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade on the disk, and a reload of the daemon that still runs."""
    newer = Path(shutil.copytree(folder, tmp_path / "shipped"))
    (newer / "it" / "newer.toml").write_text('[M-9999]\nbody = "{unheard_of}"\n', encoding="utf-8")
    monkeypatch.setattr(texts, "SHIPPED", newer)
    (folder / "it" / "escalation.toml").unlink()
    assert "T-ESC" in load_texts(folder, septets=septets)["it"].texts


def test_a_file_of_the_site_that_cannot_be_read_is_not_taken_for_lacking(folder: Path) -> None:
    (folder / "it" / "sms.toml").unlink()
    (folder / "it" / "sms.toml").symlink_to("gone.toml")
    assert f"{folder / 'it' / 'sms.toml'}: [file] it cannot be read" in refusal(folder)


def test_a_folder_of_the_site_that_cannot_be_read_is_not_taken_for_lacking(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:
        if path == folder / "it":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert f"{folder / 'it'}: [file] it cannot be read: Permission denied" in refusal(folder)


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
