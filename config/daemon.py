"""The daemon: everything running, in the order in which it must start and stop.

One asyncio loop for the sockets, one writer thread, the worker's loops, one thread per mailbox, the ticker. `run` is
the whole life: lock, migrate, open, serve, stop. A reload replaces the rules; what listens is changed by a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import os
import signal
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from adapters import systemd
from adapters.store import ForeignWatch, SqlStore, daemon_lock, migrate
from adapters.ticker import Ticker
from adapters.twilio import Refused
from adapters.web import Health
from config import doors, logs, mail_in
from config.compose import SafeReader, gateway_of, mail_outlet_of, pec_outlet_of, recogniser_of, rules_of, store_of
from config.fetching import Fetching
from config.load import in_force, load, warnings_of
from config.load.recorded import recorded
from config.pressure import Pressure
from config.watches import Watches
from gateway import alarms, drills, flow, journal, probing, silences
from gateway.domain.errors import CentralinoError, SettingError, StoreError
from gateway.domain.hours import instant, local
from gateway.domain.intake import Arrival, Channel, RepeatKey
from gateway.domain.register import SYSTEM, Happening
from gateway.handovers import arm_all
from gateway.telling import NOBODY
from gateway.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from adapters.imap import MailboxState
    from adapters.smtp import SmtpListener
    from adapters.twilio import TwilioOutlet
    from adapters.web import WebServer
    from config.load import Site
    from gateway.domain.intake import Receipt
    from gateway.ports import Gateway, Outlet, Reading
    from gateway.probing import Probe

STOP_GRACE_S = 10.0
SWITCH_S = 0.0005
"""How long a thread that computes keeps the interpreter: the doors answer many small questions and must not wait."""
STALLED_S = 90.0
"""A vital loop that made no progress for so long stops the watchdog: systemd restarts us (PROMISES C-50)."""


@dataclass(slots=True)
class Reloads:
    """The last reload and what came of it, for /readyz."""

    at: datetime | None = None
    ok: bool = True
    text: str = ""
    digest: str = ""


@dataclass(slots=True)
class Daemon:
    """One running gateway."""

    path: Path
    site: Site
    gateway: Gateway
    reader: SafeReader
    store: SqlStore
    worker: Worker
    pressure: Pressure
    fetching: Fetching
    carrier: TwilioOutlet | None = None
    smtp: SmtpListener | None = None
    lmtp: SmtpListener | None = None
    web: WebServer | None = None
    reloads: Reloads = field(default_factory=Reloads)
    refused: Refused = field(default_factory=Refused)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    loop: asyncio.AbstractEventLoop | None = None

    # ------------------------------------------------------------------------------------------------------- life

    async def serve(self, ready: Callable[[Daemon], None]) -> None:
        """Start everything, say `ready`, go on until told to stop, and stop everything in turn."""
        loop = self.loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        ticker = Ticker(self.worker.wake, self.daily)
        watch = ForeignWatch(self.site.settings.database.address, self.worker.wake, own_name=self.store.name)
        try:
            await self._open_doors()
            self.worker.start()
            ticker.start()
            systemd.notify("READY=1", "STATUS=serving")
            ready(self)
            await self._until_stopped()
        finally:
            systemd.notify("STOPPING=1")
            await self._close_doors()
            ticker.stop()
            await asyncio.to_thread(self.worker.stop)
            watch.close()

    async def _open_doors(self) -> None:
        settings = self.site.settings
        self.smtp = doors.smtp_of(settings, self.gateway, self.accept)
        if self.smtp is not None:
            await self.smtp.start()
        self.lmtp = mail_in.lmtp_of(settings, self.gateway, self.accept)
        if self.lmtp is not None:
            await self.lmtp.start()
        self.pressure.doors = [each for each in (self.smtp, self.lmtp) if each is not None]
        self.web = doors.web_of(
            settings,
            self.gateway,
            Health(self.site.settings.gateway.name, self.readiness, self.measures),
            self.refused,
        )
        if self.web is not None:
            await self.web.start()
        self.fetching.start()

    async def _close_doors(self) -> None:
        await asyncio.to_thread(self.fetching.stop)
        for listener in (self.smtp, self.lmtp):
            if listener is not None:
                await listener.stop(STOP_GRACE_S)
        if self.web is not None:
            await self.web.stop(STOP_GRACE_S)

    async def _until_stopped(self) -> None:
        """Feed the watchdog while every vital loop makes progress."""
        pause = systemd.watchdog_s()
        while not self.stopping.is_set():
            if self.worker.stalled_s() < STALLED_S:
                systemd.notify("WATCHDOG=1")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), min(pause or 10.0, 10.0))

    # ----------------------------------------------------------------------------------------------------- reload

    def reload(self) -> None:
        """Take the configuration in force if it is right; keep the old one and say so if it is not (P21)."""
        systemd.reloading()
        at = self.gateway.clock.now()
        try:
            site = load(self.path)
            rules = rules_of(site)
            self.reader.take(rules, site.settings)
        except Exception as refused:  # noqa: BLE001 - whatever is wrong with the files, the old rules stay in force
            text = str(refused) if isinstance(refused, (CentralinoError, OSError)) else type(refused).__name__
            self.reloads = Reloads(at, ok=False, text=text, digest=self.site.digest)
            journal.reload_refused(text)
            self._record_reload(at, "reload_refused", {"why": text[:300]})
        else:
            self.site = site
            self.gateway.rules = rules
            mail_in.look_as_configured(self.gateway, site.settings)
            if self.smtp is not None:
                self.smtp.trust(doors.trusted_by(site.settings))
            self.reloads = Reloads(at, ok=True, text="", digest=site.digest)
            journal.rules_reloaded(site.digest)
            self._record_reload(at, "reloaded", {"digest": site.digest})
            self.store.submit(lambda tx: arm_all(self.gateway, tx, at))
        systemd.notify("READY=1")
        if self.reloads.ok:
            self.warn()

    def _record_reload(self, at: datetime, what: str, data: dict[str, str]) -> None:
        """In the system chain; not waited for, since a reload is taken on the loop."""
        self.store.submit(lambda tx: tx.record(SYSTEM, Happening(what, at, NOBODY, None, data)))

    def daily(self) -> None:
        """Once a day, and at the start: seal the register, and say what time has brought about."""
        at = self.gateway.clock.now()
        yesterday = (local(at) - timedelta(days=1)).date().isoformat()
        if yesterday not in [seal.day for seal in self.store.read(lambda reading: reading.seals())]:
            self.store.write(lambda tx: tx.add_seal(yesterday, at))
            journal.noted("register.sealed", day=yesterday)
        self.store.write(lambda tx: drills.watch(self.gateway, tx, at))
        self.warn()

    def warn(self) -> None:
        """Say what time has brought about under the rules in force: the same warnings as those of `check`."""
        today = local(self.gateway.clock.now()).date()
        contracts = in_force(self.site.versions, today).values()
        try:
            known = self.store.read(lambda reading: recorded(reading, contracts, instant(today)))
        except StoreError:
            known = None
        found = [str(finding) for finding in warnings_of(self.site, today, recorded=known)]
        for text in found:
            journal.warned("configuration.warning", text=text)
        self.store.submit(lambda tx: alarms.configuration_warned(self.gateway, tx, found, self.gateway.clock.now()))

    # ------------------------------------------------------------------------------------------------------ doors

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether we may take traffic, and what /readyz tells."""
        broken = self.store.broken()
        stalled_s = self.worker.stalled_s()
        facts = {
            "database": "ok" if broken is None else str(broken),
            "worker_stalled_s": round(stalled_s, 1),
            "mailboxes": {box.state.name: _told(box.state) for box in self.fetching.mailboxes},
            "reload": {"ok": self.reloads.ok, "at": _iso(self.reloads.at), "text": self.reloads.text},
            "configuration": self.site.digest[:12],
        }
        return broken is None and stalled_s < STALLED_S, facts

    def is_well(self) -> bool:
        """Whether the watch outside may go on hearing from us: every loop makes progress and the store can write."""
        return self.store.broken() is None and self.worker.stalled_s() < STALLED_S

    def post(self, probe: Probe) -> str | None:
        """The mail of a probe through our own SMTP door, as anybody's; without that door as if it had come through one.

        Why it was not taken, or None.
        """
        if self.smtp is not None:
            return doors.post_to(self.site.settings, self.smtp.port, probe)
        digest = hashlib.sha256(probe.raw).hexdigest()
        key = RepeatKey(f"probe:{digest}", None)
        arrival = Arrival(
            Channel.MAIL, "probe", probe.raw, self.gateway.clock.now(), probe.sender, (probe.to,), key, {}
        )
        try:
            self.accept(arrival).result(doors.POST_TIMEOUT_S)
        except (StoreError, TimeoutError) as error:
            return str(error) or type(error).__name__
        return None

    def measures(self) -> dict[str, dict[str, float]]:
        """What /metrics tells: how many of each thing, and ages in seconds."""
        now = self.gateway.clock.now()
        counts = self.store.read(lambda reading: reading.counts())
        return {
            "rows": {name: float(count) for name, count in counts.items()},
            **self.fetching.measures(now),
            "worker_stalled_seconds": {"slowest": self.worker.stalled_s()},
            "writer_queue": {"units": float(self.store.pending())},
            "webhooks_refused": {"total": float(self.refused.total)},
            "write_ahead_log_bytes": {"sqlite": float(self.store.wal_bytes())},
            "reload_ok": {"last": float(self.reloads.ok)},
            "ceiling_used_ratio": self.carrier.ceilings_used() if self.carrier else {},
            **self.store.read(lambda reading: _measured(reading, now)),
        }

    def accept(self, arrival: Arrival) -> Future[Receipt]:
        """What every door calls: on disk before anybody is told so."""
        receipt = flow.accept(self.gateway, arrival)
        self.pressure.accepted(receipt)
        return receipt


