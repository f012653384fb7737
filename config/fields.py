"""The types that settings are made of, and how each refuses: durations, secrets, addresses, telephone numbers.

A refusal is a pydantic error whose context carries the remedy and, where it has one, the clause; `config.load.refusals`
turns it into the `SettingError` that the operator reads.
"""

from __future__ import annotations

import os
import re
from datetime import time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import phonenumbers
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from gateway.domain.numbers import NumberClass, classify

REFUSED = "centralino"
"""The type of our own refusals among pydantic's."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d{1,6})([smhd])")
_MAIL = re.compile(
    r"[^@\s<>\",;:\\()\[\]]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", re.IGNORECASE
)
_LISTEN = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^:\s/]+):(\d{1,5})")
HIGHEST_PORT = 65535


class Section(BaseModel):
    """A table of a configuration file: frozen, and it refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def refuse(wrong: str, *, remedy: str, clause: str | None = None, key: str | None = None) -> PydanticCustomError:
    """The error to raise from a validator: what is wrong, what to do, by which clause.

    A validator of a whole table names the `key` of it that is to blame.
    """
    context: dict[str, Any] = {"wrong": wrong, "remedy": remedy, "clause": clause, "key": key}
    return PydanticCustomError(REFUSED, "{wrong}", context)


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise refuse(f"{value!r} is not a duration", remedy='write a number and its unit, "30s", "10m", "2h" or "7d"')
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def duration_text(value: timedelta) -> str:
    """The duration as the configuration writes it: `10m`."""
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def duration(text: str) -> timedelta:
    """The duration that the configuration writes `10m`; for defaults.

    Raises:
        PydanticCustomError: the text is no duration.
    """
    return _duration(text)


Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(duration_text)]
"""A `timedelta`, written `30s`, `10m`, `2h` or `7d`."""


def _whole_days(value: timedelta) -> timedelta:
    if value < timedelta(days=1) or value % timedelta(days=1):
        raise refuse("people are told a number of days, and this is none", remedy='write "10d", at least "1d"')
    return value


Days = Annotated[Duration, AfterValidator(_whole_days)]
"""A `timedelta` of whole days, at least one."""


def _listen(value: str) -> str:
    found = _LISTEN.fullmatch(value)
    if value and (found is None or int(found[1]) > HIGHEST_PORT):
        raise refuse(f"{value!r} is not host:port", remedy='write "127.0.0.1:8025", port 0 for a free one, "" for none')
    return value


Listen = Annotated[str, AfterValidator(_listen)]
"""`host:port`; port 0 picks a free one; empty: no listener."""


def _mail(value: str) -> str:
    if not _MAIL.fullmatch(value):
        raise refuse(f"{value!r} is not a mail address", remedy='write one address, "assistenza@comune.example"')
    return value.casefold()


Mail = Annotated[str, AfterValidator(_mail)]
"""One mail address, kept in lower case."""


def normalised_number(value: str) -> str | None:
    """The number in E.164, leading zero of Italian landlines kept; None when it is not a valid telephone number.

    Short and emergency numbers are not valid here. Numbers without `+` are read as Italian.
    """
    try:
        parsed = phonenumbers.parse(value, "IT")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


_NEVER_DIALLED = {
    NumberClass.EMERGENCY: "an emergency number",
    NumberClass.SHORT: "a short number",
    NumberClass.PREMIUM: "a premium number",
    NumberClass.SHARED_COST: "a shared-cost number",
    NumberClass.SMS_SERVICE: "a messaging service",
    NumberClass.SATELLITE: "a satellite or international service",
    NumberClass.NOMADIC: "neither a landline (with its 0) nor a mobile",
}


def _number(value: str) -> str:
    its_class = classify(value)
    if its_class in _NEVER_DIALLED:
        raise refuse(
            f"{value!r} is {_NEVER_DIALLED[its_class]}",
            clause="X10",
            remedy="give a landline or mobile number in E.164, +39 with the leading zero of landlines",
        )
    number = normalised_number(value)
    if number is None:
        raise refuse(
            f"{value!r} is not a telephone number",
            clause="X9",
            remedy="write it in E.164, +39 and the whole number with the leading zero of landlines",
        )
    return number


def _never_an_emergency(value: str) -> str:
    if classify(value) is NumberClass.EMERGENCY:
        # No clause here: the one of the table counts (C5.7 for the police), X10 stands behind all of them.
        raise refuse(
            f"{value!r} is an emergency number (class {NumberClass.EMERGENCY}), and not an office's",
            remedy="give the office's own number, a landline (geographic) or mobile one",
        )
    return value


def _reachable(value: str) -> str:
    if classify(value) is NumberClass.TOLL_FREE:
        raise refuse(
            f"{value!r} is a toll-free number, which cannot be called from here",
            clause="X10",
            remedy="give the landline or mobile number of the person",
        )
    return value


def _mobile(value: str) -> str:
    if classify(value) not in {NumberClass.MOBILE, NumberClass.ABROAD}:
        raise refuse(
            f"{value!r} is not a mobile number, so no SMS reaches it",
            clause="X10",
            remedy="give a mobile number, or write it as landline",
        )
    return value


