"""Certificates and signatures as their DER says, and what of them matters here. The one place that knows ASN.1."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from asn1crypto import cms, crl, pem, x509

Certificate = Any
"""An X.509 certificate of asn1crypto, which ships no types; it goes to the verifying library as it is."""
SignedData = Any
RevocationList = Any
MAX_CERTIFICATES = 20


class NotASignature(ValueError):  # noqa: N818 - it says what the bytes are
    """The bytes are no detached signature of one signer; the text says what they are instead."""


def certificates_in(content: bytes) -> list[Certificate]:
    """The certificates of a file, PEM (several in one) or DER.

    Raises:
        ValueError: it holds something else.
    """
    if not pem.detect(content):
        return [_certificate(content)]
    return [_certificate(der) for _, _, der in pem.unarmor(content, multiple=True)]


def _certificate(der: bytes) -> Certificate:
    try:
        certificate = x509.Certificate.load(der, strict=True)
        _ = certificate.subject.native, certificate.public_key.algorithm  # read lazily: no error before it is asked
    except (TypeError, KeyError, IndexError) as error:
        raise ValueError("no certificate") from error
    return certificate


def as_pem(certificates: Iterable[Certificate]) -> bytes:
    """Certificates as one PEM file, as openssl reads it."""
    return b"".join(pem.armor("CERTIFICATE", one.dump()) for one in certificates)


def revocations_in(content: bytes) -> list[RevocationList]:
    """The certificate revocation lists of a file, PEM (several in one) or DER.

    Raises:
        ValueError: it holds something else.
    """
    found = [der for _, _, der in pem.unarmor(content, multiple=True)] if pem.detect(content) else [content]
    return [_revocation_list(der) for der in found]


def _revocation_list(der: bytes) -> RevocationList:
    try:
        found = crl.CertificateList.load(der, strict=True)
        _ = (
            found.issuer.native,
            found["tbs_cert_list"]["this_update"].native,
        )  # read lazily: no error before it is asked
    except (TypeError, KeyError, IndexError) as error:
        raise ValueError("no revocation list") from error
    return found


def detached_signature(der: bytes) -> SignedData:
    """The signature as the verifying library takes it.

    Raises:
        NotASignature: it is something else, or has not exactly one signer and a few certificates.
    """
    info = cms.ContentInfo.load(der, strict=True)
    if info["content_type"].native != "signed_data":
        raise NotASignature("not a signature")
    data = info["content"]
    signers, certificates = len(data["signer_infos"]), len(data["certificates"])
    if signers != 1 or not 1 <= certificates <= MAX_CERTIFICATES:
        raise NotASignature(f"{signers} signers, {certificates} certificates")
    if data["encap_content_info"]["content"].native is not None:
        raise NotASignature("signature with a content of its own")
    return data


def enclosed(der: bytes) -> tuple[str, bytes]:
    """What an S/MIME file is ("signed_data", "enveloped_data", …) and, of a signed one, the bytes that it encloses.

    Nothing is verified here. Without content (a detached signature, a letter for whoever has the key) it is b"".

    Raises:
        ValueError: it is no such file.
    """
    if not _is_plain(der):
        raise ValueError("no cryptographic message")
    try:
        info = cms.ContentInfo.load(der)
        kind = str(info["content_type"].native)[:100]
        if kind != "signed_data":
            return kind, b""
        content = info["content"]["encap_content_info"]["content"]
        return kind, bytes(content) if content.native is not None else b""
    except (TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError("no cryptographic message") from error


MAX_LEVELS = 40
MAX_ELEMENTS = 100_000


def _is_plain(der: bytes) -> bool:
    """Whether the elements lie in each other no deeper, and are no more, than in any real message. Linear.

    For each element of unknown length the library looks for its end anew: many in each other take seconds.
    """
    place = 0
    ends: list[int] = []  # of the elements that are open; 0 where nobody knows
    for count in range(MAX_ELEMENTS):
        while ends and 0 < ends[-1] <= place:
            ends.pop()
        if count and not ends:
            return True
        head = _head(der, place)
        if head is None or len(ends) > MAX_LEVELS:
            return False
        content, end, is_constructed = head
        if ends and ends[-1] == 0 and der[place:content] == b"\0\0":
            ends.pop()
        elif is_constructed:
            ends.append(end)
        place = content if is_constructed else end
    return False


def _head(der: bytes, place: int) -> tuple[int, int, bool] | None:
    """Where the content of an element begins and ends (0: nobody knows), and whether it holds others."""
    if place + 2 > len(der) or der[place] & 31 == 31:  # noqa: PLR2004 - long tags occur in no message of this kind
        return None
    is_constructed, length, content = bool(der[place] & 32), der[place + 1], place + 2
    if length == 0x80:  # noqa: PLR2004 - X.690 §8.1.3.6
        return (content, 0, True) if is_constructed else None
    if length > 0x80:  # noqa: PLR2004 - X.690 §8.1.3.5: as many bytes of length follow
        more = length & 127
        length, content = int.from_bytes(der[content : content + more], "big"), content + more
    return (content, content + length, is_constructed) if content + length <= len(der) else None


def signing_time(data: SignedData) -> datetime | None:
    """When the signer says that it signed."""
    attributes = data["signer_infos"][0]["signed_attrs"]
    for attribute in attributes or ():
        if attribute["type"].native == "signing_time":
            value: datetime = attribute["values"][0].native
            return value
    return None


def addresses_of(certificate: Certificate) -> tuple[str, ...]:
    """The mail addresses that a certificate is for, in lower case: its alternative names, and those in its subject."""
    names = certificate.subject_alt_name_value or ()
    found = [str(one.native) for one in names if one.name == "rfc822_name"]
    subject = certificate.subject.native.get("email_address", ())
    found += [subject] if isinstance(subject, str) else [str(one) for one in subject]
    return tuple(dict.fromkeys(one.casefold() for one in found))[:10]
