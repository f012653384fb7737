"""A provider of certified mail for tests, with an authority of its own: every envelope and receipt of PEC, signed.

It signs with code of its own (ASN.1 by hand, no library of ours), so that what it makes and what we verify cannot be
wrong together. The same arguments always give the same bytes: keys are in a file, times are arguments, RSA PKCS #1 v1.5
has no chance in it. What is to be wrong is asked for: a digest, a signer, a change before or after the signature.

Source: RFC 6109 §3 and §4, appendix A; DM 2 November 2005, technical annex.
"""

from __future__ import annotations

import hashlib
import json
from base64 import encodebytes
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

KEYS: dict[str, str] = json.loads((Path(__file__).parent / "pec_keys" / "keys.json").read_text())
ROME = ZoneInfo("Europe/Rome")
DOMAIN = "gestore.example"
MAILBOX = f"posta-certificata@{DOMAIN}"
CERTIFIED, EXTERNAL = "certificato", "esterno"


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    found = serialization.load_pem_private_key(KEYS[name].encode(), None)
    assert isinstance(found, rsa.RSAPrivateKey)
    return found


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "IT"), x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _authority(key_name: str, common: str) -> x509.Certificate:
    own = key(key_name)
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(common))
        .issuer_name(_name(common))
        .public_key(own.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2045, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    )
    return builder.sign(own, hashes.SHA256())


@dataclass(frozen=True)
class Identity:
    """Who signs: a key, its certificate, and the authority that issued it."""

    key_name: str
    certificate: x509.Certificate
    issuer: x509.Certificate


def _identity(
    key_name: str, authority: x509.Certificate, authority_key: str, *, years: tuple[int, int], address: str = MAILBOX
) -> Identity:
    own = key(key_name)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name("Posta Certificata di prova"))
        .issuer_name(authority.subject)
        .public_key(own.public_key())
        .serial_number(int.from_bytes(hashlib.sha256(f"{key_name}{years}{address}".encode()).digest()[:8], "big"))
        .not_valid_before(datetime(years[0], 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(years[1], 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key(authority_key).public_key()), critical=False
        )
        .sign(key(authority_key), hashes.SHA256())
    )
    return Identity(key_name, certificate, authority)


@cache
def authority() -> x509.Certificate:
    """The authority that is on the trust list of these tests."""
    return _authority("authority", "Autorità di prova PEC")


@cache
def provider() -> Identity:
    """The provider as it should be."""
    return _identity("provider", authority(), "authority", years=(2024, 2034))


@cache
def expired() -> Identity:
    """The same provider with the certificate that it had before: valid in 2022 and 2023."""
    return _identity("expired", authority(), "authority", years=(2022, 2024))


@cache
def somebody_else() -> Identity:
    """A genuine certificate of the same authority, for another mailbox."""
    return _identity("provider", authority(), "authority", years=(2024, 2034), address="altri@gestore2.example")


@cache
def stranger() -> Identity:
    """A certificate in the provider's name, from an authority that nobody listed."""
    own = _authority("stranger-authority", "Autorità di nessuno")
    return _identity("stranger", own, "stranger-authority", years=(2024, 2034))


def revocation_list(at: datetime, revoked: dict[str, datetime] | None = None, *, signer: str = "authority") -> bytes:
    """The list of the authority of these tests of that time, good for a week: who was revoked, by name of the key."""
    names = {one.key_name: one.certificate for one in (provider(), expired())}
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority().subject)
        .last_update(at)
        .next_update(at + timedelta(days=7))
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key("authority").public_key()), critical=False
        )
        .add_extension(x509.CRLNumber(1), critical=False)
    )
    for name, when in (revoked or {}).items():
        entry = x509.RevokedCertificateBuilder().serial_number(names[name].serial_number).revocation_date(when)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key(signer), hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def trust_list() -> bytes:
    """The trust list as a file: PEM."""
    return authority().public_bytes(serialization.Encoding.PEM)


# ------------------------------------------------------------------------------------------------------------- signing


@lru_cache(maxsize=512)
def signature(content: bytes, identity: Identity, digest: str, at: datetime) -> bytes:
    """A detached CMS signature (DER) over `content`, with the chain inside (RFC 5652 §5)."""
    loaded = [
        asn1_x509.Certificate.load(one.public_bytes(serialization.Encoding.DER))
        for one in (identity.certificate, identity.issuer)
    ]
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": core.UTCTime(at)})]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.new(digest, content).digest()]}),
        ]
    )
    algorithm = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}[digest]  # noqa: S303 - providers still use it
    signed = key(identity.key_name).sign(attributes.untag().dump(), padding.PKCS1v15(), algorithm)
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": loaded[0].issuer, "serial_number": loaded[0].serial_number}
                    )
                }
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"}),
            "signature": signed,
        }
    )
    data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": digest})],
            "encap_content_info": {"content_type": "data"},
            "certificates": loaded,
            "signer_infos": [signer],
        }
    )
    dumped: bytes = cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()
    return dumped


