"""The certification data: what providers send is read, what is an attack is refused (X5, S150)."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from adapters.pec.daticert import MAX_BYTES, MAX_RECIPIENTS, NOT_VALID, CertificationData, read_daticert
from gateway.domain.certified import Recipient, RecipientKind

WHOLE = """<?xml version="1.0" encoding="UTF-8"?>
<postacert tipo="avvenuta-consegna" errore="nessuno"><intestazione><mittente>a@pec.example</mittente>
<destinatari tipo="certificato">b@pec.example</destinatari><destinatari tipo="esterno">c@posta.example</destinatari>
<oggetto>Perch&#233; &amp; come</oggetto></intestazione><dati><gestore-emittente>Gestore</gestore-emittente>
<data zona="+0100"><giorno>24/11/2026</giorno><ora>10:00:20</ora></data><identificativo>id@gestore.example
</identificativo><msgid>&lt;m1@pec.example&gt;</msgid><consegna>b@pec.example</consegna></dati></postacert>"""


def data(text: str) -> CertificationData:
    found, _ = read_daticert(text.encode())
    assert found
    return found


def test_every_field_is_read() -> None:
    found = data(WHOLE)
    assert (found.kind, found.error, found.sender, found.recipient) == (
        "avvenuta-consegna",
        "nessuno",
        "a@pec.example",
        "b@pec.example",
    )
    assert found.recipients == (
        Recipient("b@pec.example", RecipientKind.CERTIFIED),
        Recipient("c@posta.example", RecipientKind.EXTERNAL),
    )
    assert (found.subject, found.identifier, found.msgid) == ("Perché & come", "id@gestore.example", "m1@pec.example")


@pytest.mark.parametrize(
    ("zone", "day", "hour", "utc"),
    [
        ("+0100", "24/11/2026", "10:00:20", "2026-11-24T09:00:20"),
        ("+0200", "25/10/2026", "02:30:00", "2026-10-25T00:30:00"),
        ("+0100", "25/10/2026", "02:30:00", "2026-10-25T01:30:00"),
        ("+01:00", "31/12/2026", "23:59:59", "2026-12-31T22:59:59"),
        ("GMT+0100", "29/02/2028", "00:00:00", "2028-02-28T23:00:00"),
        ("", "06/04/2026", "10:00:00", "2026-04-06T08:00:00"),
    ],
)
def test_the_certified_time_is_an_instant_by_its_own_zone(zone: str, day: str, hour: str, utc: str) -> None:
    """The hour that comes twice in October is told apart by the zone; without one, Rome's time is meant."""
    text = WHOLE.replace("+0100", zone).replace("24/11/2026", day).replace("10:00:20", hour)
    found, defects = read_daticert(text.encode())
    assert found
    assert found.at == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert ("certified time without its zone: taken for Rome's" in defects) is (zone == "")


@pytest.mark.parametrize("day", ["31/02/2026", "2026-11-24", "", "99/99/9999"])
def test_a_time_that_cannot_be_is_none_and_said(day: str) -> None:
    found, defects = read_daticert(WHOLE.replace("24/11/2026", day).encode())
    assert found
    assert found.at is None
    assert any("certified time" in defect for defect in defects)


def test_a_dtd_is_refused_and_no_file_is_read(tmp_path_factory: pytest.TempPathFactory) -> None:
    """S150, B-0 entity bombs too."""
    secret = tmp_path_factory.mktemp("secret") / "secret"
    secret.write_text("nobody reads this")
    for dtd in (
        f'<!DOCTYPE postacert [<!ENTITY leak SYSTEM "file://{secret}">]>',
        '<!DOCTYPE postacert SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE postacert [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ):
        text = WHOLE.replace("?>", f"?>{dtd}", 1).replace("<mittente>", "<mittente>&leak;")
        for variant in (text.encode(), text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode()):
            found, defects = read_daticert(variant)
            assert found is None
            assert defects[0].startswith(NOT_VALID)


def test_beyond_a_megabyte_nothing_is_looked_at() -> None:
    found, defects = read_daticert(WHOLE.encode() + b" " * MAX_BYTES)
    assert (found, defects) == (None, (f"{NOT_VALID}: more than {MAX_BYTES} bytes",))


def test_deep_and_wide_data_cost_no_more_than_their_length() -> None:
    """Of the processor's time, whatever else runs; what grows with the square would take minutes."""
    began = time.process_time()
    deep = b"<postacert>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</postacert>"
    wide = WHOLE.replace("<oggetto>", "<destinatari>x@y.example</destinatari>" * 20_000 + "<oggetto>").encode()
    spoilt = b"<postacert><msgid>" + b"<" * 500_000
    for raw in (deep, wide[:MAX_BYTES], spoilt, b"<msgid>" * 100_000, b"&" * 900_000):
        read_daticert(raw)
    assert time.process_time() - began < 10
    found, defects = read_daticert(wide)
    assert found is None or len(found.recipients) <= MAX_RECIPIENTS
    assert defects


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("&lt;m1@pec.example&gt;", "<m1@pec.example>"),
        ("&lt;m1@pec.example&gt;", "m1@pec.example"),
        ("&lt;m1@pec.example&gt;", "\n  &lt;m1@pec.\n example&gt; "),
        ("&lt;m1@pec.example&gt;", "<![CDATA[<m1@pec.example>]]>"),
    ],
)
def test_a_message_id_is_compared_bare(old: str, new: str) -> None:
    """Trimmed, unfolded, with and without brackets, escaped or not (DOMAIN §8)."""
    assert data(WHOLE.replace(old, new)).msgid == "m1@pec.example"


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "utf-8", "utf-16"])
def test_the_declared_encoding_is_used(charset: str) -> None:
    text = WHOLE.replace("&#233;", "é").replace("UTF-8", charset)
    found, _ = read_daticert(text.encode(charset))
    assert found
    assert found.subject == "Perché & come"


def test_an_ampersand_as_it_is_is_mended_and_said() -> None:
    found, defects = read_daticert(WHOLE.replace("&amp;", "&").encode())
    assert found
    assert found.subject == "Perché & come"
    assert defects == ("daticert mended: not well-formed as it came",)
