"""The composition root: the one list of concrete classes, and how they are plugged together on this site."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from adapters import pec
from adapters.clock import OffsetClock, SystemClock
from adapters.confine import NOT_STARTED, Confine, Confined
from adapters.fax import FUNCTIONS as FAX_FUNCTIONS
from adapters.fax import FaxEyes, PageImage, Tesseract, fax_pages, page_images, read_fax, repeat_key
from adapters.keys import SecretKeys
from adapters.mail import mime, packed
from adapters.mail.automatic import OwnMail
from adapters.mail.compose import compose
from adapters.mail.prescan import holds_tnef, needs_child
from adapters.mail.smtp_client import Relay, RelaySessions
from adapters.sms import septets
from adapters.store import open_store
from config.load.texts import load_texts, refuse_own_texts
from config.places import places_of
from gateway.domain.answer_limits import AnswerLimits
from gateway.domain.certified import CertifiedReading, Kind
from gateway.domain.dispatch import Deferred, OutgoingMail
from gateway.domain.errors import SettingError
from gateway.domain.intake import Channel, MailReading
from gateway.domain.rules import Rules
from gateway.domain.sender_ids import SenderIds
from gateway.ports import LARGE_BYTES, Gateway
from gateway.posting import RECEIPT_TYPE
from gateway.recognising import Recogniser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from adapters.store import SqlStore
    from config.answers import Answers
    from config.load import Site
    from config.settings import Settings
    from gateway.domain.dispatch import Dispatch, Outcome
    from gateway.domain.intake import FaxReading, Intake
    from gateway.ports import Clock, Store

MANY = 8
"""From so many mails on that wait together a child reads them."""
FAX_HEAD_BYTES = 1024
"""How much of an attachment tells what kind of document it is."""


def shipped() -> Path:
    """The folder of the configuration that comes with Centralino."""
    return Path(__file__).parent


def rules_of(site: Site) -> Rules:
    """What is in force, as the flow wants it.

    Raises:
        SettingError: no [signing] key, texts that are not complete, or a contract's own that could not be sent.
    """
    settings = site.settings
    if settings.signing is None:
        raise SettingError(
            site.path.name,
            "signing.key",
            "there is no key to sign reply addresses and Message-IDs with",
            clause="B-054",
            remedy='write [signing] key = {file = "signing.key"}; "centralino init" makes one',
        )
    own_texts = site.path.parent / "texts"
    catalogues = load_texts(own_texts if own_texts.is_dir() else shipped() / "texts", septets=septets)
    refuse_own_texts(site.contracts.values(), catalogues, septets=septets)
    return Rules(
        name=settings.gateway.name,
        default_contract=settings.gateway.default_contract,
        contracts=site.contracts,
        people=site.people,
        roster=site.roster,
        catalogues=catalogues,
        signing_key=settings.signing.key.get_secret_value().encode(),
        sender_ids=settings.twilio.sender_ids if settings.twilio else SenderIds(),
        file_attempts=settings.limits.parse_attempts,
        voicemail=settings.phone.voicemail,
        recording_days=settings.phone.recording_days,
        recording_purpose=settings.phone.recording_purpose,
        english_recording_purpose=settings.phone.purpose_in_english,
        record_calls=settings.phone.recording,
        abandoned_after=timedelta(seconds=settings.phone.abandoned_after_s),
        calls_per_caller=settings.phone.max_calls_per_caller,
        calls_per_hour=settings.phone.max_calls_per_hour,
        calls_per_day=settings.phone.max_calls_per_day,
        countries=settings.phone.allowed_countries,
        alarm_mails=settings.gateway.alarm_mails,
        mail_from=settings.relay.sender if settings.relay else "",
        mail_lives=settings.gateway.mail_gives_up_after,
        page_lives=settings.gateway.page_gives_up_after,
        sms_joins_for=settings.gateway.join_sms_within,
        answers=_answers(settings.answers),
        reopens_within=settings.gateway.reopens_within,
        versions=site.versions,
        pec_senders=frozenset(account.address.casefold() for account in settings.pec_account),
        pec_acceptance=settings.pec.acceptance_within,
        place_named=places_of(site.contracts.values()),
        public_url=settings.http.public_url,
        probe_contract=settings.probe.contract if settings.probe else "",
        probe_number=settings.probe.number if settings.probe else "",
        scanning=settings.antivirus is not None,
    )


def _answers(answers: Answers) -> AnswerLimits:
    return AnswerLimits(
        pause=answers.pause,
        storm_mails=answers.storm_mails,
        storm_window=answers.storm_window,
        per_address_day=answers.max_per_address_per_day,
        per_domain_hour=answers.max_per_domain_per_hour,
    )


def clock_of(settings: Settings) -> Clock:
    """The real time, or in a demo the demo's."""
    return OffsetClock(settings.demo.clock_offset_file) if settings.demo else SystemClock()


