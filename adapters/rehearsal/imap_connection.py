"""One client of the stand-in mailboxes: reads its commands, answers them, tells it of new mail while it idles.

IMAP4rev1 (RFC 3501) without ENVELOPE and BODYSTRUCTURE, and nothing is ever deleted, moved or appended by a client.
Beside it IDLE (RFC 2177), LITERAL+ (RFC 7888) and UNSELECT (RFC 3691).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from adapters.rehearsal.imap_folders import SYSTEM_FLAGS, Folder, Kept, chosen, flag_name, folder_name, split
from adapters.rehearsal.imap_words import Item, MalformedError, NumberSet, Search, Word, items, several, text, words

CAPABILITIES = "IMAP4rev1 IDLE LITERAL+ UNSELECT AUTH=PLAIN"
MAX_LITERAL_BYTES = 1_048_576
"""What a client may send in one string; there is no APPEND."""
_LITERAL = re.compile(rb"\{(\d{1,9})(\+?)\}\r?\n\Z")
_FIELDS = re.compile(r"HEADER\.FIELDS(\.NOT)? ?\(([^)]*)\)", re.IGNORECASE)
log = logging.getLogger(__name__)


class RefusedError(Exception):
    """The command is understood and refused; the client is told NO and the reason."""


@dataclass(frozen=True, slots=True)
class Owner:
    """One user's password and folders."""

    password: str
    folders: dict[str, Folder]


@dataclass(frozen=True, slots=True)
class Request:
    """A command in words: its name in capitals, whether UID stood before it, and what follows."""

    name: str
    by_uid: bool
    arguments: list[Word]

    @classmethod
    def read(cls, command: list[Word]) -> Request:
        names = [text(word).decode("ascii", "replace").upper() for word in command[:1]]
        if names != ["UID"]:
            return cls(names[0] if names else "", by_uid=False, arguments=command[1:])
        inner = cls.read(command[1:])
        if inner.name not in {"SEARCH", "FETCH", "STORE"}:
            raise MalformedError("UID goes with SEARCH, FETCH and STORE")
        return cls(inner.name, by_uid=True, arguments=inner.arguments)

    def word(self, index: int) -> Word:
        if index >= len(self.arguments):
            raise MalformedError("an argument is missing")
        return self.arguments[index]


@dataclass(slots=True)
class View:
    """A folder as this client knows it: how many messages and which flags it has been told of."""

    name: str
    folder: Folder
    writable: bool
    told: list[frozenset[str]]
    changes: int

    def known(self) -> list[tuple[int, Kept]]:
        """The messages told of, with their sequence numbers."""
        return list(enumerate(self.folder.messages[: len(self.told)], start=1))


