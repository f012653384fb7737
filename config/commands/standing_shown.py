"""Where a contract stands, for people to read: the document of `contract show --json` as facts and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config.commands import showing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Row = tuple[object, ...]
    Cells = Callable[[Any], Row]


def print_standing(found: Mapping[str, Any]) -> None:
    """Facts first, then a table for each thing that the contract has any of."""
    print(f"{found['id']}  {showing.shown(found['name'])}\n")
    showing.facts(_facts(found))
    for name, headings, cells in _TABLES:
        rows = [cells(each) for each in found[name]]
        _section(name.capitalize(), headings, rows)
    offices = [(key, o["phone"] or "-", o["mail"] or "-", o["name"]) for key, o in found["offices"].items()]
    _section("Offices", ("OFFICE", "PHONE", "MAIL", "NAME"), offices)


def _facts(found: Mapping[str, Any]) -> tuple[tuple[str, object], ...]:
    who, responsible, first = found["entitlement"], found["responsible"], found["first_level"]
    groups = ", ".join(group["name"] for group in who["groups"]) if who else ""
    return (
        ("clause", found["clause"]),
        ("at", showing.rome(found["at"])),
        ("version", f"{found['version']} of {len(found['versions'])}"),
        ("valid", f"{found['valid_from']} to {found['valid_until']}"),
        ("state", f"{found['state']}" + (f" ({found['reason']})" if found["reason"] else "")),
        ("next opening", showing.rome(found["next_opening"])),
        ("hours", found["hours"]),
        ("phase", found["phase"]),
        ("entitled", (groups or "everybody") + (f" (unknown: {who['unknown']}; {who['clause']})" if who else "")),
        ("responsible", responsible and f"{responsible['name']} {responsible['mail']}"),
        ("first level", first and f"{first['name']} {first['mail']}"),
        ("terms may stand still for", ", ".join(found["suspensions"])),
    )


def _phase(p: Mapping[str, Any]) -> Row:
    charge = "vendor's" if p["at_vendor_charge"] else "-"
    return p["id"], p["name"], p["opened_by"], p["opened_on"] or "not yet", charge, p["clause"]


def _quota(q: Mapping[str, Any]) -> Row:
    return q["of"], q["phase"] or "-", q["used"], q["reserved"], q["count"], q["left"], q["clause"]


def _period(p: Mapping[str, Any]) -> Row:
    last = p["last_day"] or f"{p['months']} months after {p['after']}"
    return p["of"], p["phase"] or "-", last, p["clause"], "; ".join(p["explained"]) or "-"


def _term(t: Mapping[str, Any]) -> Row:
    classes = ", ".join(map(str, t["classes"])) or "all"
    return t["of"], t["within"], t["counted_from"], t["ends"], classes, t["clause"]


def _matter(m: Mapping[str, Any]) -> Row:
    inside, forwarded = ("yes" if m[key] else "no" for key in ("inside", "forward"))
    office = m["office"]["name"] if m["office"] else "-"
    return m["id"], inside, forwarded, m["answer_within"] or "-", m["clause"], office


_TABLES: tuple[tuple[str, tuple[str, ...], Cells], ...] = (
    ("acts", ("ACT", "ON", "REFERENCE"), lambda a: (a["kind"], a["on"], a["reference"])),
    ("phases", ("PHASE", "NAME", "OPENED BY", "FROM", "CHARGE", "CLAUSE"), _phase),
    ("quotas", ("OF", "PHASE", "USED", "RESERVED", "COUNT", "LEFT", "CLAUSE"), _quota),
    ("periods", ("OF", "PHASE", "LAST DAY", "CLAUSE", "COUNTED"), _period),
    ("terms", ("OF", "WITHIN", "FROM", "ENDS", "CLASSES", "CLAUSE"), _term),
    (
        "sites",
        ("SITE", "NAME", "PHASES", "CLAUSE"),
        lambda s: (s["id"], s["name"], ", ".join(s["phases"]) or "all", s["clause"]),
    ),
    ("matters", ("MATTER", "INSIDE", "FORWARDED", "ANSWER WITHIN", "CLAUSE", "OFFICE"), _matter),
)


def _section(title: str, headings: tuple[str, ...], rows: Sequence[Row]) -> None:
    if rows:
        print(f"\n{title}")
        showing.table(headings, rows)