# ------------------------------------------------------------------------------------------------------------ messages


@dataclass(frozen=True)
class Submitted:
    """A message as its sender gave it to the provider. `recipients` are addresses and what they are."""

    sender: str = "comune@pec.comune.example"
    recipients: tuple[tuple[str, str], ...] = (("assistenza@pec.fornitore.example", CERTIFIED),)
    subject: str = "Segnalazione"
    message_id: str = "m1@pec.comune.example"
    text: str = "Il registro non si stampa: esce l'errore 42."
    raw: bytes = b""

    def original(self) -> bytes:
        """The message as bytes: `raw` when it is given."""
        if self.raw:
            return self.raw
        lines = [
            f"From: {self.sender}",
            f"To: {', '.join(address for address, _ in self.recipients)}",
            f"Subject: {self.subject}",
            "Date: Tue, 24 Nov 2026 10:00:00 +0100",
            f"Message-ID: <{self.message_id}>",
            "X-TipoRicevuta: completa",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
            "",
            self.text,
            "",
        ]
        return "\r\n".join(lines).encode()


def unchanged(raw: bytes) -> bytes:
    return raw


@dataclass(frozen=True)
class Wrong:
    """What is to be wrong with what the provider makes."""

    signer: Identity | None = None
    digest: str = "sha256"
    is_signed: bool = True
    data: Callable[[bytes], bytes] = unchanged
    """Changes `daticert.xml` before the signature."""
    after: Callable[[bytes], bytes] = unchanged
    """Changes the whole message after the signature."""
    headers: dict[str, str | None] = field(default_factory=dict)
    """Other values of headers, which no signature covers; None leaves one out."""
    more: tuple[tuple[str, str, bytes], ...] = ()
    """Parts beside: type, name, content; inside the signature."""


RIGHT = Wrong()


@dataclass(frozen=True)
class Certificate:
    """What one envelope or receipt says."""

    header: tuple[str, str]
    kind: str
    prefix: str
    error: str = "nessuno"
    to: str = ""
    recipient: str = ""
    detail: str = ""
    receipt_type: str = ""
    original: bytes | None = None
    words: str = ""


def transport(message: Submitted, at: datetime, *, receipt_type: str = "completa", wrong: Wrong = RIGHT) -> bytes:
    """The envelope that carries a certified message to its recipients."""
    said = Certificate(
        header=("X-Trasporto", "posta-certificata"),
        kind="posta-certificata",
        prefix="POSTA CERTIFICATA",
        to=", ".join(address for address, _ in message.recipients),
        receipt_type=receipt_type,
        original=message.original(),
        words="Messaggio di posta certificata",
    )
    headers: dict[str, str | None] = {
        "From": f'"Per conto di: {message.sender}" <{MAILBOX}>',
        "Reply-To": message.sender,
        "X-TipoRicevuta": receipt_type,
    }
    return made(said, message, at, replace(wrong, headers={**headers, **wrong.headers}))


def anomaly(original: bytes, at: datetime, *, sender: str, to: str, subject: str, wrong: Wrong = RIGHT) -> bytes:
    """The envelope around ordinary mail that came to a certified mailbox: no certification data."""
    said = Certificate(
        header=("X-Trasporto", "errore"),
        kind="",
        prefix="ANOMALIA MESSAGGIO",
        to=to,
        original=original,
        words="Anomalia nel messaggio: non è un messaggio di posta certificata",
    )
    message = Submitted(sender=sender, recipients=((to, EXTERNAL),), subject=subject, message_id="")
    headers: dict[str, str | None] = {"From": f'"Per conto di: {sender}" <{MAILBOX}>', "Reply-To": sender}
    return made(said, message, at, replace(wrong, headers={**headers, **wrong.headers}))


def acceptance(message: Submitted, at: datetime, *, wrong: Wrong = RIGHT) -> bytes:
    """The sender's provider took the message."""
    said = Certificate(("X-Ricevuta", "accettazione"), "accettazione", "ACCETTAZIONE", words="Ricevuta di accettazione")
    return made(said, message, at, wrong)


