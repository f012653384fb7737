"""The golden cases of certified mail, made by the provider of these tests: every kind, right and wrong.

`python -m tests.peers.pec_cases` writes `in.eml` and `why.md` of each case again; `expected.json` is written by hand
of who reads what came out, and stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.peers import pec_provider as provider
from tests.peers.pec_provider import CERTIFIED, EXTERNAL, Submitted, Wrong

GOLDEN = Path(__file__).parents[1] / "golden" / "pec"
AT = datetime(2026, 11, 24, 9, 0, 20, tzinfo=UTC)
LATER = datetime(2026, 11, 24, 9, 0, 27, tzinfo=UTC)
AFTER_12_HOURS = datetime(2026, 11, 24, 21, 0, 20, tzinfo=UTC)

REQUEST = Submitted(subject="Segnalazione")
WITH_ATTACHMENT = Submitted(
    subject="Segnalazione",
    raw=(
        b"From: Ufficio Anagrafe <comune@pec.comune.example>\r\nTo: assistenza@pec.fornitore.example\r\n"
        b"Subject: Segnalazione\r\nDate: Tue, 24 Nov 2026 10:00:00 +0100\r\nMessage-ID: <m1@pec.comune.example>\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="dentro"\r\n\r\n'
        b"--dentro\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIl registro non si stampa.\r\n"
        b'--dentro\r\nContent-Type: image/png; name="schermata.png"\r\nContent-Transfer-Encoding: base64\r\n'
        b'Content-Disposition: attachment; filename="schermata.png"\r\n\r\niVBORw0KGgo=\r\n--dentro--\r\n'
    ),
)
OURS = Submitted(
    sender="assistenza@pec.fornitore.example",
    recipients=(("secondo-livello@pec.produttore.example", CERTIFIED),),
    subject="Devoluzione [2026000123]",
    message_id="2026000123.0a1b2c3d4e5f.0123456789abcdef@pec.fornitore.example",
    text="Scheda diagnostica in allegato.",
)
OF_TWO = Submitted(
    sender=OURS.sender,
    recipients=(("uno@pec.produttore.example", CERTIFIED), ("due@pec.produttore.example", CERTIFIED)),
    subject=OURS.subject,
    message_id=OURS.message_id,
)
WITH_EXTERNAL = Submitted(
    sender=OURS.sender,
    recipients=(("uno@pec.produttore.example", CERTIFIED), ("info@produttore.example", EXTERNAL)),
    subject=OURS.subject,
    message_id=OURS.message_id,
)
ORDINARY = (
    b"From: Maria Rossi <maria@posta.example>\r\nTo: assistenza@pec.fornitore.example\r\nSubject: Preventivo\r\n"
    b"Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nMessage-ID: <p1@posta.example>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nVorrei un preventivo.\r\n"
)


@dataclass(frozen=True)
class Case:
    """One golden case: how its bytes are made, and why it is there."""

    make: Callable[[], bytes]
    why: str


def _with(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Changes bytes that must be there."""

    def change(raw: bytes) -> bytes:
        assert old in raw
        return raw.replace(old, new)

    return change


def _as_latin(raw: bytes) -> bytes:
    """Latin-1 bytes under a declaration of UTF-8."""
    return raw.decode().encode("latin-1")


def _entity(raw: bytes) -> bytes:
    bomb = b'?>\n<!DOCTYPE postacert [<!ENTITY leak SYSTEM "file:///etc/hostname">]>'
    return raw.replace(b"?>", bomb, 1).replace(b"<mittente>", b"<mittente>&leak;")


def _reason(what: str) -> str:
    return what + "\n"


