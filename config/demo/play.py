"""The main job, played through the real doors: SMTP, IMAP, signed webhooks, a fax by mail, the desk, the vendor.

Each scene says what it did and what was seen; a scene that is not seen in time ends the play with what was missing.
"""

from __future__ import annotations

import email
import time
from typing import TYPE_CHECKING

from adapters.rehearsal import Silence, Speak, answers, replies, rings_out
from adapters.store import verify
from config.compose import fax_as_pdf
from config.demo import fax
from config.demo.contracts import under_every_contract
from config.demo.sample import by_smtp, mail_bytes
from config.demo.stage import ON_CALL, NotSeenError
from gateway import desk, escalating, tickets
from gateway.domain.dispatch import DispatchKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from config.demo.stage import Stage
    from gateway.domain.ticket import Ticket

LONGEST_S = 60.0
OPERATOR = "elena"
MARIA = "maria.rossi@comune.example"
LUCA = "luca.bianchi@comune.example"
CITIZEN = "+393331234567"
CALLER = "+393337654321"
FAX_NUMBER = "+390700000001"
SHEET = {
    "priority.impact": "protocollo fermo in due uffici",
    "priority.users": "12",
    "system.system": "Protocollo informatico",
    "system.module": "Registrazione in arrivo",
    "system.version": "7.4.2",
    "description": "La registrazione di un documento in arrivo si ferma sul salvataggio e la maschera resta bloccata.",
    "steps": "Aprire Registrazione in arrivo, allegare un PDF, premere Salva.",
    "expected_obtained.expected": "il numero di protocollo viene assegnato",
    "expected_obtained.obtained": "la maschera resta in attesa e dopo un minuto compare l’errore",
    "error": "ORA-00060: deadlock detected while waiting for resource",
    "analysis": "Il blocco compare solo con allegati oltre 10 MB; il registro mostra due sessioni in attesa reciproca.",
    "occurrence.first": "28 novembre 2026, ore 21.50",
    "occurrence.frequency": "a ogni salvataggio con allegato grande",
    "occurrence.reproducible": "sì",
}


def perform(stage: Stage) -> bool:
    """Every scene in turn; True when everything was seen."""
    began = time.monotonic()
    for door, title, scene in SCENES:
        if door in stage.without:
            stage.say(f"-- left out ({door}): {title}")
            continue
        stage.say(f"-- {title}")
        stage.before = stage.newest()
        try:
            scene(stage)
        except (NotSeenError, tickets.DeskError) as missing:
            stage.say(f"   NOT SEEN: {missing}")
            return False
    fault = stage.running.store.read(verify_register)
    stage.say(f"-- the register is whole: {'yes' if fault is None else fault}")
    stage.say(f"Everything was seen, in {time.monotonic() - began:.0f} seconds.")
    return fault is None


def verify_register(reading: object) -> object:
    """The first fault of the register, or None."""
    return verify(reading)  # type: ignore[arg-type]  # the store's own reading, handed through the port


def _name(stage: Stage, scene: str) -> str:
    return f"play-{scene}-{stage.clock.now():%Y%m%d%H%M%S%f}"


def urgent_mail_is_accepted_by_sms(stage: Stage) -> None:
    """C2.8: an urgent mail on a Saturday night; the technician answers OK with the code."""
    contact = stage.chain().contact
    subject = "URGENTE: protocollo bloccato"
    stage.outside.rehearsal.carrier.phones[contact.mobile or ""] = replies("OK {code}")
    name = _name(stage, "urgent")
    by_smtp(stage.where.smtp_port, MARIA, mail_bytes(MARIA, subject, "Non parte da stasera.", stage.clock.now(), name))
    stage.say(f"   {MARIA} wrote “{subject}” by SMTP and got 250")
    ticket = stage.see("the ticket", lambda: stage.ticket(subject))
    stage.first = ticket.number
    number = str(ticket.number)
    stage.see("the acknowledgement in the sink", lambda: stage.mails_to(MARIA, number))
    stage.see(f"the SMS on {contact.name}'s telephone", lambda: stage.texts_to(contact, number, "URGENTE"))
    stage.see(f"{contact.name} answered OK and owns {number}", lambda: stage.taken_by(ticket, contact))
    stage.see("the confirmation SMS", lambda: stage.texts_to(contact, number, "presa in carico da te"))
    stage.outside.rehearsal.carrier.phones[contact.mobile or ""] = rings_out()


