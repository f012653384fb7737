"""What the gateway looks at by itself, again and again: its telephone first, then the rest (C2.3, P8).

Each is a round of the worker with a thread of its own; what it finds out becomes an outage, an alarm or a measure.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.antivirus import Clamd
from adapters.smtp import certificate_ends_at
from adapters.web.outgoing import certificate_ends, get
from gateway import alarms, journal, outages, probing, scanning
from gateway.outages import ANSWERS, HEARTBEAT, IN, PHONE
from gateway.worker import GiveWay, Round

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.twilio import TwilioOutlet
    from config.settings import Antivirus, Heartbeat, Probe, Settings
    from gateway.ports import Gateway
    from gateway.scanner import Scanner

CERTIFICATES_EVERY = timedelta(hours=6)
CERTIFICATE_WARNING = timedelta(days=14)
"""So long before a certificate ends it is told, every day."""
SCAN_EVERY = timedelta(seconds=1)
SCAN_FOR_S = 5.0
PROBE_LOOKED_AT_EVERY = timedelta(seconds=2)


def scanner_of(antivirus: Antivirus) -> Clamd:
    """The daemon of `[antivirus]`."""
    return Clamd(antivirus.socket, antivirus.host, antivirus.port, antivirus.timeout.total_seconds())


@dataclass(slots=True)
class Watches:
    """The rounds of one site. `is_well` and `post` are the daemon's, which is made after them.

    `busy`: whether contacts are coming in; what nobody waits for gives way to them (decision 0008).
    """

    settings: Settings
    gateway: Gateway
    carrier: TwilioOutlet | None
    busy: Callable[[], bool] = lambda: False
    is_well: Callable[[], bool] = lambda: True
    post: Callable[[probing.Probe], str | None] = lambda _probe: "no door is open"

    def rounds(self) -> list[Round]:
        """Everything that is to be looked at, the telephone first."""
        found = []
        if self.carrier is not None:
            found.append(Round("watch-phone", self.settings.phone.check_every, self.telephone))
        found.append(Round("watch-certificates", CERTIFICATES_EVERY, self.certificates))
        if self.settings.heartbeat is not None:
            heartbeat = self.settings.heartbeat
            found.append(Round("heartbeat", heartbeat.every, lambda: self.heartbeat(heartbeat)))
        if self.settings.antivirus is not None:
            scanner, tell_after = scanner_of(self.settings.antivirus), self.settings.antivirus.alarm_after
            found.append(Round("scan", SCAN_EVERY, lambda: self.scan(scanner, tell_after)))
        if self.settings.probe is not None:
            probe = self.settings.probe
            found.append(Round("probe", PROBE_LOOKED_AT_EVERY, lambda: self.probe(probe)))
        return found

    # ------------------------------------------------------------------------------------------------- the telephone

    def telephone(self) -> None:
        """Whether the carrier answers us, and whether it can reach us: three failures in a row are an outage (S010)."""
        why = (self.carrier.is_reachable() if self.carrier else None) or self._cannot_be_reached()
        self._note(PHONE, IN, why)

    def _cannot_be_reached(self) -> str | None:
        http = self.settings.http
        if not http.listen or not self.settings.phone.check_address:
            return None
        why = get(
            f"{http.public_url}/healthz", self.settings.twilio.timeout.total_seconds() if self.settings.twilio else 10
        )
        return f"our own address {http.public_url} cannot be reached: {why}" if why else None

    def _note(self, channel: str, sign: str, why: str | None) -> None:
        gw, at = self.gateway, self.gateway.clock.now()
        if why is None:
            gw.store.write(lambda tx: outages.worked(gw, tx, channel, sign, at))
        else:
            journal.warned("watch.failed", channel=channel, reason=why)
            gw.store.write(lambda tx: outages.failed(gw, tx, channel, sign, why, at))

    # ---------------------------------------------------------------------------------------------- certificates

    def certificates(self) -> None:
        """Whether a certificate of ours ends soon: the SMTP door's by its file, the web's as a client sees it."""
        smtp, http = self.settings.smtp, self.settings.http
        if smtp.tls_certificate is not None:
            self._tell_of_end("SMTP", certificate_ends_at(smtp.tls_certificate))
        if http.listen and self.settings.phone.check_address:
            self._tell_of_end(http.public_url, certificate_ends(http.public_url, 10.0))

    def _tell_of_end(self, what: str, ends_at: datetime | None) -> None:
        gw, at = self.gateway, self.gateway.clock.now()
        if ends_at is not None and ends_at - at < CERTIFICATE_WARNING:
            journal.warned("certificate.ends", what=what, ends_at=ends_at.isoformat())
            gw.store.write(lambda tx: alarms.certificate_ends(gw, tx, what, ends_at, at))

    # --------------------------------------------------------------------------------------------------- scanner

    def scan(self, scanner: Scanner, tell_after: timedelta) -> None:
        """Scan what is due, for some seconds: a loop that is busy for longer looks as if it hung (B-047)."""
        give_way, until = GiveWay(self.busy, threading.Event()), time.monotonic() + SCAN_FOR_S
        give_way()
        while scanning.scan_next(self.gateway, scanner, tell_after) and time.monotonic() < until:
            give_way()

    # ------------------------------------------------------------------------------------------------- heartbeat

    def heartbeat(self, heartbeat: Heartbeat) -> None:
        """Tell the watch outside that we live, while we do (C-52): what is not well keeps silent, and is missed."""
        if not self.is_well():
            journal.warned("heartbeat.withheld")
            return
        self._note(HEARTBEAT, ANSWERS, get(heartbeat.url, heartbeat.timeout.total_seconds()))

    # ----------------------------------------------------------------------------------------------------- probe

    def probe(self, settings: Probe) -> None:
        """Conclude the probe under way; begin one when its time has come (C-57)."""
        gw, at = self.gateway, self.gateway.clock.now()
        probe = gw.store.write(lambda tx: probing.look(gw, tx, settings.every, settings.within, at))
        if probe is None:
            return
        why = self.post(probe)
        if why is not None:
            now = gw.clock.now()
            gw.store.write(lambda tx: probing.failed_to_post(gw, tx, probe, why, now))