def own_mail(rules: Rules) -> OwnMail:
    """Our own addresses and the token by which a loop is known (RFC 3834 §2)."""
    addresses = frozenset(
        endpoint.address.casefold()
        for contract in rules.contracts.values()
        for endpoint in contract.endpoints
        if "@" in endpoint.address
    )
    return OwnMail(addresses, loop_token_of(rules))


def loop_token_of(rules: Rules) -> str:
    """What X-Loop says on everything we send: of this installation, whatever others call themselves.

    With the name alone a house whose vendor runs Centralino too would be taken for the vendor's own echo.
    """
    mark = hmac.new(rules.signing_key, b"x-loop", hashlib.sha256).hexdigest()[:12]
    return f"centralino-{rules.name.casefold().replace(' ', '-')}-{mark}"


def trust_list_of(settings: Settings) -> pec.TrustList:
    """Whose signatures on certified mail count; without `[pec] trust_list` nobody's, so that no receipt does anything.

    Raises:
        SettingError: a folder cannot be read, or holds what is no certificate or no revocation list.
    """
    folder = settings.pec.trust_list
    return pec.load_trust_list(folder, settings.pec.crl_dir) if folder is not None else pec.TrustList()


SOON_S = 0.8
SOON_BYTES_S = 2_000_000
"""A child reads 5 MB a second on a slow machine, and a hundred mails in a tenth of a second."""


