"""The carrier: SMS and calls out by its REST API, calls, SMS and statuses in by signed webhooks."""

from __future__ import annotations

from adapters.twilio.archive import TwilioArchive
from adapters.twilio.outlet import Ceilings, TwilioOutlet
from adapters.twilio.refusals import Refused
from adapters.twilio.sdk import Api
from adapters.twilio.webhooks import Webhooks, routes

__all__ = ["Api", "Ceilings", "Refused", "TwilioArchive", "TwilioOutlet", "Webhooks", "routes"]