def _measured(reading: Reading, now: datetime) -> dict[str, dict[str, float]]:
    """What waits and what is down: the age of the oldest request that nobody has, open outages, and the last probe."""
    down = [outage.channel for outage in reading.outages(open_only=True)]
    oldest, probed = reading.waiting_since(), probing.age(reading, now)
    unverified, since = reading.waiting_unverified()
    return {
        "oldest_waiting_seconds": {"ticket": (now - oldest).total_seconds() if oldest else 0.0},
        "unverified_waiting": {"mails": float(unverified)},
        "oldest_unverified_seconds": {"mail": (now - since).total_seconds() if since else 0.0},
        "outages_open": {channel: float(down.count(channel)) for channel in sorted(set(down))} or {"none": 0.0},
        "numbers_without_sms": {"all": float(len(silences.silent(reading)))},
        "probe_age_seconds": {"last": probed.total_seconds()} if probed is not None else {},
    }


def _told(state: MailboxState) -> dict[str, Any]:
    return {
        "connected": state.connected,
        "last_success_at": _iso(state.last_success_at),
        "last_error": state.last_error,
        "withheld": state.withheld,
    }


def _iso(at: datetime | None) -> str | None:
    return local(at).isoformat(timespec="seconds") if at else None


def outlets_of(site: Site, gateway: Gateway, carrier: TwilioOutlet | None) -> dict[Channel, Outlet]:
    """The ways out that this site has."""
    outlets: dict[Channel, Outlet] = {Channel.MAIL: mail_outlet_of(site, gateway.rules)}
    if carrier is not None:
        outlets |= {Channel.SMS: carrier, Channel.VOICE: carrier}
    certified = pec_outlet_of(site, gateway.rules)
    if certified is not None:
        outlets[Channel.PEC] = certified
    return outlets


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Daemon]:
    """A daemon ready to serve: alone on its database, on the newest schema.

    Raises:
        SettingError: the configuration is refused.
        StoreError: another daemon is running, or the database cannot be used.
    """
    site = load(path)
    database = site.settings.database
    with daemon_lock(database.address):
        copy = migrate(database.address)
        if copy is not None:
            journal.noted("store.migrated", copy=str(copy))
        store = store_of(site.settings, threaded=True)
        gateway, reader = gateway_of(site, store)
        mail_in.look_as_configured(gateway, site.settings)
        store.write(lambda tx: tx.free_leases(gateway.clock.now()))
        store.write(lambda tx: arm_all(gateway, tx, gateway.clock.now()))
        pressure = Pressure()
        carrier = doors.outlet_of(site.settings, gateway)

        def busy() -> bool:
            return store.pending() > 0 or pressure.streaming()

        watches = Watches(site.settings, gateway, carrier, busy)
        fetching = Fetching(site.settings, gateway)
        worker = Worker(
            gateway,
            outlets_of(site, gateway, carrier),
            busy=busy,
            asking=carrier,
            rounds=[
                *watches.rounds(),
                recogniser_of(site.settings, gateway, reader),
                *fetching.rounds(),
                mail_in.looking_of(gateway),
                *doors.collecting_of(site.settings, gateway, store.blobs),
            ],
        )
        store.on_commit(worker.wake)
        store.on_fault(lambda fault: doors.tell_of_fault(site, gateway.rules, fault))
        try:
            daemon = Daemon(path, site, gateway, reader, store, worker, pressure, fetching, carrier)
            watches.is_well, watches.post = daemon.is_well, daemon.post
            yield daemon
        finally:
            store.close()
            reader.close()


