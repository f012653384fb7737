"""Certificates and signatures as their DER says, and what of them matters here. The one place that knows ASN.1."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from asn1crypto import cms, pem, x509

Certificate = Any
"""An X.509 certificate of asn1crypto, which ships no types; it goes to the verifying library as it is."""
SignedData = Any
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
    try:
        info = cms.ContentInfo.load(der)
        kind = str(info["content_type"].native)
        if kind != "signed_data":
            return kind, b""
        content = info["content"]["encap_content_info"]["content"]
        return kind, bytes(content) if content.native is not None else b""
    except (TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise ValueError("no cryptographic message") from error


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