class Connection:
    """Serves one client until it logs out, breaks off or is cut. `news` is set when any folder may have changed."""

    def __init__(
        self,
        owners: Mapping[str, Owner],
        uidvalidity: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.news = asyncio.Event()
        self._owners = owners
        self._uidvalidity = uidvalidity
        self._reader = reader
        self._writer = writer
        self._owner: Owner | None = None
        self._view: View | None = None
        self._over = False
        self._handlers: dict[str, Callable[[Request], Awaitable[str]]] = {
            "CAPABILITY": self._capability,
            "NOOP": self._noop,
            "LOGOUT": self._logout,
            "LOGIN": self._login,
            "AUTHENTICATE": self._authenticate,
            "SELECT": self._select,
            "EXAMINE": self._examine,
            "STATUS": self._status,
            "LIST": self._list,
            "IDLE": self._idle,
            "SEARCH": self._search,
            "FETCH": self._fetch,
            "STORE": self._store,
            "CHECK": self._check,
            "CLOSE": self._close,
            "UNSELECT": self._close,
        }

    async def serve(self) -> None:
        """Greet, then answer command after command."""
        try:
            await self._say(f"* OK [CAPABILITY {CAPABILITIES}] stand-in mailboxes ready")
            while not self._over:
                await self._answer(await self._command())
        except asyncio.CancelledError:
            self._writer.write(b"* BYE the server stops\r\n")
        except (ConnectionError, EOFError, ValueError):  # ValueError: a line longer than the reader takes
            log.debug("a client of the stand-in mailboxes broke off")
        finally:
            self._writer.close()

    # ---------------------------------------------------------------------------------------------- reading and writing

    async def _say(self, line: str) -> None:
        await self._send(line.encode())

    async def _send(self, line: bytes) -> None:
        self._writer.write(line + b"\r\n")
        await self._writer.drain()

    async def _line(self) -> bytes:
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return line

    async def _command(self) -> bytes:
        """One command, its literals in place."""
        command = await self._line()
        while literal := _LITERAL.search(command):
            size = int(literal[1])
            if size > MAX_LITERAL_BYTES:
                await self._say("* BYE the string is too long")
                raise EOFError
            if not literal[2]:
                await self._say("+ go on")
            command = command[: literal.start()] + b"{%d}\r\n" % size
            command += await self._reader.readexactly(size)
            command += await self._line()
        return command.rstrip(b"\r\n")

    async def _answer(self, command: bytes) -> None:
        tag, _, rest = command.partition(b" ")
        answer = tag.decode("ascii", "replace") or "*"
        try:
            await self._say(f"{answer} OK {await self._obey(words(rest))}")
        except RefusedError as refusal:
            await self._say(f"{answer} NO {refusal}")
        except (MalformedError, RecursionError) as error:
            await self._say(f"{answer} BAD {error}")

    async def _obey(self, command: list[Word]) -> str:
        request = Request.read(command)
        if request.name not in self._handlers:
            raise MalformedError("an unknown command")
        return await self._handlers[request.name](request)

    def _logged_in(self) -> Owner:
        if self._owner is None:
            raise MalformedError("log in first")
        return self._owner

    async def _selected(self) -> View:
        """The open folder, with all that is in it told, so that UIDs and numbers mean the same to both sides."""
        if self._view is None:
            raise MalformedError("select a folder first")
        await self._tell(self._view)
        return self._view

    # --------------------------------------------------------------------------------------------------- at any time

    async def _capability(self, _: Request) -> str:
        await self._say(f"* CAPABILITY {CAPABILITIES}")
        return "done"

    async def _noop(self, _: Request) -> str:
        if self._view is not None:
            await self._tell(self._view)
        return "done"

    async def _logout(self, _: Request) -> str:
        self._over = True
        await self._say("* BYE until the next time")
        return "done"

    async def _login(self, request: Request) -> str:
        return self._enter(text(request.word(0)), text(request.word(1)))

    async def _authenticate(self, request: Request) -> str:
        """SASL PLAIN (RFC 4616), which imapclient uses for names beyond ASCII."""
        if text(request.word(0)).upper() != b"PLAIN":
            raise RefusedError("only PLAIN is offered")
        await self._say("+ ")
        try:
            _, user, password = base64.b64decode(await self._line()).split(b"\0")
        except (binascii.Error, ValueError) as error:
            raise MalformedError("this is not an answer to PLAIN") from error
        return self._enter(user, password)

    def _enter(self, user: bytes, password: bytes) -> str:
        owner = self._owners.get(user.decode("utf-8", "replace"))
        if owner is None or not hmac.compare_digest(owner.password.encode(), password):
            raise RefusedError("[AUTHENTICATIONFAILED] user or password is wrong")
        self._owner, self._view = owner, None
        return "welcome"

    # ------------------------------------------------------------------------------------------------------ logged in

    async def _select(self, request: Request) -> str:
        return await self._open(request, writable=True)

    async def _examine(self, request: Request) -> str:
        return await self._open(request, writable=False)

    async def _open(self, request: Request, *, writable: bool) -> str:
        self._view = None  # RFC 3501 §6.3.1: also when the new folder cannot be opened
        name, folder = _folder(self._logged_in(), request.word(0))
        flags = " ".join(SYSTEM_FLAGS)
        told = [kept.flags for kept in list(folder.messages)]
        self._view = View(name, folder, writable, told, folder.changes)
        await self._say(f"* FLAGS ({flags})")
        permanent = f"{flags} \\*" if writable else ""
        await self._say(f"* OK [PERMANENTFLAGS ({permanent})] these last")
        await self._say(f"* {len(told)} EXISTS")
        await self._say("* 0 RECENT")
        await self._say(f"* OK [UIDVALIDITY {self._uidvalidity}] until the next start")
        await self._say(f"* OK [UIDNEXT {len(told) + 1}] the next one")
        return f"[{'READ-WRITE' if writable else 'READ-ONLY'}] {name} is open"

    async def _status(self, request: Request) -> str:
        name, folder = _folder(self._logged_in(), request.word(0))
        values = {
            "MESSAGES": len(folder.messages),
            "RECENT": 0,
            "UIDNEXT": folder.uidnext,
            "UIDVALIDITY": self._uidvalidity,
            "UNSEEN": folder.unseen,
        }
        asked = [one.decode("ascii", "replace").upper() for one in several(request.word(1))]
        if not set(asked) <= set(values):
            raise MalformedError("an unknown status item")
        await self._say(f'* STATUS "{name}" ({" ".join(f"{one} {values[one]}" for one in asked)})')
        return "done"

    async def _list(self, request: Request) -> str:
        owner = self._logged_in()
        reference, pattern = text(request.word(0)), text(request.word(1))
        if not pattern:
            await self._say('* LIST (\\Noselect) "/" ""')
            return "done"
        wanted = _wildcards(reference + pattern)
        for name in sorted(owner.folders):
            if wanted.fullmatch(name):
                await self._say(f'* LIST () "/" "{name}"')
        return "done"

    # ------------------------------------------------------------------------------------------------- a folder is open

    async def _tell(self, view: View) -> None:
        """What came and what changed since this client was last told."""
        flags = [kept.flags for kept in list(view.folder.messages)]
        if view.changes != view.folder.changes:
            view.changes = view.folder.changes
            for index, (told, now) in enumerate(zip(view.told, flags, strict=False)):
                if told != now:
                    await self._say(f"* {index + 1} FETCH (UID {index + 1} {_flags(now)})")
        if len(flags) > len(view.told):
            await self._say(f"* {len(flags)} EXISTS")
        view.told = flags

    async def _idle(self, _: Request) -> str:
        self._logged_in()
        await self._say("+ idling")
        done = asyncio.create_task(self._line())
        try:
            while not done.done():
                self.news.clear()  # before looking, so that no mail falls between looking and waiting
                if self._view is not None:
                    await self._tell(self._view)
                news = asyncio.create_task(self.news.wait())
                await asyncio.wait({done, news}, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
            if (await done).strip().upper() != b"DONE":
                raise MalformedError("DONE is expected")
        finally:
            done.cancel()
        return "done"

    async def _search(self, request: Request) -> str:
        view = await self._selected()
        known = view.known()
        if not request.arguments:
            raise MalformedError("a search key is missing")
        last_uid = known[-1][1].uid if known else 0
        found = Search(request.arguments, len(known), last_uid).test()
        numbers = [kept.uid if request.by_uid else at for at, kept in known if found(at, kept)]
        await self._say(" ".join(["* SEARCH", *map(str, numbers)]))
        return "done"

    async def _fetch(self, request: Request) -> str:
        view = await self._selected()
        asked = items(request.word(1))
        if request.by_uid and Item("UID") not in asked:
            asked.insert(0, Item("UID"))
        for at, kept in _meant(view, request.word(0), by_uid=request.by_uid):
            parts = [_part(kept, one) for one in asked]
            if view.writable and any(one.marks_seen for one in asked) and "\\Seen" not in kept.flags:
                self._flag(view, at, kept, kept.flags | {"\\Seen"})
                parts.append(_flags(kept.flags).encode())
            await self._send(b"* %d FETCH (%s)" % (at, b" ".join(parts)))
        return "done"

    async def _store(self, request: Request) -> str:
        view = await self._selected()
        if not view.writable:
            raise RefusedError("[READ-ONLY] the folder is open only to read")
        how = text(request.word(1)).decode("ascii", "replace").upper()
        named = frozenset(flag_name(flag) for word in request.arguments[2:] for flag in several(word))
        if how.removesuffix(".SILENT") not in _CHANGES:
            raise MalformedError("FLAGS, +FLAGS or -FLAGS is expected")
        change = _CHANGES[how.removesuffix(".SILENT")]
        for at, kept in _meant(view, request.word(0), by_uid=request.by_uid):
            self._flag(view, at, kept, change(kept.flags, named))
            if not how.endswith(".SILENT"):
                uid = f"UID {kept.uid} " if request.by_uid else ""
                await self._say(f"* {at} FETCH ({uid}{_flags(kept.flags)})")
        return "done"

    def _flag(self, view: View, at: int, kept: Kept, flags: frozenset[str]) -> None:
        view.folder.flag(kept, flags)
        view.told[at - 1] = flags

    async def _close(self, _: Request) -> str:
        await self._selected()
        self._view = None
        return "done"

    async def _check(self, _: Request) -> str:
        await self._selected()
        return "done"


_CHANGES: Mapping[str, Callable[[frozenset[str], frozenset[str]], frozenset[str]]] = {
    "FLAGS": lambda _, named: named,
    "+FLAGS": lambda before, named: before | named,
    "-FLAGS": lambda before, named: before - named,
}


def _folder(owner: Owner, word: Word) -> tuple[str, Folder]:
    name = folder_name(text(word).decode("ascii", "replace"))
    if name not in owner.folders:
        raise RefusedError("[NONEXISTENT] there is no such folder")
    return name, owner.folders[name]


def _wildcards(pattern: bytes) -> re.Pattern[str]:
    """A LIST pattern: the star stands for anything, the percent sign for anything within one level."""
    parts = re.split(r"([*%])", folder_name(pattern.decode("ascii", "replace")))
    return re.compile("".join({"*": ".*", "%": "[^/]*"}.get(part, re.escape(part)) for part in parts))


def _meant(view: View, word: Word, *, by_uid: bool) -> list[tuple[int, Kept]]:
    known = view.known()
    last = (known[-1][1].uid if by_uid else len(known)) if known else 0
    wanted = NumberSet.read(word, last)
    return [(at, kept) for at, kept in known if (kept.uid if by_uid else at) in wanted]


def _flags(flags: frozenset[str]) -> str:
    return f"FLAGS ({' '.join(sorted(flags))})"


def _part(kept: Kept, item: Item) -> bytes:
    """One item of a FETCH answer: its name and its value."""
    match item.name:
        case "UID":
            return b"UID %d" % kept.uid
        case "FLAGS":
            return _flags(kept.flags).encode()
        case "INTERNALDATE":
            return f'INTERNALDATE "{kept.internaldate}"'.encode()
        case "RFC822.SIZE":
            return b"RFC822.SIZE %d" % len(kept.raw)
        case "RFC822" | "RFC822.HEADER" | "RFC822.TEXT":
            return _literal(item.name, _section(kept.raw, item.name.removeprefix("RFC822").removeprefix(".")))
        case "BODY" | "BODY.PEEK" if item.section is not None:
            return _body(kept, item, item.section)
        case _:
            raise MalformedError("this cannot be fetched here")


def _body(kept: Kept, item: Item, section: str) -> bytes:
    found = _section(kept.raw, section)
    if item.start is None:
        return _literal(f"BODY[{section}]", found)
    return _literal(f"BODY[{section}]<{item.start}>", found[item.start : item.start + item.length])


def _literal(name: str, value: bytes) -> bytes:
    return b"%s {%d}\r\n%s" % (name.encode(), len(value), value)


def _section(raw: bytes, section: str) -> bytes:
    head, body = split(raw)
    if fields := _FIELDS.fullmatch(section):
        names = [name.strip('"') for name in fields[2].split()]
        return chosen(head, names, others=bool(fields[1]))
    whole = {"": raw, "HEADER": head, "TEXT": body}
    if section.upper() not in whole:
        raise MalformedError("this section cannot be fetched here")
    return whole[section.upper()]