class SafeReader:
    """Reads in process what is small and simple, and everything else in a confined child (DESIGN, "Parsing")."""

    def __init__(self, rules: Rules, settings: Settings) -> None:
        limits = settings.limits
        self._own = own_mail(rules)
        self._trusted = trust_list_of(settings)
        self._fax_shapes = tuple(each.shape() for each in settings.fax_shape)
        self._confine = Confine(
            (packed.READ, packed.ATTACHMENT, pec.READ, *FAX_FUNCTIONS),
            workers=1,
            memory_bytes=limits.parse_memory_bytes,
            deadline_s=limits.parse_timeout.total_seconds(),
        )
        self._drawing = Confine(FAX_FUNCTIONS, workers=1, memory_bytes=limits.parse_memory_bytes)
        self._quick = Confine(
            (packed.READ, packed.READ_MANY, pec.READ),
            workers=1,
            memory_bytes=limits.parse_memory_bytes,
            deadline_s=limits.parse_timeout.total_seconds(),
            ready=packed.READY,
        )

    def mail(self, intake: Intake) -> MailReading:
        """What could be read of a mail; a child that was lost leaves a reading that says so."""
        sender = _envelope_from(intake)
        if not _needs_child(intake):
            return mime.read(intake.raw, envelope_from=sender, own=self._own)
        try:
            return packed.answer(self._confine.call(packed.READ, packed.ask(intake.raw, sender, self._own)))
        except Confined as lost:
            return self._unopened(intake, sender, lost)

    def _unopened(self, intake: Intake, sender: str | None, lost: Confined) -> MailReading:
        """The mail once more, without what a child may have been lost over; what cannot be read then is unreadable."""
        try:
            asked = packed.ask(intake.raw, sender, self._own, opening=False)
            reading = packed.answer(self._confine.call(packed.READ, asked))
        except Confined as again:
            return MailReading(mime.content_key(intake.raw), readable=False, defects=(f"not read: {again.reason}",))
        return replace(reading, defects=(*reading.defects, f"attachments were not opened: {lost.reason}"))

    def mails(self, intakes: Sequence[Intake]) -> list[MailReading | None]:
        """As `mail`, several at once: many small ones in a child of their own, so that the doors keep the interpreter.

        None: its child was lost, or others would have waited; it is read again where it delays nobody (C-47). A child
        that was lost with many gives them back to be read one by one, each in a child: one of them ended it.
        """
        ordinary = [intake for intake in intakes if not _needs_child(intake)]
        read, lost = self._many(ordinary) if len(ordinary) >= MANY else ({}, False)
        return [read.get(intake.id) or self._soon(intake, in_child=lost) for intake in intakes]

    def _many(self, intakes: Sequence[Intake]) -> tuple[dict[int, MailReading], bool]:
        """What a child read of them, and whether one of them ended it."""
        asked = packed.ask_many([(intake.raw, _envelope_from(intake)) for intake in intakes], self._own)
        try:
            answer = self._quick.call(packed.READ_MANY, asked, deadline_s=_soon_s(len(asked)))
        except Confined as lost:
            return {}, not lost.detail.startswith(NOT_STARTED)
        return dict(zip((intake.id for intake in intakes), packed.answers(answer), strict=False)), False

    def _soon(self, intake: Intake, *, in_child: bool) -> MailReading | None:
        """One mail of the lane in which nothing may wait; what is not of it is read in the child that has time."""
        if not _is_hurried(intake) or not (in_child or _needs_child(intake)):
            return self.mail(intake)
        asked = packed.ask(intake.raw, _envelope_from(intake), self._own)
        try:
            return packed.answer(self._quick.call(packed.READ, asked, deadline_s=_soon_s(intake.size)))
        except Confined:
            return None

    def fax(self, intake: Intake, reading: MailReading) -> FaxReading:
        """What a fax mail says of itself."""
        heads = {part.part: self._head(intake.raw, part.part) for part in reading.attachments}
        fax = read_fax(reading, intake.recipients, heads, self._fax_shapes)
        return replace(fax, repeat_key=repeat_key(fax))

    def _head(self, raw: bytes, part: str) -> bytes:
        try:
            return self.attachment(raw, part)[:FAX_HEAD_BYTES]
        except LookupError:
            return b""

    def certified(self, intake: Intake) -> CertifiedReading:
        """What a mail in a certified mailbox certifies; of a child that was lost, that nobody knows.

        Raises:
            Confined: the child was lost, or others would have waited; it is read again where it delays nobody.
        """
        if not _needs_child(intake):
            return pec.read(intake.raw, own=self._own, trusted=self._trusted)
        asked, hurried = pec.ask(intake.raw, self._own, self._trusted), _is_hurried(intake)
        try:
            if hurried:
                return pec.answer(self._quick.call(pec.READ, asked, deadline_s=_soon_s(intake.size)))
            return pec.answer(self._confine.call(pec.READ, asked))
        except Confined as lost:
            if hurried:
                raise
            return CertifiedReading(Kind.UNKNOWN, contradictions=(f"not read: {lost.reason}",))

    def attachment(self, raw: bytes, part: str) -> bytes:
        """The bytes of one attachment.

        Raises:
            LookupError: there is none, or it lies in a `winmail.dat` that could not be opened again.
        """
        if not holds_tnef(raw):
            return mime.attachment(raw, part)
        try:
            return self._confine.call(packed.ATTACHMENT, packed.ask_attachment(raw, part))
        except Confined as lost:
            raise LookupError(f"no part {part[:40]!r} in this mail: {lost.reason}") from lost

    def take(self, rules: Rules, settings: Settings | None = None) -> None:
        """After a reload: our own addresses may have changed, whose signatures count, and how faxes are written.

        Raises:
            SettingError: the trust list cannot be read; nothing was taken.
        """
        if settings is not None:
            self._trusted = trust_list_of(settings)
            self._fax_shapes = tuple(each.shape() for each in settings.fax_shape)
        self._own = own_mail(rules)

    def attachments(self, intake: Intake) -> Iterator[tuple[bytes, str]]:
        """The bytes of each attachment of an intake, and the type that it is declared as."""
        for part in self.mail(intake).attachments:
            yield self.attachment(intake.raw, part.part), part.type

    @property
    def drawing(self) -> Confine:
        """A child of its own for faxes that are read after their tickets exist: no mail waits for them."""
        return self._drawing

    @property
    def confine(self) -> Confine:
        """The pool of children, for whoever makes pages of a fax."""
        return self._confine

    def close(self) -> None:
        """End the children."""
        self._confine.close()
        self._quick.close()
        self._drawing.close()


