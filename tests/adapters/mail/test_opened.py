"""What lies in other parts: `winmail.dat`, rich text, signed mail. Nothing raises, and the original is always there."""

from __future__ import annotations

import base64
import struct

import pytest
from asn1crypto import cms

from adapters.mail import asn1, mime, rtf, tnef
from adapters.mail.prescan import needs_child
from tests.peers import outlook

OWN = mime.OwnMail(frozenset(), "centralino-7f3a")


def mail(content: bytes, kind: str = "application/ms-tnef", name: str = "winmail.dat") -> bytes:
    head = f'From: a@b.example\r\nContent-Type: {kind}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return head.encode() + base64.encodebytes(content).replace(b"\n", b"\r\n")


def names(raw: bytes) -> list[str]:
    return [each.shown_name for each in mime.read(raw, own=OWN).attachments]


# -------------------------------------------------------------------------------------------------------------- outlook


def test_the_long_name_of_a_file_counts_and_without_one_the_short_one() -> None:
    stream = outlook.stream(outlook.file("A~1.TXT", b"a", long="però è così.txt"), outlook.file("b.txt", b"b"))
    assert tnef.opened(stream).files == [("però è così.txt", b"a"), ("b.txt", b"b")]


def test_a_winmail_is_recognised_by_its_type_or_its_name_and_always_read_in_a_child() -> None:
    """DESIGN, "Parsing"."""
    stream = outlook.stream(outlook.file("a.txt", b"a"))
    for raw in (mail(stream), mail(stream, "application/octet-stream", "WinMail.DAT")):
        assert needs_child(raw)
        assert names(raw) == ["a.txt", names(raw)[-1]]
    assert not needs_child(mail(b"a", "application/octet-stream", "a.txt"))


def test_a_winmail_whose_name_is_hidden_from_the_prescan_stays_closed() -> None:
    """It would be opened here, and not in a child."""
    hidden = "=?utf-8?b?" + base64.b64encode(b"winmail.dat").decode() + "?="
    raw = mail(outlook.stream(outlook.file("a.txt", b"a")), "application/octet-stream", hidden)
    assert not needs_child(raw)
    assert names(raw) == ["winmail.dat"]


def test_a_mail_that_a_child_was_lost_over_is_read_without_what_lies_in_it() -> None:
    """B-048: the ticket opens in any case."""
    raw = mail(outlook.stream(outlook.file("a.txt", b"a")))
    assert [each.shown_name for each in mime.read(raw, own=OWN, opening=False).attachments] == ["winmail.dat"]


def test_html_goes_before_rich_text_and_plain_text_before_both() -> None:
    rich = (outlook.BINARY, outlook.RICH, outlook.rich(b"{\\rtf1 ricco}"))
    html = (outlook.BINARY, outlook.HTML, b"<p>pagina</p>")
    plain = outlook.body(b"piano")
    assert mime.read(mail(outlook.stream(outlook.message(rich))), own=OWN).text == "ricco"
    assert mime.read(mail(outlook.stream(outlook.message(rich, html))), own=OWN).text == "pagina"
    assert mime.read(mail(outlook.stream(plain, outlook.message(rich, html))), own=OWN).text == "piano"


def test_items_inside_items_are_opened_to_a_depth() -> None:
    stream = outlook.stream(outlook.file("dentro.txt", b"x"))
    for level in range(tnef.MAX_DEPTH + 3):
        stream = outlook.stream(outlook.item(f"livello {level}", stream))
    found = tnef.opened(stream)
    assert len(found.files) == tnef.MAX_DEPTH + 1
    assert found.defects == ["winmail.dat opened in part: too deep"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is none"),
        (b"PK\3\4", "it is none"),
        (outlook.stream(outlook.thing(1, 0x9003, b"\xff\xff\xff\xff")), "more properties than bytes"),
        (outlook.stream(*[outlook.body(b"")] * (tnef.MAX_OBJECTS + 1)), "too many objects"),
    ],
)
def test_what_would_keep_the_library_busy_is_not_opened(content: bytes, why: str) -> None:
    """B-048, P16."""
    found = tnef.opened(content)
    assert (found.files, found.defects) == ([], [f"winmail.dat not opened: {why}"])


