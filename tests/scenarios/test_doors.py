"""Each of the ten contracts played through the doors of one running gateway: SMTP, the telephone, the mail that leaves.

One process is the whole gateway on loopback with its stand-ins, on a Tuesday morning on which every desk is open. C3 is
after its final acceptance of 15 September 2026.
"""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from email.header import decode_header, make_header
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, TypeVar

import pytest

from adapters.store import SqlStore, open_store
from config.demo import site
from gateway.domain.dispatch import Dispatch
from gateway.domain.hours import local
from gateway.domain.register import Entry
from gateway.domain.ticket import Ticket

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
AT = "2026-11-24T10:12:00+01:00"
RUN = """
import sys
from pathlib import Path
from config.demo.running import Wishes, run
from config.logs import configure

configure()
run(Wishes(Path(sys.argv[1]), http_port=0, smtp_port=0, seconds_scale=0.02), lambda line: print(line, flush=True))
"""
"""`centralino demo` with telephones on which a second takes a fiftieth of one."""
START_WITHIN_S, SEEN_WITHIN_S = 60.0, 30.0
ACCEPTANCE = """
[[act]]
kind = "final_acceptance"
on = 2026-09-15
reference = "verbale di collaudo finale n. 7"

[[phase]]"""
STRANGER = "mario@altrove.example"
HANGS_UP = {"hang_up": True, "after_verbs": 4}
"""The caller has heard the greeting, the notice, the line for emergencies and the number."""