def unanswered_page_climbs(stage: Stage) -> None:
    """C2.8, S027: by IMAP; nobody answers the SMS nor the call; the deputy's telephone rings and takes a key."""
    chain = stage.chain()
    contact, deputy = chain.contact, chain.deputy or chain.contact
    carrier = stage.outside.rehearsal.carrier
    carrier.phones[deputy.mobile or ""] = answers("1")
    subject = "URGENTE: anagrafe ferma"
    raw = mail_bytes(LUCA, subject, "Lo sportello è bloccato.", stage.clock.now(), _name(stage, "ladder"))
    stage.outside.mailboxes.deliver("comune", raw)
    stage.say("   the mail lies in the mailbox; IMAP fetches it")
    ticket = stage.see("the ticket", lambda: stage.ticket(subject))
    number = str(ticket.number)
    stage.see(f"the SMS on {contact.name}'s telephone", lambda: stage.texts_to(contact, number))
    stage.jump(6)
    stage.see(f"{contact.name}'s telephone rang", lambda: [c for c in carrier.calls if c.to == contact.mobile])
    stage.see(f"{deputy.name}'s telephone rang", lambda: [c for c in carrier.calls if c.to == deputy.mobile])
    stage.see(f"{deputy.name} pressed 1 and owns {number}", lambda: stage.taken_by(ticket, deputy))
    stage.see(f"{contact.name} was told", lambda: stage.texts_to(contact, number, "da un collega"))


def ordinary_mail_wakes_nobody_twice(stage: Stage) -> None:
    """A request that is not urgent: one SMS without the word URGENTE, and no chase."""
    contact = stage.chain().contact
    subject = "Come si stampa il registro?"
    raw = mail_bytes(LUCA, subject, "Non trovo la voce nel menu.", stage.clock.now(), _name(stage, "ordinary"))
    by_smtp(stage.where.smtp_port, LUCA, raw)
    ticket = stage.see("the ticket", lambda: stage.ticket(subject))
    number = str(ticket.number)
    texts = stage.see("one SMS, which can wait", lambda: stage.texts_to(contact, number, "non urgente"))
    calls = len(stage.outside.rehearsal.carrier.calls)
    stage.jump(30)
    time.sleep(1.5)
    again = stage.texts_to(contact, number)
    if len(again) != len(texts) or len(stage.outside.rehearsal.carrier.calls) != calls or "URGENTE" in again[0]:
        raise NotSeenError("one SMS and no call")
    stage.say("   seen: half an hour later nobody was called")


def sms_becomes_a_ticket(stage: Stage) -> None:
    """A citizen's SMS by signed webhook; the citizen gets the number."""
    text = "Il portale dei tributi non accetta la mia password"
    stage.outside.rehearsal.carrier.send_sms(CITIZEN, text)
    ticket = stage.see("the ticket", lambda: stage.ticket("portale dei tributi non accetta"))
    phone = stage.outside.rehearsal.carrier.phones[CITIZEN]
    stage.see("M-07 on the citizen's telephone", lambda: [t for t in phone.inbox if str(ticket.number) in t.body])


def call_is_answered(stage: Stage) -> None:
    """A call: recorded at its first signal, hears the state, the notice and its number, and speaks."""
    words = "Il certificato di residenza non si scarica"
    call = stage.outside.rehearsal.carrier.place_call(CALLER, [Silence(), Speak(words)])
    ticket = stage.see("the ticket", lambda: stage.ticket(CALLER))
    stage.see("the caller heard the privacy notice", lambda: [h for h in call.heard if "informativa" in h.casefold()])
    spoken = " ".join(str(ticket.number)[:4])
    stage.see("the caller heard the number digit by digit", lambda: [h for h in call.heard if spoken in h])
    stage.see("what the caller said is on the ticket", lambda: _said(stage, ticket, words))


def _said(stage: Stage, ticket: Ticket, words: str) -> bool:
    messages = stage.running.store.read(lambda reading: reading.messages(ticket.number))
    return any(words in message.text for message in messages)


def fax_becomes_a_ticket(stage: Stage) -> None:
    """A fax that arrives as mail in the HylaFAX shape: number and pages read, pages viewable as PDF."""
    stage.outside.mailboxes.deliver("fax", fax.hylafax_mail(FAX_NUMBER, 2, stage.clock.now(), _name(stage, "fax")))
    ticket = stage.see("the ticket with the caller's number", lambda: stage.ticket(f"Fax da {FAX_NUMBER}"))
    intakes = stage.running.store.read(lambda reading: reading.intakes(ticket=ticket.number))
    stage.see("its two pages as PDF", lambda: fax_as_pdf(stage.running.reader, stage.running.store, intakes[0].id, 2))