def _needs_child(intake: Intake) -> bool:
    """Whether a mail is read in a child: a large or strange one, and one whose first try may have ended the process."""
    return intake.attempts > 1 or intake.size > LARGE_BYTES or needs_child(intake.raw)


def _is_hurried(intake: Intake) -> bool:
    """Whether others wait for it: what is large, or was tried before, has a lane of its own (P4)."""
    return intake.attempts <= 1 and intake.size <= LARGE_BYTES


def _soon_s(size: int) -> float:
    """How long others may wait for the reading of so many bytes: seconds."""
    return SOON_S + size / SOON_BYTES_S


def _envelope_from(intake: Intake) -> str | None:
    """A mail fetched by IMAP has no envelope any more: no sender is then not the null sender."""
    return intake.sender if intake.door in {"smtp", "lmtp"} else None


@dataclass(frozen=True, slots=True)
class MailOutlet:
    """Mail out through the relay. The bytes of a dispatch are always the same, whatever attempt it is."""

    relay: RelaySessions | None
    loop_token: str

    def send(self, dispatch: Dispatch) -> Outcome:
        """Send one dispatch; without a relay it waits, and says so."""
        if self.relay is None:
            return Deferred("there is no [relay] in the configuration", down=True)
        raw = dispatch.raw or compose(outgoing(dispatch), self.loop_token)
        return self.relay.send(dispatch.facts.get("envelope_from", ""), (dispatch.to,), raw)


def outgoing(dispatch: Dispatch) -> OutgoingMail:
    """The mail that a dispatch stands for."""
    facts = dispatch.facts
    return OutgoingMail(
        message_id=facts["message_id"],
        sender=facts["from"],
        sender_name=facts.get("from_name", ""),
        to=(dispatch.to,),
        subject=dispatch.subject,
        text=dispatch.text,
        date=dispatch.created_at or dispatch.due_at,
        envelope_from=facts.get("envelope_from", ""),
        auto_submitted=facts.get("auto") or None,
        reply_to=facts.get("reply_to") or None,
        in_reply_to=facts.get("in_reply_to") or None,
        references=tuple(facts.get("references", "").split()),
        headers=(("X-TipoRicevuta", facts[RECEIPT_TYPE]),) if RECEIPT_TYPE in facts else (),
    )


@dataclass(frozen=True, slots=True)
class PecOutlet:
    """Certified mail out, each message through the account that its envelope sender belongs to."""

    accounts: Mapping[str, RelaySessions]
    loop_token: str

    def send(self, dispatch: Dispatch) -> Outcome:
        """Send one dispatch; without its account it waits, and says so."""
        sender = dispatch.facts.get("envelope_from", "")
        account = self.accounts.get(sender.casefold())
        if account is None:
            return Deferred(f"there is no [[pec_account]] for {sender or 'this contract'}")
        raw = dispatch.raw or compose(outgoing(dispatch), self.loop_token)
        return account.send(sender, (dispatch.to,), raw)