class Town:
    """The gateway and everything outside it."""

    def __init__(self, folder: Path) -> None:
        site.claim(folder)
        site.fill(folder, datetime.fromisoformat(AT))
        contract = folder / "contracts" / "c03-sardegnait.toml"
        contract.write_text(contract.read_text().replace("\n[[phase]]", ACCEPTANCE, 1))
        self.folder = folder
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(folder)], stdout=self.log, stderr=self.log, cwd=ROOT
        )
        self.facts: dict[str, Any] = self._until(START_WITHIN_S, self._ready)
        self.store: SqlStore = open_store(f"sqlite:///{folder / 'centralino.db'}", folder / "blobs", threaded=False)
        self._count = 0

    def _ready(self) -> dict[str, Any] | None:
        assert self.process.poll() is None, (self.folder / "log").read_text()
        facts: dict[str, Any] = json.loads((self.folder / site.MARKER).read_text())
        return facts if "smtp" in facts else None

    def _until(self, within_s: float, look: Callable[[], T | None]) -> T:
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError("not seen in time\n" + (self.folder / "log").read_text()[-3000:])

    def see(self, look: Callable[[], T | None]) -> T:
        """What `look` finds, as soon as it does."""
        return self._until(SEEN_WITHIN_S, look)

    def close(self) -> None:
        self.store.close()
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    # ------------------------------------------------------------------------------------------------------------- in

    def mail(self, to: str, subject: str, text: str = "Grazie.", *, sender: str) -> Ticket:
        """A mail by SMTP, and the ticket that it became."""
        self._count += 1
        raw = (
            f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <doors-{self._count}@{sender}>\r\n"
            f"Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        )
        host, port = self.facts["smtp"].rsplit(":", 1)
        with smtplib.SMTP(host, int(port), timeout=30) as client:
            client.sendmail(sender, [to], raw.encode())
        return self.see(lambda: self._ticket(subject, sender))

    def _ticket(self, subject: str, sender: str) -> Ticket | None:
        found = self.store.read(lambda reading: reading.tickets(text=subject))
        return next((ticket for ticket in found if sender in (ticket.requester.address, ticket.requester.number)), None)

    def call(self, number: str, to: str, keys: str = "") -> tuple[Ticket, str]:
        """A call from a telephone, with a key pressed in the menu: its ticket, and everything that the caller heard."""
        script = [*({"press": key} for key in keys), HANGS_UP]
        sid = self._control("calls", {"from": number, "to": to, "script": script})["sid"]

        def ended() -> str | None:
            (call,) = [each for each in self._control("state")["calls"] if each["sid"] == sid]
            return " ".join(call["heard"]) if call["status"] == "completed" else None

        heard = self.see(ended)
        return self.see(lambda: self._ticket(number, number)), heard

    def _control(self, path: str, wish: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - what JSON says
        headers = {"Content-Type": "application/json"}
        body = None if wish is None else json.dumps(wish).encode()
        carrier = HTTPConnection(self.facts["carrier"].removeprefix("http://"), timeout=10)
        carrier.request("GET" if wish is None else "POST", f"/rehearsal/{path}", body, headers)
        return json.load(carrier.getresponse())

    # ------------------------------------------------------------------------------------------------------------ seen

    def left(self, ticket: Ticket, to: str) -> str:
        """The subject of the one mail about a ticket that left for an address, as its mail server got it."""

        def subject() -> str | None:
            told = [str(make_header(decode_header(m["subject"]))) for m in self._control("mail") if m["to"] == [to]]
            about = [each for each in told if f"[{ticket.number}]" in each]
            assert len(about) <= 1, about
            return about[0] if about else None

        return self.see(subject)

    def owed(self, ticket: Ticket, to: str) -> Dispatch:
        """The one mail about a ticket for an address, with its text."""
        found = self.store.read(lambda reading: reading.dispatches(ticket=ticket.number))
        (only,) = [dispatch for dispatch in found if dispatch.to == to]
        return only

    def recipients(self, ticket: Ticket) -> set[str]:
        """Everybody who is written to about a ticket."""
        return {d.to for d in self.store.read(lambda reading: reading.dispatches(ticket=ticket.number))}

    def event(self, ticket: Ticket, kind: str) -> Entry:
        """The one entry of this type in a ticket's history."""
        entries = self.store.read(lambda reading: reading.entries(str(ticket.number)))
        (only,) = [entry for entry in entries if entry.type == kind]
        return only


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("town") / "demo")
    yield town
    town.close()


def test_c1_a_request_is_recorded_typed_and_acknowledged(town: Town) -> None:
    """S001, C1.1, C1.2: hours, terms and quotas are not in the clause, so none is promised."""
    ticket = town.mail("assistenza@fornitore.example", "Come si stampa il registro?", sender="utente.c1@comune.example")
    assert (ticket.contract, ticket.type, ticket.became, ticket.phase) == ("c01-fornitore", "advice", "accepted", None)
    assert town.left(ticket, "utente.c1@comune.example").startswith(
        f"[{ticket.number}] Abbiamo registrato la Sua richiesta"
    )
    assert "appena possibile" in town.owed(ticket, "utente.c1@comune.example").text
    assert town.event(ticket, "received").data["outcome"] == "accepted"
    assert (town.event(ticket, "routed").data["route"], ticket.due) == ("desk", {})


def test_c2_a_call_in_hours_is_recorded_and_goes_to_the_desk_and_nobody_is_woken(town: Town) -> None:
    """C2.3, C2.4, S011: the telephone is the first means of contact."""
    ticket, heard = town.call("+393337000002", "+390700000200", "1")
    assert (ticket.contract, ticket.channel, ticket.became) == ("c02-comune", "phone", "accepted")
    assert heard.startswith("Benvenuto al servizio di assistenza")
    assert " ".join(str(ticket.number)[:4]) in heard
    routed = town.event(ticket, "routed")
    assert (routed.clause, routed.data["route"], routed.data["state"]) == ("C2.4", "desk", "open")
    assert town.recipients(ticket) == {"+390700000201", "+390700000202"}


def test_c3_a_technicians_plain_wish_is_a_visit_in_one_working_day_of_ten(town: Town) -> None:
    """S071, C3.11, C3.19, C3.20, C3.22."""
    technician = "ada@sardegnait.example"
    ticket = town.mail("comunas@sardegnait.example", "Ci serve qualcuno in sede domani", sender=technician)
    assert (ticket.phase, ticket.party, ticket.level) == ("B", "tecnici_sardegnait", 2)
    assert (ticket.mode, ticket.site, ticket.became) == ("on_site", "cagliari", "accepted")
    assert f"{local(ticket.due['on_site']):%Y-%m-%d %H:%M}" == "2026-11-25 18:00"
    assert "Intervento on-site: conferma" in town.left(ticket, technician)
    assert "utilizzati: 1 su 10, validi fino al 15 marzo 2027" in town.owed(ticket, technician).text
    (visit,) = town.store.read(lambda reading: reading.visits(ticket=ticket.number))
    assert (visit.state, visit.due_at) == ("reserved", ticket.due["on_site"])
    assert {"C3.11", "C3.18", "C3.19", "C3.20", "C3.22"} <= set(town.event(ticket, "routed").data["clauses"].split(","))


def test_c3_a_clerk_hears_the_first_level_and_the_call_is_passed_on_there(town: Town) -> None:
    """S061, C3.12, V-14."""
    ticket, heard = town.call("+390700000350", "+390700000300")
    assert (ticket.became, ticket.party, ticket.level) == ("not_entitled", "utenti_comuni", 1)
    assert "è curata dal Servizio di primo livello di SardegnaIT" in heard
    assert "Contatto inoltrato" in town.left(ticket, "primo-livello@sardegnait.example")
    assert town.event(ticket, "forwarded").clause == "C3.18"


def test_c4_a_matter_of_the_faq_is_first_level_and_another_app_is_not(town: Town) -> None:
    """S077, C4.1, C4.4, C4.5: nothing of it goes to the vendor."""
    inside = town.mail(
        "assistenza@parcheggi.example", "La ricarica del borsellino non arriva", sender="utente.c4@comune.example"
    )
    assert (inside.became, inside.matter, inside.level) == ("accepted", "borsellino", 1)
    town.left(inside, "utente.c4@comune.example")
    outside = town.mail(
        "assistenza@parcheggi.example",
        "Problema con un’altra app",
        "Uso l’app di un altro operatore.",
        sender="utente.c4@comune.example",
    )
    assert (outside.became, outside.matter) == ("out_of_scope", "altra_app")
    assert "riguarda un altro ufficio" in town.left(outside, "utente.c4@comune.example")
    assert town.recipients(outside) == {"utente.c4@comune.example"}


def test_c5_a_question_on_waste_is_information_for_the_desk(town: Town) -> None:
    """S089, C5.1."""
    ticket = town.mail("info@ecopiazzole.example", "Dove porto le vernici?", sender="utente.c5@comune.example")
    assert (ticket.contract, ticket.type, ticket.became) == ("c05-ecopiazzole", "information", "accepted")
    assert str(ticket.number) in town.left(ticket, "utente.c5@comune.example")
    assert town.event(ticket, "routed").data["route"] == "desk"


def test_c6_everybody_is_served_and_the_list_of_activities_is_open(town: Town) -> None:
    """C6.1, C6.5: nothing is refused because it is in no list."""
    ticket = town.mail("gruppi@consip.example", "Bonifica dei dati di gara", sender=STRANGER)
    assert (ticket.contract, ticket.became, ticket.matter) == ("c06-consip", "accepted", None)
    town.left(ticket, STRANGER)
    assert town.recipients(ticket) == {STRANGER}


def test_c7_an_end_user_is_handed_back_and_the_first_level_is_served(town: Town) -> None:
    """S108, C7.6."""
    ticket = town.mail("secondo-livello@inpdap.example", "Non vedo i riscatti", sender=STRANGER)
    assert (ticket.became, ticket.level) == ("not_entitled", 1)
    assert "primo livello" in town.left(ticket, STRANGER)
    assert "Contatto inoltrato: Non vedo i riscatti" in town.left(ticket, "helpdesk@inpdap.example")
    entitled = town.mail("secondo-livello@inpdap.example", "Calcolo dei riscatti", sender="helpdesk@inpdap.example")
    assert (entitled.became, entitled.level) == ("accepted", 2)
    assert town.event(entitled, "routed").data["route"] == "second_level"


def test_c8_a_complaint_is_one_and_has_its_term(town: Town) -> None:
    """S112, C8.3, A8.1: thirty days, the day of receipt not counted."""
    ticket = town.mail("assistenza@rti.example", "Reclamo: servizio mai attivato", sender="utente.c8@comune.example")
    assert (ticket.type, ticket.became) == ("complaint", "accepted")
    assert ticket.due["complaint"].isoformat() == "2026-12-24T23:00:00+00:00"
    town.left(ticket, "utente.c8@comune.example")


def test_c9_another_organisation_is_asked_who_it_is_and_the_own_one_is_served(town: Town) -> None:
    """S117, C9.1."""
    stranger = town.mail("assistenza@licenziatario.example", "Il computo non torna", sender=STRANGER)
    assert (stranger.became, "unknown_requester" in stranger.marks) == ("not_entitled", True)
    assert "Ci indichi il Suo ente" in town.left(stranger, STRANGER)
    assert town.recipients(stranger) == {STRANGER}
    own = town.mail("assistenza@licenziatario.example", "Il computo non torna", sender="ugo@studio.example")
    assert (own.became, own.party) == ("accepted", "ambiente_di_lavoro")
    town.left(own, "ugo@studio.example")


def test_c10_a_matter_outside_goes_to_its_office_and_the_requester_is_told(town: Town) -> None:
    """S136, C10.11."""
    ticket = town.mail(
        "fareimpresa@cameracommercio.example", "Quanto pago di tassa rifiuti?", sender="utente.c10@comune.example"
    )
    assert (ticket.became, ticket.matter) == ("out_of_scope", "tributi")
    assert "riguarda un altro ufficio" in town.left(ticket, "utente.c10@comune.example")
    assert "Ufficio Tributi del Comune" in town.owed(ticket, "utente.c10@comune.example").text
    assert "Contatto inoltrato" in town.left(ticket, "tributi@comune-impresa.example")
    assert town.event(ticket, "forwarded").clause == "C10.11"