Number = Annotated[str, AfterValidator(_number)]
"""A number that is ours or published: landline, mobile or toll-free, kept in E.164."""
OfficeNumber = Annotated[str, AfterValidator(_never_an_emergency), AfterValidator(_number)]
"""A number that people are told or a person dials: as `Number`; an emergency number breaks the clause of its table."""
PersonNumber = Annotated[str, AfterValidator(_number), AfterValidator(_reachable)]
"""A number that the gateway calls: landline or mobile, kept in E.164."""
MobileNumber = Annotated[str, AfterValidator(_number), AfterValidator(_mobile)]
"""A number that the gateway calls and texts, kept in E.164."""


_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}", re.ASCII)


def _sender(value: str) -> str:
    if not value or classify(value) is not NumberClass.UNKNOWN:
        return _number(value) if value else value
    if not _NAME.fullmatch(value) or value != value.strip():
        raise refuse(
            f"{value!r} is neither a telephone number nor a name that SMS can leave from",
            clause="X9",
            remedy="write a number of yours in E.164, or the registered name: at most 11 of A-Z a-z 0-9, blank and"
            " & + - _, with a letter in it",
        )
    return value


SenderId = Annotated[str, AfterValidator(_sender)]
"""What SMS leave from: a number in E.164, or a name [alias], which takes no reply. Empty: whatever else is given."""


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """Every zone's name: reading them from disk takes a while."""
    return frozenset(available_timezones())


def _zone(value: str) -> str:
    if value not in _zones():
        raise refuse(f"{value!r} is not an IANA time zone", clause="X1", remedy='write "Europe/Rome"')
    if value != "Europe/Rome":
        raise refuse(
            f"hours, shifts and terms are computed in Europe/Rome, not in {value}",
            clause="X1",
            remedy='write "Europe/Rome" or leave the key out',
        )
    return value


Zone = Annotated[str, AfterValidator(_zone)]
"""The time zone of hours, shifts and terms: `Europe/Rome` and no other."""


def wall_time(text: str) -> time | None:
    """The time of day written `08:00`, with `24:00` as midnight; None when it is none."""
    if text == "24:00":
        return time(0)
    if not re.fullmatch(r"\d{2}:\d{2}", text):
        return None
    try:
        return time.fromisoformat(text)
    except ValueError:
        return None


def _secret(value: object, info: ValidationInfo) -> object:
    if isinstance(value, SecretStr):
        return value
    context: dict[str, Any] = info.context or {}
    path = _secret_path(value, context.get("folder"))
    if not context.get("read_secrets", True):
        return SecretStr("")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise refuse(
            f"the secret {path} cannot be read: {reason}",
            clause="X15",
            remedy="create it, readable for the user that runs centralino and for nobody else",
        ) from None
    if not text.strip():
        raise refuse(f"the secret {path} is empty", clause="X15", remedy="write the secret into it")
    return SecretStr(text.rstrip("\r\n"))


def _secret_path(value: object, folder: Path | None) -> Path:
    match value:
        case {"file": str() as name, **others} if not others:
            return (folder or Path()) / name
        case {"credential": str() as name, **others} if not others and "/" not in name:
            return _credentials_folder() / name
        case str():
            # The value itself must not appear in the message: it would end in the log.
            raise refuse(
                "the secret stands in clear in the configuration",
                clause="X15",
                remedy='put it into a file and write {file = "path"}, or {credential = "name"} under systemd',
            )
        case _:
            raise refuse(
                "a secret is a table with exactly one name",
                clause="X15",
                remedy='write {file = "path"} or {credential = "name"}',
            )


def _credentials_folder() -> Path:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise refuse(
            "the credential cannot be read: $CREDENTIALS_DIRECTORY is not set",
            clause="X15",
            remedy='start the service by systemd with LoadCredential=, or write {file = "path"}',
        )
    return Path(folder)


Secret = Annotated[SecretStr, BeforeValidator(_secret)]
"""Read from a file or a systemd credential, never from the configuration itself."""


def _beside(value: object, info: ValidationInfo) -> object:
    context: dict[str, Any] = info.context or {}
    folder = context.get("folder")
    return folder / value if folder and isinstance(value, str | Path) else value


BesideConfig = Annotated[Path, BeforeValidator(_beside)]
"""A path; a relative one counts from the folder of `gateway.toml`."""

Tls = Literal["implicit", "starttls", "none"]
"""How a connection to a mail server is secured; none is for loopback."""
Port = Annotated[int, Field(ge=0, le=65535)]
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def tls_off_loopback(tls: Tls, host: str) -> None:
    """Refuse to send a password in clear.

    Raises:
        PydanticCustomError: the host is not this machine, and nothing would be encrypted.
    """
    if tls == "none" and host not in LOOPBACK:
        raise refuse(
            f'tls = "none" would send the password in clear to {host}',
            clause="X15",
            remedy='write tls = "implicit" or "starttls"; "none" is for loopback',
            key="tls",
        )
