"""What SMS leave from, as it is written: a number of ours in any spelling, or a name that the carrier knows (M-02)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.compose import rules_of
from config.load import load
from gateway.domain.errors import SettingError
from gateway.domain.sender_ids import SenderIds

SHIPPED = Path(__file__).parents[2] / "config"
NUMBER = "+390700000200"
BASE = """[gateway]
default_contract = "c02-comune"
[signing]
key = {file = "kept"}
"""
TWILIO = f"""[twilio]
account_sid = "AC{"0" * 32}"
auth_token = {{file = "kept"}}
number = "070 0000200"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in ("people.toml", "roster.toml"):
        shutil.copy(SHIPPED / name, tmp_path)
    shutil.copytree(SHIPPED / "contracts", tmp_path / "contracts")
    (tmp_path / "kept").write_text("0123456789abcdef" * 3)
    return tmp_path / "gateway.toml"


def sender_ids(site: Path, *keys: str) -> SenderIds:
    """What the section says, with these keys added."""
    site.write_text(BASE + TWILIO + "\n".join(keys))
    twilio = load(site).settings.twilio
    assert twilio
    return twilio.sender_ids


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("333 0000299", "+393330000299"),
        ("0039 333 0000299", "+393330000299"),
        ("+39 070 0000209", "+390700000209"),
        ("800 123456", "+39800123456"),
        ("Comune-Rm", "Comune-Rm"),
        ("Comune Roma", "Comune Roma"),  # 11 characters, the most there may be
        ("A&B+C_1", "A&B+C_1"),
        ("1234567890a", "1234567890a"),
        ("a", "a"),
    ],
)
def test_a_number_is_kept_in_e164_and_a_name_as_it_is(site: Path, written: str, kept: str) -> None:
    """X9."""
    found = sender_ids(site, f'sms_sender = "{written}"', f'notice_sender = "{written}"')
    assert found == SenderIds(NUMBER, kept, kept)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ((), SenderIds(NUMBER, NUMBER)),
        (('sms_sender = ""', 'notice_sender = ""'), SenderIds(NUMBER, NUMBER)),
        (('sms_sender = "ComuneTest"',), SenderIds(NUMBER, "ComuneTest")),
        (('notice_sender = "ComuneTest"',), SenderIds(NUMBER, NUMBER, "ComuneTest")),
        (
            ('sms_sender = "333 0000299"', 'notice_sender = "ComuneTest"'),
            SenderIds(NUMBER, "+393330000299", "ComuneTest"),
        ),
    ],
)
def test_without_a_key_sms_leave_from_the_number(site: Path, keys: tuple[str, ...], expected: SenderIds) -> None:
    """FIELD 3."""
    assert sender_ids(site, *keys) == expected


@pytest.mark.parametrize("key", ["sms_sender", "notice_sender"])
@pytest.mark.parametrize(
    ("written", "clause"),
    [
        ("ComuneDiRoma", "X9"),  # 12 characters
        ("Comunè", "X9"),
        ("Comune!", "X9"),
        (" Comune", "X9"),
        ("Comune ", "X9"),
        (" ", "X9"),
        ("333", "X9"),
        ("٣٣٣٠٠٠", "X9"),
        ("12345", "X10"),
        ("112", "X10"),
        ("899123456", "X10"),
        ("+882161234567", "X10"),
    ],
)
def test_what_no_sms_can_leave_from_is_refused_under_its_key(site: Path, key: str, written: str, clause: str) -> None:
    """X9, X10, X18."""
    with pytest.raises(SettingError) as refused:
        sender_ids(site, f'{key} = "{written}"')
    error = refused.value
    assert (error.file, error.key, error.clause) == ("gateway.toml", f"twilio.{key}", clause)
    assert error.line
    assert repr(written) in error.wrong
    assert error.remedy


def test_a_reload_changes_what_sms_leave_from(site: Path) -> None:
    """P21: the rules are made anew from the file, nothing has to be restarted."""
    site.write_text(BASE + TWILIO)
    before = rules_of(load(site)).sender_ids
    site.write_text(BASE + TWILIO + 'sms_sender = "ComuneTest"\n')
    after = rules_of(load(site)).sender_ids
    assert (before.worded("M-01"), before.of("M-01")) == ("M-01", NUMBER)
    assert (after.worded("M-01"), after.of("M-02")) == ("M-02", "ComuneTest")


def test_a_site_without_a_carrier_has_no_sender(site: Path) -> None:
    site.write_text(BASE)
    assert rules_of(load(site)).sender_ids == SenderIds()
