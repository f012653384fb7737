"""A mailbox that is not read as it should be is told by another path, once, with what to do (P8, FIELD pain 12)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from config.fetching import Fetching, ImapJournal, address_of, ends_of, mailbox_settings, token_source
from config.load.findings import findings
from config.mailboxes import Mailbox, OAuth
from gateway import mailboxes
from gateway.domain.errors import StoreError
from gateway.domain.hours import instant
from gateway.domain.intake import Channel
from tests.flow.station import DARIO, Station
from tests.peers.identity import CLIENT, SECRET, IdentityProvider, identity_provider

C02 = "c02-comune"
MONDAY = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def box(**values: Any) -> Mailbox:  # noqa: ANN401 - settings by name
    there = {"name": "comune", "host": "127.0.0.1", "port": 9, "user": "assistenza@comune.example", "tls": "none"}
    return Mailbox(**{**there, "password": SecretStr("secret"), **values})


def oauth(**values: Any) -> OAuth:  # noqa: ANN401 - settings by name
    there = {"name": "m365", "provider": "microsoft", "tenant": "comune.example", "client_id": CLIENT}
    return OAuth(**{**there, "client_secret": SecretStr(SECRET), **values})


def fetching(station: Station, *boxes: Mailbox, tokens: tuple[OAuth, ...] = ()) -> Fetching:
    settings = station.site.settings.model_copy(update={"mailbox": boxes, "oauth": tokens})
    return Fetching(settings, station.gw)


def mails(station: Station) -> list[str]:
    return [f"{each.subject}\n{each.text}" for each in station.alarms() if each.channel is Channel.MAIL]


def gaps(station: Station) -> list[str]:
    """Of every gap on record the numbers."""
    return [entry.data["uids"] for entry in station.events() if entry.type == "mailbox_gap"]


# --------------------------------------------------------------------------------------------------------- not read


def test_a_mailbox_that_is_not_read_for_long_is_an_outage_with_mail_and_sms_and_its_end_is_told(
    station: Station,
) -> None:
    """By another channel than mail too: whoever is told may read that very mailbox (FIELD pain 12)."""
    for _ in range(3):
        mailboxes.unread(station.gw, "comune", "the client secret has expired", station.clock.now())
    (outage,) = station.outages()
    assert (outage.channel, outage.cause) == ("mailbox comune", "the client secret has expired")
    assert "casella di posta comune non funziona" in mails(station)[0]
    (text,) = [each for each in station.sent(channel=Channel.SMS) if each.facts["text_id"] == "M-09"]
    assert text.to == DARIO
    assert "casella di posta comune" in text.text
    station.clock.pass_(minutes=20)
    mailboxes.unread(station.gw, "comune", None, station.clock.now())
    assert station.outages()[0].ended_at == station.clock.now()
    assert len(mails(station)) == 2


def test_the_watch_tells_of_a_mailbox_that_cannot_be_read_and_not_before_its_time(station: Station) -> None:
    """The watch has a thread of its own: a mailbox that hangs does not tell."""
    patient, short = fetching(station, box()), fetching(station, box(unread_after="0s"))
    for each in (patient, short):
        each.start()
        each.look()
        each.stop()
        assert bool(station.outages()) is (each is short)


# ------------------------------------------------------------------------------------------------------------- gaps


def test_messages_that_went_before_they_were_read_are_told_with_a_remedy_and_recorded(station: Station) -> None:
    journal = ImapJournal(station.gw)
    journal.gone("comune", "INBOX", [4, 5], [6])
    (mail,) = mails(station)
    assert "casella di posta comune ha bisogno di attenzione" in mail
    assert "2 spostati o cancellati, 1 segnati come cancellati (numeri 4, 5, 6)" in mail
    assert "rimetterli nella cartella" in mail
    assert gaps(station) == ["4, 5, 6"]


def test_many_gaps_are_one_mail_an_hour_and_each_is_recorded(station: Station) -> None:
    journal = ImapJournal(station.gw)
    for uid in range(20):
        journal.gone("comune", "INBOX", [uid], [])
    assert len(mails(station)) == 1
    assert len(gaps(station)) == 20
    station.clock.pass_(minutes=61)
    journal.gone("comune", "INBOX", [99], [])
    assert len(mails(station)) == 2


TELLS: dict[str, tuple[Callable[[ImapJournal], None], str]] = {
    "late": (lambda journal: journal.late("comune", "INBOX", [3]), "non registrati, più vecchi"),
    "withheld": (lambda journal: journal.withheld("comune", 7, "said nothing"), "numero 7 ma non lo consegna"),
    "not moved": (lambda journal: journal.not_moved("comune", "INBOX", "no such folder"), "no such folder"),
}


@pytest.mark.parametrize("what", TELLS)
def test_what_somebody_must_look_at_is_told_once(station: Station, what: str) -> None:
    tell, words = TELLS[what]
    for _ in range(3):
        tell(ImapJournal(station.gw))
    (mail,) = mails(station)
    assert words in mail


def test_a_store_that_fails_stops_no_mailbox(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(station.gw, "store", type("Full", (), {"write": staticmethod(fails)})())
    ImapJournal(station.gw).gone("comune", "INBOX", [4], [])


# ----------------------------------------------------------------------------------------------------------- silence


def test_a_silence_is_counted_in_hours_of_service_and_told_once_a_day(station: Station) -> None:
    """c02 is open from Monday to Friday, 8.00 to 18.00: a silent week-end is none."""
    contract = station.gw.rules.contracts[C02]
    friday = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)  # 17.00 in Rome
    limit = timedelta(hours=8)
    station.clock.set("2026-11-30T14:59:00+01:00")
    assert not mailboxes.silent(station.gw, "comune", contract, friday, limit)
    station.clock.set("2026-11-30T15:00:00+01:00")
    assert mailboxes.silent(station.gw, "comune", contract, friday, limit)
    assert not mailboxes.silent(station.gw, "comune", contract, friday, limit)
    assert "Dal 27 novembre 2026, ore 17.00, non è arrivato alcun messaggio" in mails(station)[0]


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-04-03T17:00+02:00", "2026-04-07T09:00+02:00", 2),  # Easter Monday is closed
        ("2026-12-31T17:00+01:00", "2027-01-04T09:00+01:00", 2),  # New Year and a week-end
        ("2026-10-23T17:00+02:00", "2026-10-26T09:00+01:00", 2),  # the night of 25 hours
    ],
)
def test_time_open_knows_holidays_and_summer_time(station: Station, since: str, until: str, hours: int) -> None:
    contract = station.gw.rules.contracts[C02]
    counted = mailboxes.time_open(contract, datetime.fromisoformat(since), datetime.fromisoformat(until))
    assert counted == timedelta(hours=hours)


def test_without_a_contract_every_hour_counts() -> None:
    assert mailboxes.time_open(None, MONDAY - timedelta(hours=5), MONDAY) == timedelta(hours=5)


def test_the_hours_are_those_of_the_contract_that_the_address_is_of(station: Station) -> None:
    rules = station.gw.rules
    own, by_address = (
        mailboxes.contract_of(rules, C02, "x"),
        mailboxes.contract_of(rules, None, "assistenza@comune.example"),
    )
    assert own is not None
    assert by_address is not None
    assert (own.id, by_address.id) == (C02, C02)
    assert mailboxes.contract_of(rules, None, "nobody") is None


# ------------------------------------------------------------------------------------------------------------ tokens


def test_the_day_on_which_a_secret_ends_is_counted_down_by_another_way_than_the_mailbox(station: Station) -> None:
    """FIELD pain 12."""
    station.clock.set("2026-11-24T10:00:00+01:00")
    watch = fetching(station, box(password=None, oauth="m365"), tokens=(oauth(secret_expires_on=date(2026, 12, 10)),))
    watch.tokens = {"m365": token_source(watch.settings.oauth[0], watch.settings, station.clock.now)}
    watch.count_down()
    watch.count_down()
    (mail,) = mails(station)
    assert "l’accesso OAuth2 m365 scade il 10 dicembre 2026" in mail
    assert "tra 15 giorni" in mail
    station.clock.pass_(hours=25)
    watch.count_down()
    assert len(mails(station)) == 2
    assert watch.measures(station.clock.now())["oauth_ends_seconds"]["m365"] > 0


@pytest.mark.parametrize(
    ("today", "said"),
    [(date(2026, 11, 9), None), (date(2026, 11, 10), "ends on"), (date(2026, 12, 10), "ended on 2026-12-10")],
)
def test_check_warns_of_a_secret_that_ends_and_names_its_mailboxes(
    station: Station, today: date, said: str | None
) -> None:
    watch = fetching(station, box(password=None, oauth="m365"), tokens=(oauth(secret_expires_on=date(2026, 12, 10)),))
    found = [each for each in findings(watch.settings, {}, station.site.roster, today) if each.key.startswith("oauth")]
    assert len(found) == (said is not None)
    if said is not None:
        assert said in found[0].wrong
        assert "comune" in found[0].wrong


def test_a_secret_that_ends_far_off_is_not_told(station: Station) -> None:
    station.clock.set("2026-11-24T10:00:00+01:00")
    watch = fetching(station, tokens=(oauth(secret_expires_on=date(2027, 12, 10)),))
    watch.tokens = {"m365": token_source(watch.settings.oauth[0], watch.settings, station.clock.now)}
    watch.count_down()
    assert mails(station) == []


def test_what_ends_first_counts_of_what_the_provider_told_and_what_was_written(
    station: Station, tmp_path: Path
) -> None:
    with identity_provider(tmp_path, refresh_lives_s=5 * 86_400) as provider:
        settings = station.site.settings
        by_refresh = refreshing(provider, secret_expires_on=date(2030, 1, 1))
        source = token_source(by_refresh, settings, lambda: datetime.now(UTC))
        assert ends_of(by_refresh, source) == instant(date(2030, 1, 1))
        source.token()
        ends_at = ends_of(by_refresh, source)
    assert ends_at is not None
    assert ends_at - datetime.now(UTC) < timedelta(days=5, minutes=1)


def refreshing(provider: IdentityProvider, **values: Any) -> OAuth:  # noqa: ANN401 - settings by name
    token = SecretStr(provider.log_in())
    return oauth(provider="other", token_url=provider.token_url, refresh_token=token, **values)


def test_exchanged_tokens_lie_beside_the_blobs_and_not_in_the_database(station: Station, tmp_path: Path) -> None:
    """P24: a dump of the database is passed on."""
    with identity_provider(tmp_path) as provider:
        settings = station.site.settings
        token_source(refreshing(provider), settings, lambda: datetime.now(UTC)).token()
        (kept,) = (settings.database.blobs.parent / "tokens").glob("*.json")
        assert any(token in kept.read_text() for token in provider.refresh_tokens)


# ---------------------------------------------------------------------------------------------------------- settings


def test_what_is_set_of_a_mailbox_is_what_is_read(station: Station) -> None:
    whole = box(more_folders=("Sportello",), first_read="new", move_to="Fatto", mark_seen=True, watch_gaps=False)
    made = mailbox_settings(whole, station.site.settings, {})
    assert made.folders == ("INBOX", "Sportello")
    assert (made.first_is_new, made.move_to, made.mark_seen, made.watch_gaps) == (True, "Fatto", True, False)
    since = mailbox_settings(box(since=date(2026, 11, 1)), station.site.settings, {}).since
    assert since == datetime(2026, 10, 31, 23, tzinfo=UTC)


def test_a_mailbox_with_oauth_has_its_tokens_and_no_password(station: Station) -> None:
    source = token_source(oauth(), station.site.settings, station.clock.now)
    address = address_of(box(password=None, oauth="m365"), {"m365": source})
    assert address.tokens is source
    assert address.password == ""
