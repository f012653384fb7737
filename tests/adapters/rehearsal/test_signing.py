from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from adapters.rehearsal.signing import signature, signed_body_url

CORPUS = Path(os.environ.get("CENTRALINO_CORPUS", "../shared/corpus")) / "twilio-signature" / "expectations.jsonl"


def vectors() -> list[Any]:
    if not CORPUS.is_file():
        reason = f"no signature vectors at {CORPUS}"
        return [pytest.param(None, marks=[pytest.mark.corpus, pytest.mark.skip(reason=reason)])]
    lines = [json.loads(line) for line in CORPUS.read_text().splitlines()]
    return [pytest.param(vector, id=vector["id"], marks=pytest.mark.corpus) for vector in lines]


def forms_of(url: str) -> set[str]:
    """The URL with and without its port: the carrier itself is not consistent, its libraries accept both."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {url, *(parts._replace(netloc=netloc).geturl() for netloc in (host, f"{host}:{port}"))}


@pytest.mark.parametrize("vector", vectors())
def test_a_printed_signature_is_ours_exactly_when_it_is_valid(vector: dict[str, Any]) -> None:
    params = [(name, value) for name, value in vector.get("params", [])]
    ours = {signature(vector["auth_token"], url, params) for url in forms_of(vector["url"])}
    assert (vector["signature"] in ours) is vector["valid"]


@pytest.mark.parametrize("vector", [param for param in vectors() if "body" in (param.values[0] or {"body": ""})])
def test_a_printed_body_is_vouched_for_by_the_url_exactly_when_it_is_valid(vector: dict[str, Any]) -> None:
    bare = vector["url"].partition("&bodySHA256")[0]
    assert (signed_body_url(bare, vector["body"].encode()) == vector["url"]) is vector["valid"]


def test_names_are_sorted_and_joined_to_their_values_without_a_separator() -> None:
    # openssl dgst -sha1 -hmac over 'https://example.org/sms?x=1' 'BodyCiao è' 'From+39' 'To+41', all in one.
    params = [("To", "+41"), ("Body", "Ciao è"), ("From", "+39")]
    assert signature("segreto", "https://example.org/sms?x=1", params) == "7yUBsqQ5Wd7GJNtOqw+nL37GQmg="


def test_an_equal_pair_counts_once_and_values_of_one_name_are_sorted() -> None:
    twice = [("Digits", "9"), ("Digits", "1"), ("Digits", "9")]
    assert signature("t", "https://a.example/", twice) == signature("t", "https://a.example/Digits1Digits9")


def test_a_url_without_parameters_is_signed_alone() -> None:
    assert signature("segreto", "https://example.org/voice") == "KHBTB++s3LLt28EnVASfDjL3eWM="


def test_a_json_body_is_named_by_its_hash_after_the_existing_query() -> None:
    digest = hashlib.sha256(b"{}").hexdigest()
    assert signed_body_url("https://a.example/x?y=1", b"{}") == f"https://a.example/x?y=1&bodySHA256={digest}"


def test_a_json_body_starts_the_query_where_there_is_none() -> None:
    assert signed_body_url("https://a.example/x", b"{}").startswith("https://a.example/x?bodySHA256=")