def vendor_gets_the_whole_story(stage: Stage) -> None:
    """The first level cannot solve it: refused while the summary is empty, then one mail with both attachments."""
    gw, store = stage.running.gateway, stage.running.store
    by = gw.rules.people[OPERATOR]
    contract = gw.rules.contracts[ON_CALL]
    mailbox = contract.escalation.mailbox if contract.escalation else ""
    chosen = stage.first or stage.newest()
    ticket = stage.see("the ticket to escalate", lambda: store.read(lambda reading: reading.ticket(chosen)))
    try:
        store.write(lambda tx: escalating.escalate(gw, tx, ticket.number, None, by, stage.clock.now()))
    except escalating.MissingFieldsError as refused:
        stage.say(f"   seen: refused, {len(refused.gaps)} fields are missing")
    else:
        raise NotSeenError("an escalation without its summary is refused")
    at = stage.clock.now()
    store.write(lambda tx: desk.identify(tx, ticket.number, tuple(SHEET.items()), by, at))
    action = "Riavviato il servizio di protocollo", "il blocco si ripresenta"
    store.write(lambda tx: desk.action(tx, ticket.number, *action, by, at, at))
    store.write(
        lambda tx: desk.workaround(tx, ticket.number, "Allegare i file oltre 10 MB in un secondo momento", None, by, at)
    )
    shown = store.write(lambda tx: escalating.preview(gw, tx, ticket.number, None, at)).raw
    stage.jump(1)
    store.write(lambda tx: escalating.escalate(gw, tx, ticket.number, None, by, stage.clock.now()))
    stage.running.worker.wake()
    mails = stage.see(f"one mail for {mailbox}", lambda: stage.outside.rehearsal.mail.to(mailbox))
    if len(mails) != 1 or mails[0].raw.rstrip(b"\r\n") != shown.rstrip(b"\r\n"):
        raise NotSeenError("the one mail in the vendor's sink is byte for byte the preview")
    stage.say("   seen: byte for byte the preview")
    names = [part.get_filename() for part in email.message_from_bytes(mails[0].raw).walk() if part.get_filename()]
    if len(names) != len(("scheda", "storia")):
        raise NotSeenError("both attachments")
    stage.say(f"   seen: {' and '.join(map(str, names))}")
    _vendor_answers(stage, ticket, mailbox)


def _vendor_answers(stage: Stage, ticket: Ticket, mailbox: str) -> None:
    mails = stage.running.store.read(
        lambda reading: reading.dispatches(ticket=ticket.number, kind=DispatchKind.ESCALATION)
    )
    thread = mails[0].facts["message_id"]
    raw = mail_bytes(
        mailbox,
        f"Re: [{ticket.number}] presa in carico",
        "Presa in carico. Riferimento: VND-4711",
        stage.clock.now(),
        _name(stage, "vendor"),
    ).replace(b"MIME-Version", f"In-Reply-To: <{thread}>\r\nMIME-Version".encode(), 1)
    by_smtp(stage.where.smtp_port, mailbox, raw)
    stage.see("the vendor's reference on the ticket", lambda: stage.fresh(ticket).vendor_reference == "VND-4711")
    requester = [m for m in stage.mails_to(ticket.requester.address) if "VND-4711" in m]
    if requester:
        raise NotSeenError("nothing of the vendor's answer reaches the requester by itself")


Scene = tuple[str, str, "Callable[[Stage], None]"]

SCENES: tuple[Scene, ...] = (
    ("smtp", "An urgent mail on a Saturday night is accepted by SMS", urgent_mail_is_accepted_by_sms),
    ("imap", "An urgent mail nobody answers climbs to the deputy", unanswered_page_climbs),
    ("smtp", "An ordinary mail wakes nobody twice", ordinary_mail_wakes_nobody_twice),
    ("sms", "An SMS becomes a ticket", sms_becomes_a_ticket),
    ("voice", "A call is answered", call_is_answered),
    ("fax", "A fax that arrives as mail becomes a ticket", fax_becomes_a_ticket),
    ("contracts", "A contact under each of the ten contracts", under_every_contract),
    ("vendor", "What the first level cannot solve goes to the vendor", vendor_gets_the_whole_story),
)


def doors() -> Iterator[str]:
    """What `--without` may leave out."""
    return iter(dict.fromkeys(door for door, _, _ in SCENES))