CASES: dict[str, Case] = {
    "transport": Case(lambda: provider.transport(WITH_ATTACHMENT, AT), "S143: the message inside is what is shown."),
    "transport-sha1": Case(
        lambda: provider.transport(REQUEST, AT, wrong=Wrong(digest="sha1")),
        "Providers still sign with SHA-1 (micalg sha1): believed, and said.",
    ),
    "transport-prefix-twice": Case(
        lambda: provider.transport(
            Submitted(subject="Re: x", raw=REQUEST.original()),
            AT,
            wrong=Wrong(
                headers={"Subject": "POSTA CERTIFICATA: POSTA CERTIFICATA: Re: x"},
                data=_with(b"<oggetto>", b"<oggetto>POSTA CERTIFICATA: POSTA CERTIFICATA: "),
            ),
        ),
        "A message that was sent again or answered: prefixes are stripped as often as they stand there (DOMAIN §8).",
    ),
    "transport-unsigned": Case(
        lambda: provider.transport(REQUEST, AT, wrong=Wrong(is_signed=False)),
        "Anybody can write X-Trasporto: nothing is certified, the message is shown all the same.",
    ),
    "anomaly": Case(
        lambda: provider.anomaly(
            ORDINARY, AT, sender="maria@posta.example", to="assistenza@pec.fornitore.example", subject="Preventivo"
        ),
        "S144: ordinary mail in an envelope of anomaly; no certification data, no legal effect.",
    ),
    "anomaly-around-a-receipt": Case(
        lambda: provider.anomaly(
            provider.delivery(OURS, AT, wrong=Wrong(after=_with(b"CONSEGNA:", b"Fwd: CONSEGNA:"))),
            LATER,
            sender="maria@posta.example",
            to="assistenza@pec.fornitore.example",
            subject="Fwd: CONSEGNA",
        ),
        "The certification data inside are of another message and certify nothing of this one (DOMAIN §8).",
    ),
    "acceptance": Case(lambda: provider.acceptance(OURS, AT), "Our own provider took the message."),
    "acceptance-external": Case(
        lambda: provider.acceptance(WITH_EXTERNAL, AT),
        "One of the recipients is `esterno`: no receipt of delivery will come from there (X4).",
    ),
    "non-acceptance": Case(lambda: provider.non_acceptance(OURS, AT), "S149: the content was never sent."),
    "non-acceptance-virus": Case(
        lambda: provider.non_acceptance(OURS, AT, error="virus", detail="5.7.1 - Win.Test.EICAR"),
        "AVVISO DI NON ACCETTAZIONE PER VIRUS with X-VerificaSicurezza.",
    ),
    "taking-charge": Case(lambda: provider.taking_charge(OURS, AT), "Between providers: seldom seen, never a ticket."),
    "delivery-complete": Case(lambda: provider.delivery(OURS, LATER), "S145: the message is in it."),
    "delivery-short": Case(
        lambda: provider.delivery(OURS, LATER, receipt_type="breve"), "Attachments are replaced by their hashes."
    ),
    "delivery-synthetic": Case(
        lambda: provider.delivery(OURS, LATER, receipt_type="sintetica"), "Certification data only."
    ),
    "delivery-of-one": Case(
        lambda: provider.delivery(OF_TWO, LATER, recipient="due@pec.produttore.example"),
        "S148: `consegna` names the one of two recipients that it is about.",
    ),
    "failed-delivery": Case(
        lambda: provider.failure(OF_TWO, LATER, recipient="uno@pec.produttore.example"),
        "S148: no-dest, with the provider's own words.",
    ),
    "failed-delivery-other-word": Case(
        lambda: provider.failure(
            OURS,
            LATER,
            wrong=Wrong(
                headers={"X-Ricevuta": "mancata-consegna"}, data=_with(b'"errore-consegna"', b'"mancata-consegna"')
            ),
        ),
        "Some providers may write mancata-consegna (DOMAIN §8).",
    ),
    "failed-delivery-virus": Case(
        lambda: provider.failure(OURS, LATER, error="virus", detail="5.7.1 - Win.Test.EICAR"),
        "AVVISO DI MANCATA CONSEGNA PER VIRUS.",
    ),
    "delay-notice": Case(lambda: provider.notice(OURS, AFTER_12_HOURS), "S147: after 12 hours, and again before 24."),
    "virus": Case(lambda: provider.virus(OURS, LATER), "PROBLEMA DI SICUREZZA: the recipient's provider found it."),
    "receipt-unsigned": Case(
        lambda: provider.delivery(OURS, LATER, wrong=Wrong(is_signed=False)),
        "S146, B-062: plausible in every header and in its certification data, and not signed.",
    ),
    "receipt-of-a-stranger": Case(
        lambda: provider.delivery(OURS, LATER, wrong=Wrong(signer=provider.stranger())),
        "B-062: signed in the provider's name by an authority that nobody listed.",
    ),
    "receipt-wrong-signer": Case(
        lambda: provider.delivery(OURS, LATER, wrong=Wrong(signer=provider.somebody_else())),
        "B-062: a genuine certificate of a listed authority, for another mailbox than the one in From.",
    ),
    "receipt-tampered": Case(
        lambda: provider.failure(OURS, LATER, wrong=Wrong(after=_with(b"Avviso di mancata", b"Ricevuta di certa"))),
        "B-062: a byte of the signed part was changed.",
    ),
    "receipt-expired-since": Case(
        lambda: provider.delivery(OURS, datetime(2023, 5, 5, 8, 0, tzinfo=UTC), wrong=Wrong(signer=provider.expired())),
        "B-062: the certificate has expired since; at the certified time it was valid, so it is believed.",
    ),
    "receipt-expired": Case(
        lambda: provider.delivery(OURS, LATER, wrong=Wrong(signer=provider.expired())),
        "The certificate had expired at the certified time.",
    ),
    "receipt-contradictory": Case(
        lambda: provider.failure(OURS, LATER, wrong=Wrong(headers={"X-Ricevuta": "avvenuta-consegna"})),
        "X5: the header says delivered, the signed data say failed. Nobody is believed.",
    ),
    "receipt-other-message": Case(
        lambda: provider.delivery(
            OURS, LATER, wrong=Wrong(headers={"X-Riferimento-Message-ID": "<another@pec.fornitore.example>"})
        ),
        "X5: the header names another message than the signed data.",
    ),
    "receipt-two-daticert": Case(
        lambda: provider.delivery(
            OURS,
            LATER,
            wrong=Wrong(more=(("application/xml; name=daticert.xml", "daticert.xml", b"<postacert tipo='x'/>"),)),
        ),
        "Two certification data of one message: nobody can say which holds.",
    ),
    "receipt-no-daticert": Case(
        lambda: provider.delivery(OURS, LATER, wrong=Wrong(data=lambda _: b"")),
        "Certification data that are empty.",
    ),
    "daticert-entity": Case(
        lambda: provider.delivery(OURS, LATER, wrong=Wrong(data=_entity)),
        "S150: a DOCTYPE with an external entity. No file is read; handled by headers only, as untrusted.",
    ),
    "daticert-bom": Case(
        lambda: provider.delivery(OURS, LATER, wrong=Wrong(data=lambda raw: b"\xef\xbb\xbf" + raw)),
        "A byte order mark before the declaration.",
    ),
    "daticert-bare-msgid": Case(
        lambda: provider.delivery(
            OURS, LATER, wrong=Wrong(data=lambda raw: raw.replace(b"<msgid>&lt;", b"<msgid><").replace(b"&gt;<", b"><"))
        ),
        "`<` in msgid not escaped: mended, and said (DOMAIN §8).",
    ),
    "daticert-latin1": Case(
        lambda: provider.transport(
            Submitted(subject="Perché non si può", raw=REQUEST.original()),
            AT,
            wrong=Wrong(
                data=_as_latin, headers={"Subject": "POSTA CERTIFICATA: =?utf-8?q?Perch=C3=A9_non_si_pu=C3=B2?="}
            ),
        ),
        "Declared as UTF-8 and sent in Latin-1.",
    ),
    "headers-odd-case": Case(
        lambda: provider.delivery(
            OURS,
            LATER,
            wrong=Wrong(
                after=lambda raw: (
                    raw.replace(b"X-Ricevuta:", b"x-rICEVUTA:", 1)
                    .replace(b"X-TipoRicevuta", b"X-Tiporicevuta", 1)
                    .replace(b"X-Riferimento-Message-ID: <", b"X-Riferimento-Message-ID:\r\n <", 1)
                )
            ),
        ),
        "Header names are compared without case, long ids are folded (DOMAIN §8).",
    ),
    "headers-gone": Case(
        lambda: provider.delivery(
            OURS, LATER, wrong=Wrong(headers={"X-Ricevuta": None, "X-Riferimento-Message-ID": None})
        ),
        "A relay stripped the X- headers: the signed data say what it is.",
    ),
    "unknown-kind": Case(
        lambda: provider.delivery(
            OURS,
            LATER,
            wrong=Wrong(
                headers={"X-Ricevuta": "consegna-differita"},
                data=_with(b'"avvenuta-consegna"', b'"consegna-differita"'),
            ),
        ),
        "REM (4): a shape that nobody knows is for a person to look at, never an error.",
    ),
    "ordinary": Case(lambda: ORDINARY, "Ordinary mail in the certified mailbox, without any envelope."),
}


def main() -> None:
    """Write every case again."""
    for name, case in CASES.items():
        folder = GOLDEN / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "in.eml").write_bytes(case.make())
        (folder / "why.md").write_text(_reason(case.why), "utf-8")


if __name__ == "__main__":
    main()
