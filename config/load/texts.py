"""Reads the texts that people get (`config/texts/<language>/*.toml`) and refuses what could not be sent at night.

A text that is missing, that asks for a value nobody gives, that has lost its ticket mark, or an SMS that can never fit
is found here, at check, load and reload, and not when the page is due. What a site's own folder lacks is taken from the
shipped catalogue of the same language, so that a later version with a new text stops no site.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from config.load.refusals import WHOLE_CONFIGURATION
from gateway.domain.errors import SettingError
from gateway.domain.text_ids import PLACEHOLDERS
from gateway.domain.texts import PLACEHOLDER, PRIVACY, SMS_LIMIT, Catalogue, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from gateway.domain.contract import Contract

REFERENCE_LANGUAGE = "it"
SHIPPED = Path(__file__).parents[1] / "texts"
"""The catalogues that come with Centralino: read only where a site's own lack a text."""

WIDEST = {
    "ticket": 10,  # YYYYNNNNNN
    "code": 6,
    "codes": 61,  # three of `482913 (2026000123)`
    "time": 5,  # 09:00
    "oncall_number": 14,
    "phone": 14,
    "minutes": 4,
    "left": 3,
    "count": 4,
    "attempts": 3,
    "word": 4,  # INFO
}
"""How many septets the values need that an SMS never shortens."""

_ALWAYS_TOLD = ("ticket", "code")
_STRAY_BRACE = re.compile(r"[{}]")


def load_texts(folder: Path, *, septets: Callable[[str], int | None]) -> Mapping[str, Catalogue]:
    """The catalogue of every language under `folder`, by language; `it` is always there.

    `septets` counts a text in the GSM-7 alphabet, None when it is not GSM-7. A text that the folder lacks is the
    shipped one (`borrowed` tells which); in a language that is not shipped it is refused.

    Raises:
        SettingError: a folder or file that cannot be read or is no TOML, a text that is missing, unknown or twice, an
            unknown placeholder, a mail subject without its ticket mark, an SMS that is not GSM-7 or can never fit.

    Source: DOMAIN 13.
    """
    languages = _languages(folder)
    if REFERENCE_LANGUAGE not in languages:
        raise _refusal(
            str(folder), REFERENCE_LANGUAGE, "there are no Italian texts", "put the texts of `centralino init` back"
        )
    return MappingProxyType({each: _catalogue(folder / each, each, septets) for each in languages})