def test_recipients_dates_and_other_properties_of_the_message_never_reach_the_library() -> None:
    """Its reader of recipients counts to a number that the sender wrote."""
    endless = outlook.thing(1, 0x9004, b"\xff\xff\xff\x7f" + b"\0" * 8)
    no_date = outlook.thing(1, 0x8005, b"\xff" * 14, 3)
    found = tnef.opened(outlook.stream(endless, no_date, outlook.file("a.txt", b"a")))
    assert found.files == [("a.txt", b"a")]


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_a_stream_cut_anywhere_gives_what_is_whole(cut: int) -> None:
    stream = outlook.stream(outlook.file("a.txt", bytes(100)), outlook.file("b.txt", bytes(100), long="bb.txt"))
    found = tnef.opened(stream[:cut])
    assert all(name in ("a.txt", "b.txt", "bb.txt", "") for name, _ in found.files)
    assert mime.read(mail(stream[:cut]), own=OWN).attachments[-1].size == len(stream[:cut])


# ------------------------------------------------------------------------------------------------------------ rich text

# The sample of MS-OXRTFCP §4.1.1 and what it stands for.
SAMPLE = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)


def test_compressed_rich_text_is_unpacked() -> None:
    assert rtf.unpacked(SAMPLE) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert rtf.unpacked(outlook.compressed(b"{\\rtf1 ciao}")) == b"{\\rtf1 ciao}"


def test_what_claims_to_unpack_to_more_than_the_limit_is_not_unpacked() -> None:
    assert rtf.unpacked(struct.pack("<II4sI", 12, rtf.MAX_BYTES + 1, b"LZFu", 0)) is None
    assert rtf.unpacked(b"LZFu") is None
    assert rtf.unpacked(b"\xff" * 64) is None


@pytest.mark.parametrize("cut", range(16, len(SAMPLE)))
def test_compressed_rich_text_that_is_cut_gives_a_beginning(cut: int) -> None:
    whole = rtf.unpacked(SAMPLE)
    assert whole is not None
    assert whole.startswith(rtf.unpacked(SAMPLE[:cut]) or b"")


@pytest.mark.parametrize(
    ("rich", "words"),
    [
        (rb"{\rtf1\ansi Ciao\par a tutti}", "Ciao\na tutti"),
        (rb"{\rtf1 citt\'e0 e piu\u768?}", "città e piu\u0300"),
        (rb"{\rtf1{\fonttbl{\f0 Arial;}}{\*\generator Word;}{\pict 00ff}testo}", "testo"),
        (rb"{\rtf1\fromhtml1{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 ciao\htmlrtf\par}\htmlrtf0}", "ciao"),
        (rb"{\rtf1 a\{b\}\\c\~d}", "a{b}\\c\xa0d"),
        (rb"{" * 1000 + rb"nascosto" + rb"}" * 1000, ""),
        (b"", ""),
    ],
)
def test_rich_text_gives_the_words_that_a_reader_sees(rich: bytes, words: str) -> None:
    assert rtf.words(rich) == words


# ---------------------------------------------------------------------------------------------------------- signed mail


@pytest.mark.parametrize("content", [b"", b"0", b"\x30\x80" * 2000, b"\x30\x84\xff\xff\xff\xff", b"x" * 1000])
def test_what_is_no_signature_stays_what_it_is(content: bytes) -> None:
    reading = mime.read(mail(content, "application/pkcs7-mime", "smime.p7m"), own=OWN)
    assert [each.size for each in reading.attachments] == [len(content)]
    assert reading.defects[-1] == "part 1 is no S/MIME message"
    with pytest.raises(ValueError, match=r"."):
        asn1.enclosed(content)


def test_signed_messages_have_a_thousand_parts_together_and_the_others_stay_closed() -> None:
    """B-031: 800 KB of them made twenty thousand attachments."""
    inside = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\nContent-Type: a/b\r\n\r\nx\r\n" * 300
    enclosing = {"content_type": "data", "content": inside}
    data = {"version": "v1", "digest_algorithms": [], "encap_content_info": enclosing, "signer_infos": []}
    signed = cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()
    part = mail(signed, "application/pkcs7-mime", "smime.p7m").partition(b"\r\n")[2]
    raw = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n" + (b"--o\r\n" + part) * 5
    assert len(names(raw)) == 5 + 3 * 300