def non_acceptance(
    message: Submitted, at: datetime, *, error: str = "altro", detail: str = "5.7.1 - messaggio non accettato",
    wrong: Wrong = RIGHT,
) -> bytes:  # fmt: skip
    """The sender's provider refused the message: nothing was sent."""
    virus = error == "virus"
    said = Certificate(
        ("X-Ricevuta", "non-accettazione"),
        "non-accettazione",
        "AVVISO DI NON ACCETTAZIONE" + (" PER VIRUS" if virus else ""),
        error=error,
        detail=detail,
        words=f"Avviso di non accettazione: {detail}",
    )
    headers: dict[str, str | None] = {"X-VerificaSicurezza": "errore"} if virus else {}
    return made(said, message, at, replace(wrong, headers={**headers, **wrong.headers}))


def taking_charge(message: Submitted, at: datetime, *, wrong: Wrong = RIGHT) -> bytes:
    """The recipient's provider took the message over: between providers, normally not seen."""
    said = Certificate(
        ("X-Ricevuta", "presa-in-carico"), "presa-in-carico", "PRESA IN CARICO", words="Ricevuta di presa in carico"
    )
    return made(said, message, at, wrong)


def delivery(
    message: Submitted, at: datetime, *, recipient: str = "", receipt_type: str = "completa", wrong: Wrong = RIGHT
) -> bytes:
    """The message is available in the recipient's mailbox, read or unread."""
    carried = None if receipt_type == "sintetica" else message.original()
    if receipt_type == "breve":
        carried = message.original().replace(
            message.text.encode(), hashlib.sha256(message.original()).hexdigest().encode()
        )
    said = Certificate(
        ("X-Ricevuta", "avvenuta-consegna"),
        "avvenuta-consegna",
        "CONSEGNA",
        recipient=recipient or message.recipients[0][0],
        receipt_type=receipt_type,
        original=carried,
        words="Ricevuta di avvenuta consegna",
    )
    headers: dict[str, str | None] = {"X-TipoRicevuta": receipt_type}
    return made(said, message, at, replace(wrong, headers={**headers, **wrong.headers}))


def failure(
    message: Submitted, at: datetime, *, recipient: str = "", error: str = "no-dest",
    detail: str = "5.1.1 - Gestore di prova - indirizzo non valido", wrong: Wrong = RIGHT,
) -> bytes:  # fmt: skip
    """The message could not be delivered to this recipient."""
    virus = error == "virus"
    said = Certificate(
        ("X-Ricevuta", "errore-consegna"),
        "errore-consegna",
        "AVVISO DI MANCATA CONSEGNA" + (" PER VIRUS" if virus else ""),
        error=error,
        recipient=recipient or message.recipients[0][0],
        detail=detail,
        words=f"Avviso di mancata consegna: {detail}",
    )
    headers: dict[str, str | None] = {"X-VerificaSicurezza": "errore"} if virus else {}
    return made(said, message, at, replace(wrong, headers={**headers, **wrong.headers}))


def notice(message: Submitted, at: datetime, *, recipient: str = "", wrong: Wrong = RIGHT) -> bytes:
    """The notice after 12 hours, and the one before 24: the two have one name."""
    said = Certificate(
        ("X-Ricevuta", "preavviso-errore-consegna"),
        "preavviso-errore-consegna",
        "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO",
        error="altro",
        recipient=recipient or message.recipients[0][0],
        detail="4.4.7 - tempo massimo superato",
        words="Avviso di mancata consegna per superamento dei tempi massimi previsti",
    )
    return made(said, message, at, wrong)


def virus(message: Submitted, at: datetime, *, wrong: Wrong = RIGHT) -> bytes:
    """The recipient's provider found something in the message."""
    said = Certificate(
        ("X-Ricevuta", "rilevazione-virus"),
        "rilevazione-virus",
        "PROBLEMA DI SICUREZZA",
        error="virus",
        recipient=message.recipients[0][0],
        detail="5.7.1 - Win.Test.EICAR",
        words="Avviso di rilevazione virus",
    )
    headers: dict[str, str | None] = {"X-VerificaSicurezza": "errore"}
    return made(said, message, at, replace(wrong, headers={**headers, **wrong.headers}))


# -------------------------------------------------------------------------------------------------------------- making