def pec_outlet_of(site: Site, rules: Rules) -> PecOutlet | None:
    """The way out for certified mail, or None without a `[[pec_account]]`."""
    settings = site.settings
    accounts = {
        account.address.casefold(): RelaySessions(
            Relay(
                host=account.host,
                port=account.port,
                user=account.user or account.address,
                password=account.password.get_secret_value(),
                tls=account.tls,
                helo=settings.smtp.hostname or "localhost",
                timeout_s=account.timeout.total_seconds(),
            )
        )
        for account in settings.pec_account
    }
    return PecOutlet(accounts, loop_token_of(rules)) if accounts else None


def message_bytes(gateway: Gateway) -> Callable[[Dispatch], bytes]:
    """The exact bytes of a mail that left or will leave: the same value always composes to the same bytes."""
    return lambda dispatch: dispatch.raw or gateway.compose(outgoing(dispatch))


def relay_of(settings: Settings) -> Relay | None:
    """The relay of `[relay]`, or None."""
    relay = settings.relay
    if relay is None:
        return None
    return Relay(
        host=relay.host,
        port=relay.port,
        user=relay.user,
        password=relay.password.get_secret_value() if relay.password else "",
        tls=relay.tls,
        helo=settings.smtp.hostname or "localhost",
        timeout_s=relay.timeout.total_seconds(),
    )


def store_of(settings: Settings, *, threaded: bool) -> SqlStore:
    """The store of `[database]`; a command runs without the writer thread."""
    return open_store(settings.database.address, settings.database.blobs, threaded=threaded)


def gateway_of(site: Site, store: Store) -> tuple[Gateway, SafeReader]:
    """The gateway over a store, and the reader to be closed at the end."""
    rules = rules_of(site)
    reader = SafeReader(rules, site.settings)
    token = loop_token_of(rules)
    gateway = Gateway(
        store=store,
        clock=clock_of(site.settings),
        keys=SecretKeys(),
        reader=reader,
        rules=rules,
        septets=septets,
        compose=lambda mail: compose(mail, token),
    )
    return gateway, reader


def mail_outlet_of(site: Site, rules: Rules) -> MailOutlet:
    """The way out for mail."""
    relay = relay_of(site.settings)
    return MailOutlet(RelaySessions(relay) if relay else None, loop_token_of(rules))


def is_our_recipient(rules: Rules, address: str) -> bool:
    """Whether the SMTP door takes mail for this address: a configured intake address, and nothing else (B-017)."""
    return bool(rules.contracts_at(Channel.MAIL, (address,)))


def recogniser_of(settings: Settings, gateway: Gateway, reader: SafeReader) -> Recogniser:
    """The loop that opens faxes after their tickets exist, and has a machine read them where `[fax] ocr` says so."""
    fax = settings.fax
    program = Tesseract(fax.ocr_program, fax.ocr_language, fax.ocr_page_timeout.total_seconds())
    eyes = FaxEyes(reader.drawing, program, reader.attachments)
    return Recogniser(gateway, eyes, fax.ocr, fax.ocr_pages, fax.ocr_attempts)


def fax_as_pdf(reader: SafeReader, store: Store, intake_id: int, pages: int | None = None) -> bytes | None:
    """The pages of a fax intake as PDF; None when it has no document that can be shown, or not `pages` pages."""
    for document, kind in _documents(reader, store, intake_id):
        shown = fax_pages(reader.confine, document, kind)
        if shown.pdf is not None and pages in (None, shown.pages):
            return shown.pdf
    return None


def fax_as_pictures(reader: SafeReader, store: Store, intake_id: int) -> Iterator[PageImage]:
    """The pages of a fax intake as PNG, one after the other; none when it has no document that can be shown."""
    for document, kind in _documents(reader, store, intake_id):
        pages = fax_pages(reader.confine, document, kind).pages
        if pages:
            yield from page_images(reader.confine, document, pages)
            return


def _documents(reader: SafeReader, store: Store, intake_id: int) -> Iterator[tuple[bytes, str]]:
    """The attachments of an intake and the types that they are declared as."""
    intake = store.read(lambda reading: reading.intake(intake_id, raw=True))
    if intake is not None:
        yield from reader.attachments(intake)
