"""The demo in the foreground: stand-ins, gateway, and with `--play` a thread that drives the main job."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.clock import OffsetClock
from config import daemon
from config.demo import play, probe, sample, site
from config.demo.house import DemoHouse
from config.demo.stage import Stage
from config.demo.stand_ins import PLAY_SCALE, StandIns
from config.demo.words import page_words
from gateway.domain.hours import local

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from config.daemon import Daemon


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asked for."""

    folder: Path
    at: datetime | None = None
    http_port: int = 8080
    smtp_port: int = 8025
    page_port: int = 0
    """The stand-in carrier's, which serves the page of the telephones too; 0 picks a free one."""
    play: bool = False
    without: tuple[str, ...] = ()
    seconds_scale: float | None = None
    """How long a second on the telephone lasts; None: a second, with `play` much less."""


@dataclass(slots=True)
class Outcome:
    """What became of a play."""

    seen: bool = True
    error: BaseException | None = None
    thread: threading.Thread | None = field(default=None)


def run(wishes: Wishes, say: Callable[[str], None]) -> bool:
    """Run until told to stop, or until the play is over; False when a step of the play was not seen.

    Raises:
        DemoError: the folder is not a demo's.
    """
    fresh = site.claim(wishes.folder)
    if fresh:
        site.fill(wishes.folder, wishes.at)
    probe.add_to(wishes.folder)
    clock = OffsetClock(wishes.folder / "clock-offset")
    scale = wishes.seconds_scale or (PLAY_SCALE if wishes.play else 1.0)
    outcome = Outcome()
    port = site.free_port(wishes.page_port)
    with StandIns.of(wishes.folder, clock.now, seconds_scale=scale, port=port) as outside:
        where = site.Addresses(
            smtp_port=site.free_port(wishes.smtp_port),
            http_port=site.free_port(wishes.http_port),
            carrier_url=outside.rehearsal.base_url,
            sink_port=outside.rehearsal.smtp_port,
            imap_port=outside.mailboxes.port,
        )
        path = site.write_settings(wishes.folder, where, probes=not wishes.play)
        if fresh:
            probe.begin_later(wishes.folder, f"sqlite:///{wishes.folder / 'centralino.db'}", clock.now())

        def ready(running: Daemon) -> None:
            people = running.site.people
            phones = {each.id: each.mobile for each in people.values() if each.mobile and each.id != probe.PERSON}
            outside.connect(where.public_url, phones)
            outside.rehearsal.page.show(DemoHouse(running, clock), page_words())
            contracts = sorted(each for each in running.site.contracts if each != probe.CONTRACT)
            site.announce(wishes.folder, where, clock.now(), phones, contracts)
            _welcome(say, wishes, where, clock.now())
            if wishes.play:
                stage = Stage(running, outside, clock, where, wishes.without, say)
                outcome.thread = _in_background(lambda: _play(stage, outcome))
            elif fresh:
                _in_background(lambda: sample.send(running, outside, where))

        daemon.run(path, ready)
        if outcome.thread is not None:
            outcome.thread.join(play.LONGEST_S)
    if outcome.error is not None:
        raise outcome.error
    return outcome.seen


def _play(stage: Stage, outcome: Outcome) -> None:
    try:
        outcome.seen = play.perform(stage)
    except BaseException as error:  # noqa: BLE001 - shown by the command, in its own thread
        outcome.error = error
    finally:
        stage.end()


def _in_background(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name="demo-play", daemon=True)
    thread.start()
    return thread


def _welcome(say: Callable[[str], None], wishes: Wishes, where: site.Addresses, now: datetime) -> None:
    folder = wishes.folder
    say(f"The gateway runs in {folder}; its clock says {local(now):%A %d %B %Y %H:%M} in Rome.")
    say(f"  mail in      127.0.0.1:{where.smtp_port}  (for {site.INTAKE})")
    say(f"  web, health  {where.public_url}/readyz")
    say(f"  telephones   {where.page_url}  (a page: place calls, answer, text, watch the register)")
    say(f"               {where.page_url}phones   mail that left  {where.page_url}mail")
    say("Try, in another shell:")
    say(
        f"  swaks --to {site.INTAKE} --from maria.rossi@comune.example --server 127.0.0.1:{where.smtp_port} "
        "--header 'Subject: URGENTE: protocollo bloccato'"
    )
    say(f"  centralino ticket list --config {folder / 'gateway.toml'}")
    say("ready")