def made(said: Certificate, message: Submitted, at: datetime, wrong: Wrong) -> bytes:
    """The bytes of an envelope or receipt."""
    content = _content(said, message, at, wrong)
    local = at.astimezone(ROME)
    headers: dict[str, str | None] = {
        "Return-Path": f"<{MAILBOX}>",
        "Subject": f"{said.prefix}: {message.subject}",
        "X-Riferimento-Message-ID": f"<{message.message_id}>" if message.message_id else None,
        "Date": f"{local:%a, %d %b %Y %H:%M:%S %z}",
        "To": said.to or message.sender,
        said.header[0]: said.header[1],
        "From": MAILBOX,
        "MIME-Version": "1.0",
        "Message-ID": f"<{_identifier(message, at)}.{_digits(content)}@{DOMAIN}>",
    }
    headers.update(wrong.headers)
    boundary = f"----{_digits(content, 32).upper()}"
    if not wrong.is_signed:
        return wrong.after(_headers(headers) + content)
    packed = signature(content, wrong.signer or provider(), wrong.digest, at)
    headers["Content-Type"] = (
        'multipart/signed; protocol="application/x-pkcs7-signature"; '
        f'micalg="{wrong.digest.replace("sha256", "sha-256")}"; boundary="{boundary}"'
    )
    mark = f"--{boundary}".encode()
    p7s = (
        b'Content-Type: application/x-pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n'
        b'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n' + encodebytes(packed).replace(b"\n", b"\r\n")
    )
    body = b"This is an S/MIME signed message\r\n\r\n" + mark + b"\r\n" + content + b"\r\n" + mark + b"\r\n" + p7s
    return wrong.after(_headers(headers) + b"\r\n" + body + b"\r\n" + mark + b"--\r\n")


def _headers(headers: dict[str, str | None]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None).encode()


def _digits(content: bytes, count: int = 12) -> str:
    return hashlib.sha256(content).hexdigest()[:count]


def _identifier(message: Submitted, at: datetime) -> str:
    return f"opec{at.astimezone(ROME):%Y%m%d}.{_digits(message.message_id.encode())}"


def _content(said: Certificate, message: Submitted, at: datetime, wrong: Wrong) -> bytes:
    """What is signed: the words, the certification data, the original."""
    parts = [_part('text/plain; charset="utf-8"', "", f"{said.words}\r\n\r\n{message.subject}\r\n".encode())]
    if said.kind:
        data = wrong.data(daticert(said, message, at))
        parts.append(
            _part('application/xml; name="daticert.xml"', 'inline; filename="daticert.xml"', data, packed=True)
        )
    if said.original is not None:
        parts.append(_part('message/rfc822; name="postacert.eml"', 'inline; filename="postacert.eml"', said.original))
    parts += [_part(kind, f'attachment; filename="{name}"', content) for kind, name, content in wrong.more]
    boundary = f"----------=_{_digits(b''.join(parts), 20)}"
    mark = f"--{boundary}".encode()
    body = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
    return f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode() + body + mark + b"--\r\n"


def _part(kind: str, disposition: str, content: bytes, *, packed: bool = False) -> bytes:
    lines = [f"Content-Type: {kind}"]
    if disposition:
        lines.append(f"Content-Disposition: {disposition}")
    lines.append(f"Content-Transfer-Encoding: {'base64' if packed else '8bit'}")
    body = encodebytes(content).replace(b"\n", b"\r\n") if packed else content
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def daticert(said: Certificate, message: Submitted, at: datetime) -> bytes:
    """The certification data (RFC 6109 §4.4)."""
    local = at.astimezone(ROME)
    recipients = "".join(
        f'<destinatari tipo="{kind}">{_xml(address)}</destinatari>' for address, kind in message.recipients
    )
    optional = (f'<ricevuta tipo="{said.receipt_type}"/>' if said.receipt_type else "") + (
        f"<consegna>{_xml(said.recipient)}</consegna>" if said.recipient else ""
    )
    detail = f"<errore-esteso>{_xml(said.detail)}</errore-esteso>" if said.detail else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<postacert tipo="{said.kind}" errore="{said.error}"><intestazione>'
        f"<mittente>{_xml(message.sender)}</mittente>{recipients}<risposte>{_xml(message.sender)}</risposte>"
        f"<oggetto>{_xml(message.subject)}</oggetto></intestazione><dati>"
        "<gestore-emittente>Gestore di prova S.p.A.</gestore-emittente>"
        f'<data zona="{local:%z}"><giorno>{local:%d/%m/%Y}</giorno><ora>{local:%H:%M:%S}</ora></data>'
        f"<identificativo>{_identifier(message, datetime(2026, 11, 24, tzinfo=UTC))}@{DOMAIN}</identificativo>"
        f"<msgid>{_xml(f'<{message.message_id}>')}</msgid>{optional}{detail}</dati></postacert>\n"
    ).encode()