def borrowed(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """The ids of the texts that `folder` lacks, by language; a language that lacks none is not named.

    After `load_texts` of the same folder these are the texts that it took from the shipped catalogue.

    Raises:
        SettingError: a folder or file cannot be read or is no TOML.
    """
    own = {each: {text_id for _, text_id, _ in _written(folder / each)} for each in _languages(folder)}
    lacking = {language: tuple(sorted(PLACEHOLDERS.keys() - ids)) for language, ids in own.items()}
    return MappingProxyType({language: ids for language, ids in lacking.items() if ids})


def _languages(folder: Path) -> list[str]:
    return [entry.name for entry in _listed(folder) if entry.is_dir()] if folder.is_dir() else []


def _catalogue(folder: Path, language: str, septets: Callable[[str], int | None]) -> Catalogue:
    texts: dict[str, Text] = {}
    for file, text_id, table in _written(folder):
        if text_id in texts:
            raise _refusal(str(file), text_id, "this text stands in two files", "keep one of them")
        texts[text_id] = _checked(str(file), text_id, table, septets)
    if lacking := PLACEHOLDERS.keys() - texts.keys():
        texts |= _shipped(language, frozenset(lacking), septets)
    missing = sorted(PLACEHOLDERS.keys() - texts.keys())
    if missing:
        raise _refusal(str(folder), missing[0], "this text is missing", "write it, or take it from `centralino init`")
    return Catalogue(MappingProxyType(texts), language)


def _shipped(language: str, wanted: frozenset[str], septets: Callable[[str], int | None]) -> dict[str, Text]:
    """Those of the wanted texts that are shipped in a language, by id; what else is shipped is not looked at."""
    folder = SHIPPED / language
    found = _written(folder) if folder.is_dir() else ()
    return {
        text_id: _checked(str(file), text_id, table, septets) for file, text_id, table in found if text_id in wanted
    }


def _written(folder: Path) -> Iterator[tuple[Path, str, object]]:
    """Every text of one language as its files have it: the file, the id, the table."""
    for file in _listed(folder):
        if file.name.endswith(".toml"):
            yield from ((file, text_id, table) for text_id, table in _tables(file).items())


def _listed(folder: Path) -> list[Path]:
    """What lies in a folder, by name. `glob` passes over one that it may not read, and all its texts would be lacking.

    Raises:
        SettingError: it cannot be read.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise _unreadable(folder, error) from error


def _tables(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _refusal(str(file), "file", f"this is no TOML in UTF-8: {error}", "correct the line it names") from error
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(path: Path, error: OSError) -> SettingError:
    return _refusal(str(path), "file", f"it cannot be read: {error.strerror}", "give it the right mode")


def refuse_own_texts(
    contracts: Iterable[Contract], catalogues: Mapping[str, Catalogue], *, septets: Callable[[str], int | None]
) -> None:
    """Refuses the words that a contract has of its own for a text, where they could not be sent.

    Raises:
        SettingError: nobody wrote the texts in the contract's language, the catalogue has no text of the id, a
            placeholder that the catalogue's own text lacks, the privacy line or a mark is lost, an SMS never fits.

    Source: DOMAIN 13.
    """
    for contract in contracts:
        file = f"contracts/{contract.id}.toml"
        catalogue = catalogues.get(contract.language)
        if catalogue is None:
            known = ", ".join(catalogues)
            raise _refusal(file, "language", f"there are no texts in {contract.language}", f"texts are in: {known}")
        for number, text in enumerate(contract.texts, 1):
            _check_own(file, f"text[{number}]", text, catalogue, septets)


def _check_own(file: str, key: str, text: Text, catalogue: Catalogue, septets: Callable[[str], int | None]) -> None:
    shared = catalogue.texts.get(text.id)
    if shared is None:
        near = difflib.get_close_matches(text.id, catalogue.texts, n=1)
        remedy = f"did you mean {near[0]}?" if near else "take an id of config/texts/it"
        raise _refusal(file, f"{key}.id", f"the catalogue has no text {text.id}", remedy)
    if text.subject and not shared.subject:
        raise _refusal(file, f"{key}.subject", f"{text.id} has no subject", "write the body alone")
    if PRIVACY in shared.placeholders() - text.placeholders():
        raise _refusal(file, f"{key}.body", "the privacy line is missing", f"end it with {{{PRIVACY}}}")
    _check_placeholders(file, f"{key}.body", text, shared.placeholders())
    _check_written(file, f"{key}.subject", f"{key}.body", text, septets)


def _checked(file: str, text_id: str, table: object, septets: Callable[[str], int | None]) -> Text:
    if text_id not in PLACEHOLDERS:
        raise _refusal(file, text_id, "no text has this id", "remove it, or correct its name")
    text = _text(file, text_id, table)
    _check_placeholders(file, text_id, text, PLACEHOLDERS[text_id])
    _check_written(file, f"{text_id}.subject", text_id, text, septets)
    return text


def _check_written(file: str, subject: str, body: str, text: Text, septets: Callable[[str], int | None]) -> None:
    about_a_ticket = "ticket" in PLACEHOLDERS[text.id]
    if about_a_ticket and text.subject and "[{ticket}]" not in text.subject:
        raise _refusal(file, subject, "the mark [{ticket}] is missing", "begin with [{ticket}]")
    if text.id.startswith("M-"):
        _check_sms(file, body, text, septets)


def _text(file: str, text_id: str, table: object) -> Text:
    fields = table if isinstance(table, dict) else {}
    subject, body = fields.get("subject", ""), fields.get("body", "")
    if not isinstance(subject, str) or not isinstance(body, str) or not body.strip():
        raise _refusal(file, text_id, "it has no body", 'write body = "…"')
    odd = sorted(fields.keys() - {"subject", "body"})
    if odd:
        raise _refusal(file, f"{text_id}.{odd[0]}", "a text has only a subject and a body", "remove this key")
    if "\n" in subject or "\r" in subject:
        raise _refusal(file, f"{text_id}.subject", "a subject is one line", "write it in one line")
    return Text(text_id, subject, body)


def _check_placeholders(file: str, key: str, text: Text, allowed: frozenset[str]) -> None:
    unknown = sorted(text.placeholders() - allowed)
    if unknown:
        known = ", ".join(sorted(allowed)) or "none"
        raise _refusal(file, key, f"{{{unknown[0]}}} has no value in this text", f"use one of: {known}")
    if _STRAY_BRACE.search(PLACEHOLDER.sub("", text.subject + text.body)):
        raise _refusal(file, key, "a brace belongs to no placeholder", "write {name} in small English letters")


def _check_sms(file: str, key: str, text: Text, septets: Callable[[str], int | None]) -> None:
    for name in _ALWAYS_TOLD:
        if name in PLACEHOLDERS[text.id] and name not in text.placeholders():
            raise _refusal(file, key, f"{{{name}}} is missing", f"an SMS of this kind always tells {{{name}}}")
    fixed = PLACEHOLDER.sub("", text.body).strip()
    if any(septets(c) != 1 for c in fixed):
        odd = next(c for c in fixed if septets(c) != 1)
        raise _refusal(
            file, key, f"{odd!r} is not in the GSM-7 basic table", "use straight quotes, no capital accents but É"
        )
    least = len(fixed) + sum(WIDEST.get(name, 0) for name in PLACEHOLDER.findall(text.body))
    if least > SMS_LIMIT:
        raise _refusal(file, key, f"it needs {least} septets before any name is in it", f"shorten it below {SMS_LIMIT}")


def _refusal(file: str, key: str, wrong: str, remedy: str) -> SettingError:
    return SettingError(file, key, wrong, clause=WHOLE_CONFIGURATION, remedy=remedy)
