"""What a contact says, whatever the medium: the common ground of mail, fax, SMS and call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.domain.certified import Kind
from gateway.domain.intake import Channel
from gateway.domain.mail_words import shown_text
from gateway.domain.phrases import unread_because
from gateway.domain.ticket import Mark, Requester
from gateway.domain.wording import pages_phrase

if TYPE_CHECKING:
    from gateway.domain.certified import CertifiedReading
    from gateway.domain.contract import Contract
    from gateway.domain.intake import Attachment, FaxReading, Fold, Intake, MailReading
    from gateway.domain.roster import Person
    from gateway.ports import Gateway


@dataclass(frozen=True, slots=True)
class Contact:
    """What a contact says, whatever the medium: the common ground of mail, fax, SMS and call."""

    subject: str
    text: str
    new_text: str
    requester: Requester
    sender: str
    html: str | None = None
    folds: tuple[Fold, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    message_id: str | None = None
    automatic: str | None = None
    marks: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    clause_facts: tuple[tuple[str, str], ...] = ()
    kind: str | None = None
    """The type of the request where the requester chose it, by a key."""
    on_the_line: bool = False
    """The requester is on the telephone: whoever is on duty is told when the call is over, or rung meanwhile."""

    pages: int | None = None
    """How many pages a fax says that it has."""

    @property
    def wakes_nobody(self) -> bool:
        """Automatic mail and lists wake nobody (DESIGN, "Whom to wake"); what nobody could read does."""
        return self.automatic not in (None, "fax", "unread")


def contact_of(
    gw: Gateway,
    intake: Intake,
    reading: MailReading,
    fax: FaxReading | None,
    certified: CertifiedReading | None = None,
) -> Contact:
    """What a mail, or the fax in it, says: an unreadable one says that a person must open it."""
    sender = reading.senders[0] if reading.senders else None
    address = sender.address if sender else intake.sender
    marks = [Mark.UNREADABLE, Mark.TO_VERIFY] if not reading.readable else []
    if is_ambiguous(reading):
        marks.append(Mark.AMBIGUOUS_SENDER)
    marks += _certified_marks(certified)
    default = gw.rules.contracts[gw.rules.default_contract]
    text = shown_text(reading, default.language)
    if not reading.readable:
        reason = unread_because(reading.defects[:3], default.language) or gw.rules.phrase(default, "P-UNREADABLE")
        text = f"{gw.rules.phrase(default, 'P-UNREAD', reason=reason)}\n\n{text}"
    if fax:
        return _fax_contact(gw, reading, fax, text, marks, intake)
    person = gw.rules.people.by_mail(address)
    return Contact(
        subject=reading.subject,
        text=text,
        new_text=reading.new_text or text,
        requester=Requester(sender.name if sender else "", address, "", person.id if person else None),
        sender=address,
        html=reading.html,
        folds=reading.folds if text.startswith(reading.text) else (),
        attachments=reading.attachments,
        message_id=reading.message_id,
        automatic=reading.automatic,
        marks=tuple(dict.fromkeys(marks)),
        defects=reading.defects,
        clause_facts=(*_certified_facts(certified), *_protection(reading, certified)),
    )


def _protection(reading: MailReading, certified: CertifiedReading | None) -> tuple[tuple[str, str], ...]:
    """What an ordinary mail claims to be; of a signature nobody here has looked at whose it is (B-048)."""
    if reading.protection is None or certified is not None:
        return ()
    return (("protection", "signed, not verified" if reading.protection == "signed" else reading.protection),)


def _certified_marks(certified: CertifiedReading | None) -> list[Mark]:
    """What nobody certifies says so; an envelope that is not believed, or that nobody knows, is for a person to verify.

    An anomaly envelope is signed by the provider, who says by it that it certifies nothing (S144).
    """
    if certified is None or (certified.kind is Kind.TRANSPORT and certified.is_believed):
        return []
    doubtful = certified.kind in (Kind.TRANSPORT, Kind.UNKNOWN)
    return [Mark.NOT_CERTIFIED, *((Mark.TO_VERIFY,) if doubtful else ())]


def _certified_facts(certified: CertifiedReading | None) -> tuple[tuple[str, str], ...]:
    """What the history keeps of an envelope: what it certifies, by whom, and why it is not believed."""
    if certified is None:
        return ()
    facts = {
        "certified_kind": str(certified.kind),
        "certified_at": certified.at.isoformat() if certified.at else "",
        "identifier": certified.identificativo,
        "signed_by": ",".join(certified.trust.signer),
        "digest": certified.trust.digest,
        "doubts": "; ".join(certified.doubts)[:300] if certified.kind is not Kind.ORDINARY else "",
    }
    return tuple((name, value) for name, value in facts.items() if value)


def _fax_contact(
    gw: Gateway, reading: MailReading, fax: FaxReading, text: str, marks: list[Mark], intake: Intake
) -> Contact:
    """A fax is from a number, not from the mailbox of the machine that sent it on; nobody answers that mailbox."""
    marks += _fax_marks(fax)
    number = fax.number or ""
    person = gw.rules.people.by_fax(number) if number else None
    if person and person.public_body:
        marks.append(Mark.FAX_FROM_PUBLIC_BODY)
    return Contact(
        subject=_fax_subject(gw, fax),
        text=text,
        new_text=text,
        requester=_fax_requester(fax, number, person),
        sender=number or intake.sender,
        attachments=reading.attachments,
        message_id=reading.message_id,
        automatic="fax",
        marks=tuple(marks),
        defects=(*reading.defects, *fax.defects),
        clause_facts=_fax_facts(fax),
        pages=fax.pages,
    )


def _fax_marks(fax: FaxReading) -> list[Mark]:
    """A form that nobody knows, and a fax that does not lie in its mail, are for a person to look at."""
    download = [Mark.DOCUMENT_TO_DOWNLOAD] if "document_to_download" in fax.defects else []
    missing = fax.to_verify or "document_missing" in fax.defects
    return [*([Mark.TO_VERIFY] if missing else []), *download]


def _fax_subject(gw: Gateway, fax: FaxReading) -> str:
    """From whom, how many pages, and whether the line broke before the last: a partial fax is a request as well."""
    default = gw.rules.contracts[gw.rules.default_contract]
    number = fax.number or fax.station_id or gw.rules.phrase(default, "P-NO-NUMBER")
    pages = pages_phrase(fax.pages, default.language)
    return gw.rules.phrase(default, "P-FAX-PARTIAL" if fax.partial else "P-FAX", number=number, pages=pages)


def _fax_requester(fax: FaxReading, number: str, person: Person | None) -> Requester:
    """Somebody of the directory, answered at their mailbox (X8); else a number and what its machine calls itself."""
    if person is None:
        return Requester(fax.station_id or "", "", number)
    return Requester(person.name, person.mail or "", number, person.id)


def _fax_facts(fax: FaxReading) -> tuple[tuple[str, str], ...]:
    """What the history keeps of a fax. The station identifier is what a stranger's machine calls itself (S154)."""
    facts = {
        "number": fax.number or "anonimo",
        "pages": str(fax.pages or ""),
        "station": fax.station_id or "",
        "called": fax.called_number or "",
        "job": fax.job_id or "",
        "quality": fax.quality or "",
        "duration_s": str(fax.duration_s or ""),
        "shape": fax.shape or "",
        "stated_at": fax.sent_at.isoformat() if fax.sent_at else "",
        "partial": "yes" if fax.partial else "",
    }
    return tuple((name, value) for name, value in facts.items() if value or name in {"pages", "station"})


def is_ambiguous(reading: MailReading) -> bool:
    """Two senders, subjects, Message-IDs or dates: nobody can say whose mail it is (B-041)."""
    return any(defect.startswith("duplicate header") for defect in reading.defects)


def contract_for_number(gw: Gateway, channel: Channel, intake: Intake) -> Contract:
    """The contract whose endpoint was called or texted; the default one, never nobody."""
    found = gw.rules.contracts_at(channel, intake.recipients) or gw.rules.contracts_at(Channel.PHONE, intake.recipients)
    return found[0] if found else gw.rules.contracts[gw.rules.default_contract]
