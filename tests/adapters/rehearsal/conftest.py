from __future__ import annotations

from collections.abc import Iterator

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from adapters.rehearsal import Account, Carrier, Gateway, Rehearsal
from tests.adapters.rehearsal.gateway import PUBLIC_URL, TOKEN, TinyGateway

SID = "AC" + "0123456789abcdef" * 2
NUMBER = "+390701234567"


class Rewriting(TwilioHttpClient):  # type: ignore[misc]  # the library ships no types
    """The carrier's own client with nothing changed but the address."""

    def __init__(self, base_url: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self._base_url = base_url

    def request(self, method: str, url: str, *args: object, **kwargs: object) -> Response:
        return super().request(method, url.replace("https://api.twilio.com", self._base_url), *args, **kwargs)


def sdk(rehearsal: Rehearsal, token: str = TOKEN, timeout: float = 5) -> Client:
    return Client(SID, token, http_client=Rewriting(rehearsal.base_url, timeout))


@pytest.fixture(scope="session")
def one_gateway() -> Iterator[TinyGateway]:
    with TinyGateway() as gateway:
        yield gateway


@pytest.fixture
def gateway(one_gateway: TinyGateway) -> TinyGateway:
    """The same server for all tests, with nothing said or heard yet."""
    one_gateway.says.clear()
    one_gateway.heard.clear()
    one_gateway.content_type = "text/xml"
    return one_gateway


@pytest.fixture(scope="session")
def one_rehearsal(one_gateway: TinyGateway) -> Iterator[Rehearsal]:
    account = Account(SID, TOKEN, NUMBER)
    doors = Gateway(PUBLIC_URL, connect_url=one_gateway.url)
    with Rehearsal(account, gateway=doors, seconds_scale=0.002, seed="test") as rehearsal:
        yield rehearsal


@pytest.fixture
def rehearsal(one_rehearsal: Rehearsal, gateway: TinyGateway) -> Rehearsal:
    """The same servers for all tests, begun anew."""
    one_rehearsal.reset()
    return one_rehearsal


@pytest.fixture
def carrier(rehearsal: Rehearsal) -> Carrier:
    return rehearsal.carrier


@pytest.fixture
def client(rehearsal: Rehearsal) -> Client:
    return sdk(rehearsal)
