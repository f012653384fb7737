"""The requests that we make ourselves: one look each, with an end, and no way further (C-52, P8)."""

from __future__ import annotations

import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.web.outgoing import certificate_ends, get
from tests.daemon.house import free_port
from tests.peers.web_peer import endless, gibberish, peer, reset, silence, status

ENDS = datetime(2031, 3, 30, 1, 30, tzinfo=UTC)  # the second half of a summer-time night, in UTC


@pytest.mark.parametrize("code", [200, 204, 299])
def test_a_good_status_is_well(code: int) -> None:
    with peer(status(code)) as far:
        assert get(f"{far.url}/ping?id=7", 5) is None
        assert far.asked == ["/ping?id=7"]
        assert "centralino" in far.heads[0]


@pytest.mark.parametrize("code", [301, 302, 400, 404, 429, 500, 503])
def test_any_other_status_is_told_by_its_number(code: int) -> None:
    with peer(status(code)) as far:
        assert get(far.url, 5) == f"answered {code}"


def test_a_redirect_is_not_followed() -> None:
    """A portal that sends everybody to its log-in is no answer of ours."""
    with peer(status(200)) as other, peer(status(302, headers=f"Location: {other.url}\r\n")) as far:
        assert get(far.url, 5) == "answered 302"
        assert other.asked == []


def test_no_more_is_read_than_the_head() -> None:
    with peer(endless) as far:
        began = time.monotonic()
        assert get(far.url, 5) is None
        assert time.monotonic() - began < 4


@pytest.mark.parametrize(("answer", "what"), [(reset, "RemoteProtocolError"), (gibberish, "RemoteProtocolError")])
def test_what_is_no_answer_is_told_by_its_kind(answer: object, what: str) -> None:
    with peer(answer) as far:  # type: ignore[arg-type]  # one of the two above
        told = get(far.url, 5)
        assert told is not None
        assert told.startswith(what)


def test_whoever_says_nothing_is_waited_for_no_longer_than_asked() -> None:
    released = threading.Event()
    with peer(silence(released)) as far:
        began = time.monotonic()
        told = get(far.url, 0.2)
        assert told is not None
        assert "Timeout" in told
        assert time.monotonic() - began < 4
        released.set()


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "nonsense", "http://", "http://[", "http://\ud800.example"])
def test_an_address_that_leads_nowhere_is_told_and_raises_nothing(url: str) -> None:
    told = get(url.format(port=free_port()), 1)
    assert told
    assert len(told) < 200


# --------------------------------------------------------------------------------------------------------- certificates


def certificate(folder: Path, *, ends: datetime = ENDS) -> tuple[Path, ssl.SSLContext]:
    """A certificate of localhost's own, and a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(ends)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return pem, context


def test_the_end_of_a_certificate_is_read_as_a_client_sees_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with peer(status(200), tls=context) as far:
        assert certificate_ends(far.url, 5) == ENDS


def test_a_certificate_that_nobody_vouches_for_tells_no_end(tmp_path: Path) -> None:
    """That the address cannot be reached safely is told by the look at the address itself."""
    _, context = certificate(tmp_path)
    with peer(status(200), tls=context) as far:
        assert certificate_ends(far.url, 5) is None
        assert get(far.url, 5) is not None


def test_a_certificate_that_has_ended_is_no_good_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem, context = certificate(tmp_path, ends=datetime.now(UTC) - timedelta(days=1))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with peer(status(200), tls=context) as far:
        assert certificate_ends(far.url, 5) is None
        assert get(far.url, 5) is not None


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "https://127.0.0.1:{port}", "https://", "nonsense"])
def test_an_address_without_a_certificate_tells_no_end(url: str) -> None:
    assert certificate_ends(url.format(port=free_port()), 1) is None