def run(path: Path, ready: Callable[[Daemon], None] = lambda _: None) -> None:
    """The daemon from start to end, in this thread.

    Raises:
        SettingError, StoreError: as `opened`.
    """
    import uvloop  # noqa: PLC0415 - only the daemon needs it

    os.umask(0o077)
    sys.setswitchinterval(SWITCH_S)
    new_loop = uvloop.new_event_loop

    def begun(daemon: Daemon) -> None:
        _keep_what_is_loaded()
        ready(daemon)

    with logs.written_behind(), opened(path) as daemon, asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(daemon.serve(begun))


def _keep_what_is_loaded() -> None:
    """Modules and configuration stay for ever: a full collection of garbage passes over them.

    It stops every thread. With them it took 90 ms, and whoever was on the line meanwhile waited for it.
    """
    gc.collect()
    gc.freeze()


def refuse_demo(site: Site) -> None:
    """A demo's configuration has a clock of its own and stand-ins: it is not for serving people (DESIGN).

    Raises:
        SettingError: it is one.
    """
    if site.settings.demo is not None:
        raise SettingError(
            site.path.name,
            "demo",
            "this configuration was made by the demo, whose clock and carrier are not real",
            clause="X18",
            remedy='run "centralino demo" with its folder, or make a configuration with "centralino init"',
        )
