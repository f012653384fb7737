"""Who may import what, where an allow list says it better than the contracts of import-linter in pyproject.toml."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("gateway", "adapters", "config")

DOMAIN_MAY_IMPORT = {
    "__future__", "bisect", "calendar", "collections",
    "csv", "dataclasses", "datetime", "decimal",
    "difflib", "enum", "fractions",
    "functools", "hashlib", "hmac",
    "io", "itertools", "json", "math", "operator", "re", "string", "types", "typing",
    "unicodedata", "zoneinfo", "gateway.domain",
}  # fmt: skip
"""Nothing here reads a clock, a file, a socket or chance. `datetime.now` is refused by a test of its own."""

OWNERS = {
    "aiosmtpd": {"adapters/smtp", "adapters/rehearsal"},  # the listener; the sink that shows what was sent
    "alembic": {"adapters/store"},
    "apscheduler": {"adapters/ticker"},
    "asn1crypto": {"adapters/mail"},
    "authres": {"adapters/mail"},
    "dateutil": {"config"},
    "defusedxml": {"adapters/pec"},
    "dkim": {"adapters/mail"},
    "dns": {"adapters/mail"},
    "icalendar": {"adapters/reports", "adapters/mail"},  # duty hours go out, invitations come in
    "imapclient": {"adapters/mail", "adapters/imap"},
    "jinja2": {"adapters/rehearsal"},
    "msal": {"adapters/oauth"},
    "nh3": {"adapters/mail"},
    "psycopg": {"adapters/store"},
    "publicsuffixlist": {"adapters/mail"},
    "puremagic": {"adapters/mail"},
    "pyhanko": {"adapters/pec"},
    "pyhanko_certvalidator": {"adapters/pec"},
    "spf": {"adapters/mail"},
    "sqlalchemy": {"adapters/store"},
    "starlette": {"adapters/web", "adapters/twilio", "adapters/console", "adapters/rehearsal"},  # routes of their own
    "structlog": {"gateway", "config"},
    "tnefparse": {"adapters/mail"},
    "twilio": {"adapters/twilio"},
    "uvicorn": {"adapters/web", "adapters/rehearsal"},  # one server for all routes of ours; the stand-in has its own
    "xlsxwriter": {"adapters/reports"},
}  # fmt: skip

PLACES = {
    "gateway": {"domain", "decisions"},
    "adapters": {
        "mail", "imap", "oauth", "smtp", "pec", "fax", "twilio", "store", "web", "console", "reports", "rehearsal",
        "confine", "ticker", "systemd", "antivirus",
    },
    "config": {"commands", "contracts", "demo", "load", "texts"},
}  # fmt: skip
MODULES = {
    "gateway": {
        "accepting", "alarms", "answering", "assigning", "authenticating", "bounces", "braking", "calls",
        "certifying", "collecting", "contacts", "contract_acts", "deciding", "deeds", "desk", "drills", "dues",
        "duty", "duty_calls", "escalating", "faxing", "filing", "flow", "handovers", "hangups", "identifying",
        "joining", "journal", "ledger", "mailboxes", "missed", "outages", "page_calls", "paging", "passing_on",
        "ports", "posting", "probing",
        "receipts", "receiving", "recognising", "recognition", "reminding", "replaying", "replying", "ringing",
        "scanner", "scanning", "settling", "silences", "simulate", "speaking", "standing_in", "storms", "suspending",
        "swaps", "sweep", "telephone", "telling", "texting", "tickets", "vendors", "verifying", "visiting", "waking",
        "whispering", "worker",
    },
    "adapters": {"clock", "keys", "sms"},
    "config": {
        "__main__", "main", "settings", "fields", "compose", "logs", "daemon", "doors",
        "answers", "faxes", "places", "watches", "mailboxes", "fetching",
        "mail_in", "pressure", "senders",
    },
}  # fmt: skip


def sources() -> list[Path]:
    return sorted(path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    """The full names of all modules that a file imports, inside functions and for type checking too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


IMPORTS = {path.relative_to(ROOT): imports_of(path) for path in sources()}


def owner_of(path: Path) -> str:
    """The folder that answers for a file: `adapters/smtp`, `gateway`, `config`."""
    inside_adapters = path.parts[0] == "adapters" and len(path.parts) > 2
    return "/".join(path.parts[:2]) if inside_adapters else path.parts[0]


def importers_of(library: str) -> set[Path]:
    return {path for path, names in IMPORTS.items() if any(name.split(".")[0] == library for name in names)}


def within(name: str, allowed: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in allowed)


