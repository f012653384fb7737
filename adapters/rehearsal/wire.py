"""How resources, pages and errors look in the carrier's JSON.

Source: the carrier's OpenAPI description of its API 2010-04-01 (field names, types and which may be null).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from starlette.responses import JSONResponse

from adapters.rehearsal.courier import API_VERSION
from adapters.rehearsal.records import Account, Call, Message, Recording
from adapters.rehearsal.texts import segments

DEFAULT_PAGE = 50
MAX_PAGE = 1000
Json = dict[str, Any]

MESSAGES: Mapping[int, str] = {
    20001: "Unknown parameters",
    20003: "Authenticate",
    20404: "The requested resource {} was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    20503: "Service Unavailable",
    21201: "No 'To' number is specified",
    21205: "Url is not a valid URL: give Url or Twiml",
    21210: "'From' phone number {} is not verified for this account",
    21211: "The 'To' number {} is not a valid phone number.",
    21213: "'From' phone number required to make a call",
    21220: "Call is not in-progress. Cannot redirect.",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The From phone number {} is not a message-capable phone number for this account.",
    21610: "Attempt to send to unsubscribed recipient",
    21614: "To number {} is not a mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
}


def error(status: int, code: int, about: str = "", headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error in the carrier's shape."""
    body = {
        "code": code,
        "message": MESSAGES.get(code, "Error").format(about),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return JSONResponse(body, status, dict(headers or {}))


def rfc2822(at: datetime | None) -> str | None:
    """`Tue, 24 Nov 2026 09:00:00 +0000`, always in UTC."""
    return format_datetime(at.astimezone(UTC)) if at else None


def message_json(account: Account, message: Message) -> Json:
    """The Message resource."""
    uri = f"/{API_VERSION}/Accounts/{account.sid}/Messages/{message.sid}"
    return {
        "account_sid": account.sid,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": rfc2822(message.created_at),
        "date_sent": rfc2822(message.sent_at),
        "date_updated": rfc2822(message.updated_at),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": None,
        "from": message.sender,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": str(segments(message.body)),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }


def call_json(account: Account, call: Call) -> Json:
    """The Call resource."""
    uri = f"/{API_VERSION}/Accounts/{account.sid}/Calls/{call.sid}"
    return {
        "account_sid": account.sid,
        "answered_by": call.answered_by,
        "api_version": API_VERSION,
        "caller_name": None,
        "date_created": rfc2822(call.created_at),
        "date_updated": rfc2822(call.updated_at),
        "direction": call.direction,
        "duration": None if call.duration_s is None else str(call.duration_s),
        "end_time": rfc2822(call.ended_at),
        "forwarded_from": None,
        "from": call.caller,
        "from_formatted": call.caller,
        "group_sid": None,
        "parent_call_sid": call.parent_sid,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": call.sid,
        "start_time": rfc2822(call.started_at),
        "status": call.status,
        "subresource_uris": {"recordings": f"{uri}/Recordings.json"},
        "to": call.to,
        "to_formatted": call.to,
        "trunk_sid": None,
        "uri": f"{uri}.json",
    }


def recording_json(account: Account, recording: Recording, media_url: str) -> Json:
    """The Recording resource."""
    uri = f"/{API_VERSION}/Accounts/{account.sid}/Recordings/{recording.sid}"
    return {
        "account_sid": account.sid,
        "api_version": API_VERSION,
        "call_sid": recording.call_sid,
        "channels": 1,
        "conference_sid": None,
        "date_created": rfc2822(recording.created_at),
        "date_updated": rfc2822(recording.created_at),
        "duration": str(recording.duration_s),
        "encryption_details": None,
        "error_code": None,
        "media_url": media_url,
        "price": None,
        "price_unit": "USD",
        "sid": recording.sid,
        "source": recording.source,
        "start_time": rfc2822(recording.created_at),
        "status": "completed",
        "subresource_uris": {},
        "uri": f"{uri}.json",
    }


def page(path: str, query: Mapping[str, str], key: str, resources: Sequence[Json]) -> Json:
    """One page of a list, newest first, with the addresses of its neighbours."""
    size = min(MAX_PAGE, max(1, _whole(query.get("PageSize"), DEFAULT_PAGE)))
    number = max(0, _whole(query.get("Page"), 0))
    start = number * size
    shown = resources[start : start + size]
    filters = {name: value for name, value in query.items() if name not in {"Page", "PageSize", "PageToken"}}

    def uri(which: int) -> str:
        token = {"PageToken": f"PA{which}"} if which else {}
        return f"{path}?{urlencode({**filters, 'PageSize': size, 'Page': which, **token})}"

    return {
        key: list(shown),
        "end": start + max(0, len(shown) - 1),
        "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1) if start + size < len(resources) else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": uri(number - 1) if number else None,
        "start": start,
        "uri": uri(number),
    }


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default


def within(query: Mapping[str, str], name: str) -> Callable[[datetime | None], bool]:
    """Whether an instant satisfies `name`, `name<` and `name>` of a list's query; both bounds belong to the range.

    A value is a date (the whole day, in UTC) or an instant. What is neither is ignored, as the carrier does.
    """
    bounds = [(_range(query[name + sign]), sign) for sign in ("", "<", ">") if name + sign in query]

    def holds(at: datetime | None) -> bool:
        if not bounds:
            return True
        return at is not None and all(_holds(at, span, sign) for span, sign in bounds if span)

    return holds


def _holds(at: datetime, span: tuple[datetime, datetime], sign: str) -> bool:
    first, after = span
    return (sign == "<" or at >= first) and (sign == ">" or at < after)


def _range(value: str) -> tuple[datetime, datetime] | None:
    try:
        if "T" in value:
            at = datetime.fromisoformat(value).astimezone(UTC)
            return at, at + timedelta(seconds=1)
        day = date.fromisoformat(value)
    except ValueError:
        return None
    first = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return first, first + timedelta(days=1)
