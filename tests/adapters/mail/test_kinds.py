"""What an attachment is by its bytes may contradict what it says; nothing is called harmless by it (B-038)."""

from __future__ import annotations

import io
import zipfile

import pytest

from adapters.mail import kinds

PROGRAM = b"MZ\x90\x00" + bytes(100)
HTML = b"\n<!-- x --><HTML><body>"


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(zipfile.ZipInfo("a.exe"), PROGRAM)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "media_type", "content", "danger"),
    [
        ("fattura.pdf", "application/pdf", PROGRAM, kinds.EXECUTABLE),
        ("setup.exe", "application/octet-stream", b"", kinds.EXECUTABLE),
        ("strumento", "application/octet-stream", b"\x7fELF\x02", kinds.EXECUTABLE),
        ("collegamento.lnk", "application/octet-stream", b"L\0\0\0", kinds.EXECUTABLE),
        ("foto.jpg.js", "image/jpeg", b"alert(1)", kinds.SCRIPT),
        ("leggimi.txt", "text/plain", b"#!/bin/sh\n", kinds.SCRIPT),
        ("logo.svg", "image/svg+xml", b"<svg onload=alert(1)>", kinds.SCRIPT),
        ("logo.svg", "image/svg+xml", b"<svg/>", None),
        ("listino.XLSM", "application/octet-stream", b"x", kinds.MACRO),
        ("foto.png", "image/png", HTML, kinds.DISGUISED),
        ("modulo.pdf", "application/pdf", HTML, kinds.DISGUISED),
        ("foto", "image/png", HTML, kinds.DISGUISED),
        ("modulo.pdf", "application/pdf", archive(), kinds.DISGUISED),
        ("foto.jpg", "image/jpeg", b"%PDF-1.4", kinds.DISGUISED),
        ("modulo.pdf", "application/octet-stream", b"%PDF-1.4", None),
        ("foto.png", "application/octet-stream", b"\x89PNG\r\n\x1a\n", None),
        ("foto.jpg", "image/jpeg", b"\x89PNG\r\n\x1a\n", None),  # one picture for another: no danger
        ("pagina.html", "text/html", HTML, None),
        ("pagina.txt", "text/plain", HTML, None),
        ("tutto.zip", "application/zip", archive(), None),  # what is in it is the scanner's to find
        ("relazione.docx", "application/octet-stream", archive(), None),
        ("relazione.pdf", "application/pdf", b"testo qualunque", None),
        ("MZ.txt", "text/plain", b"MZ: appunti di riunione", None),
        ("", "application/octet-stream", b"", None),
    ],
)
def test_a_file_is_flagged_for_what_it_is(name: str, media_type: str, content: bytes, danger: str | None) -> None:
    assert kinds.danger(name, media_type, content) == danger
