"""The page of the stand-in telephones as an operator has it: a real demo in a process of its own, a real Chromium.

The demo stands on a Saturday at 22:10: the desk of c02 is closed and Bruno is on call, Carla his deputy.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

ROOT = Path(__file__).parents[3]
AT = "2026-11-28T22:10:00+01:00"
RUN = """
import sys
from datetime import datetime
from pathlib import Path
from config.demo.running import Wishes, run
from config.logs import configure

configure()
wishes = Wishes(Path(sys.argv[1]), at=datetime.fromisoformat(sys.argv[2]), http_port=0, smtp_port=0, seconds_scale=0.4)
run(wishes, lambda line: print(line, flush=True))
"""
START_WITHIN_S, SEEN_WITHIN_MS = 60.0, 20_000
expect.set_options(timeout=SEEN_WITHIN_MS)
CHROMIUM = shutil.which("chromium")
# Nothing is asked of the network: what the browser would fetch for itself is switched off.
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip


class Demo:
    """`centralino demo` in a new folder; `facts` is its demo.json."""

    def __init__(self, folder: Path) -> None:
        self.log = folder.parent / "log"
        with self.log.open("wb") as log:
            command = [sys.executable, "-c", RUN, str(folder), AT]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
        self.facts: dict[str, Any] = self._ready(folder / "demo.json")

    def _ready(self, marker: Path) -> dict[str, Any]:
        until = time.monotonic() + START_WITHIN_S
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log.read_text()
            facts: dict[str, Any] = json.loads(marker.read_text()) if marker.exists() else {}
            if "rehearsal" in facts:
                return facts
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("rehearsal") / "demo")
    yield demo
    demo.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = _launched(playwright, CHROMIUM)
        yield browser
        browser.close()


def _launched(playwright: Playwright, path: str) -> Browser:
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


@pytest.fixture
def page(browser: Browser, demo: Demo) -> Iterator[Page]:
    """The page, opened anew, with a voice that reads fast; what goes wrong in it fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
    page.set_default_timeout(SEEN_WITHIN_MS)
    page.goto(str(demo.facts["rehearsal"]))
    page.wait_for_selector("body[data-ready]")
    page.get_by_label("Voce veloce").check()
    yield page
    _hang_everything_up(page)
    context.close()
    assert wrong == []


def _hang_everything_up(page: Page) -> None:
    """What a test left on the line ends; so does what begins to ring meanwhile."""
    live = page.locator(".call-status.live")
    until = time.monotonic() + START_WITHIN_S
    while live.count():
        assert time.monotonic() < until, "somebody is still on the line"
        page.evaluate("document.querySelectorAll('button.hang-up:not([hidden], [disabled])').forEach(e => e.click())")
        page.wait_for_timeout(200)
