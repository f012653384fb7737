"""`centralino phone …`: what the carrier needs of us for its side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.commands.common import Config, NotFoundError, remark, site_of
from gateway.domain.errors import CentralinoError

if TYPE_CHECKING:
    from config.load import Site
    from gateway.domain.call import Script
    from gateway.domain.contract import Contract

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What the carrier needs of us for its side.")

SPOKEN = ("V-00", "V-FALLBACK", "V-02", "V-17")
WHERE = """Where it goes, for each number of the contract at the carrier:
  1. paste it as a TwiML Bin (or put it on any web server that is not this machine)
  2. Voice, "Primary handler fails": the address of that document
  3. Voice, "A call comes in": {url}/twilio/voice (POST); "Call status changes": {url}/twilio/status
  4. Messaging, "A message comes in": {url}/twilio/sms (POST)"""


class NotPossibleError(CentralinoError):
    """It cannot be made; the text says why."""


@app.command("fallback")
def fallback(
    contract: Annotated[str, typer.Option("--contract", metavar="ID", help="In whose words it speaks.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", dir_okay=False, help="Write it there, not to the terminal.")
    ] = None,
    action: Annotated[
        str, typer.Option("--action", metavar="URL", help="Where the carrier goes on after the message. Default: us.")
    ] = "",
    config: Config = None,
) -> None:
    """The document that answers when the gateway does not: an apology, the notice, and a message after the tone.

    It is static TwiML for the carrier to keep; no message is taken where [phone] voicemail is off. The gateway finds
    such calls and messages when it is there again, and whoever called is called back.

    Example: centralino phone fallback --contract c02-comune --out fallback.xml
    """
    site = site_of(config)
    if contract not in site.contracts:
        raise NotFoundError(f"there is no contract {contract!r}; there are: {', '.join(site.contracts)}")
    url = site.settings.http.public_url.rstrip("/")
    if not (action or url):
        raise NotPossibleError("[http] public_url is empty: set it, or name a document of thanks with --action")
    document = fallback_of(site, site.contracts[contract], action or f"{url}/twilio/fallback")
    if out is None:
        print(document)
    elif out.exists():
        raise NotPossibleError(f"{out} is there already; nothing is written over")
    else:
        out.write_text(document + "\n", encoding="utf-8")
        print(out)
    remark(WHERE.format(url=url or "https://HERE"))


def fallback_of(site: Site, contract: Contract, action: str) -> str:
    """The document, in the words and the voice of a contract."""
    from adapters.twilio.twiml import How, rendered
    from config.compose import rules_of
    from gateway import speaking
    from gateway.domain.call import Hangup, Record
    from gateway.domain.call_words import spoken_site

    rules, phone = rules_of(site), site.settings.phone
    values = {
        "service": contract.service_name,
        "controller": contract.controller,
        "site": spoken_site(contract.info_url),
    }
    fill = speaking.filler_of(rules.texts(contract), values, contract.language)
    words = tuple(fill(text_id) for text_id in SPOKEN)
    message = (fill("V-MESSAGE"), Record("message", max_s=phone.recording_max_s)) if rules.voicemail else ()
    script: Script = (*words, *message, fill("V-GOODBYE"), Hangup())
    voices = {"it": (phone.voice, phone.language), "en": (phone.english_voice, phone.english_language)}
    return rendered(script, lambda _step: action, How(voices, phone.recording_max_s), contract.language)
