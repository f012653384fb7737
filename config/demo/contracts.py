"""A contact under each of the ten contracts, by SMTP: what becomes of it, by which clause, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.demo.sample import by_smtp, mail_bytes
from config.demo.stage import NotSeenError
from gateway.domain.dispatch import DispatchKind
from gateway.domain.hours import local
from gateway.domain.intake import Channel
from gateway.domain.phrases import term_name

if TYPE_CHECKING:
    from config.demo.stage import Stage
    from gateway.domain.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody who writes under a contract, and what has to become of it; `passed_to` who else gets it."""

    contract: str
    sender: str
    subject: str
    became: str = "accepted"
    passed_to: str | None = None


CONTACTS = (
    Contact("c01-fornitore", "ufficio@acquirente.example", "Come posso esportare l’elenco?"),
    Contact("c02-comune", "tributi@comune.example", "Quando riapre lo sportello telematico?"),
    Contact("c03-sardegnait", "ada@sardegnait.example", "Ci serve qualcuno in sede"),
    Contact("c04-phonzie", "lia@utente.example", "La ricarica del borsellino non arriva"),
    Contact("c05-ecopiazzole", "ugo@utente.example", "Dove porto le vernici?"),
    Contact("c06-consip", "gare@ente.example", "Contratti: nuova sotto-attività"),
    Contact("c07-inpdap", "eva@utente.example", "Non vedo i riscatti", "not_entitled", "helpdesk@inpdap.example"),
    Contact("c08-rti", "leo@utente.example", "Reclamo: servizio mai attivato"),
    Contact("c09-easy110", "ivo@altrostudio.example", "Il computo non torna", "not_entitled"),
    Contact(
        "c10-camera-commercio",
        "ada@impresa.example",
        "Quanto pago di tassa rifiuti?",
        "out_of_scope",
        "tributi@comune-impresa.example",
    ),
)


def under_every_contract(stage: Stage) -> None:
    """Issue 3: each contract decides on its own contact; nothing is lost, and everybody is answered."""
    for count, contact in enumerate(CONTACTS):
        _send(stage, contact, count)
    for contact in CONTACTS:
        _look(stage, contact)


def _send(stage: Stage, contact: Contact, count: int) -> None:
    contract, now = stage.running.gateway.rules.contracts[contact.contract], stage.clock.now()
    to = contract.address_of(Channel.MAIL) or ""
    name = f"play-contracts-{count}-{now:%Y%m%d%H%M%S%f}"
    raw = mail_bytes(contact.sender, contact.subject, "Grazie.", now, name, to)
    by_smtp(stage.where.smtp_port, contact.sender, raw, to)


def _look(stage: Stage, contact: Contact) -> None:
    """What became of it, in one line: the contract, the outcome and its clause."""
    ticket = stage.wait(f"{contact.contract}: the ticket", lambda: stage.ticket(contact.subject))
    if (ticket.contract, ticket.became) != (contact.contract, contact.became):
        raise NotSeenError(f"{contact.contract}: {contact.became}, not {ticket.contract}: {ticket.became}")
    number = str(ticket.number)
    stage.wait(f"{contact.contract}: the answer", lambda: stage.mails_to(contact.sender, number))
    if contact.passed_to:
        stage.wait(f"{contact.contract}: passed on", lambda: stage.mails_to(contact.passed_to or "", number))
    stage.say(f"   seen: {contact.contract}: {_told(stage, ticket)}")


def _told(stage: Stage, ticket: Ticket) -> str:
    routed = stage.event(ticket, "routed")
    clauses = routed.data["clauses"].replace(",", ", ") if routed else ""
    ruling = routed.clause if routed else ""
    passed = stage.running.store.read(
        lambda reading: reading.dispatches(ticket=ticket.number, kind=DispatchKind.FORWARD)
    )
    parts = [f"{ticket.became} by {ruling} (of {clauses})", f"{ticket.type} {ticket.number}"]
    parts += [f"phase {ticket.phase}"] if ticket.phase else []
    parts += [f"{term_name(of, 'en')} by {local(at):%a %d %b %H:%M}" for of, at in ticket.due.items()]
    parts += [f"passed on to {dispatch.to}" for dispatch in passed]
    return "; ".join(parts)