def test_the_domain_imports_only_what_computes() -> None:
    domain = {path: names for path, names in IMPORTS.items() if path.parts[:2] == ("gateway", "domain")}
    strange = {
        f"{path}: {name}" for path, names in domain.items() for name in names if not within(name, DOMAIN_MAY_IMPORT)
    }
    assert domain
    assert strange == set()


def test_the_domain_takes_the_time_as_an_argument() -> None:
    clocks = {"now", "utcnow", "today"}
    read = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "gateway" / "domain").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in clocks
        and ast.unparse(node.value).split(".")[-1] in {"datetime", "date"}
    }
    assert read == set()


IN_MEMORY = {"BytesIO", "StringIO"}


def files_touched_by(tree: ast.AST) -> set[str]:
    """Ways to a file that the allow list of modules lets through: `open`, and `io` beyond its buffers in memory."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="open")):
                found.add("open()")
            case ast.ImportFrom(module="io", names=names):
                found |= {f"io.{alias.name}" for alias in names if alias.name not in IN_MEMORY}
            case ast.Attribute(value=ast.Name(id="io"), attr=name) if name not in IN_MEMORY:
                found.add(f"io.{name}")
            case _:
                pass
    return found


def test_the_domain_opens_no_file() -> None:
    opened = {
        f"{path}: {way}"
        for path in IMPORTS
        if path.parts[:2] == ("gateway", "domain")
        for way in files_touched_by(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    }
    assert opened == set()


@pytest.mark.parametrize("source", ["open('x')", "from io import open", "import io\nio.FileIO('x')"])
def test_every_way_to_a_file_is_seen(source: str) -> None:
    assert files_touched_by(ast.parse(source))


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_imported_only_by_the_folder_that_owns_it(library: str) -> None:
    strangers = {str(path) for path in importers_of(library) if owner_of(path) not in OWNERS[library]}
    assert strangers == set()


def test_inside_the_gateway_only_the_journal_writes_logs() -> None:
    writers = {str(path) for path in importers_of("structlog") if path.parts[0] == "gateway"}
    assert writers <= {"gateway/journal.py"}


def untyped_libraries() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    modules = settings["tool"]["mypy"]["overrides"][0]["module"]
    return [name.removesuffix(".*") for name in modules]


@pytest.mark.parametrize("library", untyped_libraries())
def test_a_library_without_types_is_imported_by_one_module(library: str) -> None:
    assert len(importers_of(library)) <= 1


def test_imports_are_absolute() -> None:
    relative = {f"{path}: {name}" for path, names in IMPORTS.items() for name in names if name.startswith(".")}
    assert relative == set()


@pytest.mark.parametrize("top", PRODUCT)
def test_a_new_module_is_given_a_place(top: str) -> None:
    folders = {path.parts[1] for path in IMPORTS if path.parts[0] == top and len(path.parts) > 2}
    modules = {path.stem for path in IMPORTS if path.parts[0] == top and len(path.parts) == 2} - {"__init__"}
    assert folders <= PLACES[top]
    assert modules <= MODULES[top]


@pytest.mark.parametrize("top", PRODUCT)
def test_every_folder_with_modules_is_a_package(top: str) -> None:
    """A folder without `__init__.py` is invisible to import-linter: its rules would hold for nobody in it."""
    loaded_by_path = ROOT / "adapters" / "store" / "migrations"
    folders = {path.parent for path in sources() if path.is_relative_to(ROOT / top)}
    bare = {
        str(folder.relative_to(ROOT))
        for folder in folders
        if not (folder / "__init__.py").exists() and not folder.is_relative_to(loaded_by_path)
    }
    assert bare == set()


def test_every_import_is_ours_standard_or_a_stated_dependency() -> None:
    """What comes along with another library today may be gone with its next version."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = settings["project"]
    stated = {
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    }
    installs_as = {
        "dkimpy": "dkim",
        "dnspython": "dns",
        "flufl.bounce": "flufl",
        "pillow": "PIL",
        "pyspf": "spf",
        "python-dateutil": "dateutil",
    }
    names = {requirement.split("[")[0].split(">")[0].split("=")[0].strip() for requirement in stated}
    known = {installs_as.get(name, name.replace("-", "_")) for name in names}
    known |= {*PRODUCT, *sys.stdlib_module_names, "pydantic_core"}  # pydantic pins its own core
    strange = {
        f"{path}: {name}" for path, found in IMPORTS.items() for name in found if name.split(".")[0] not in known
    }
    assert strange == set()
