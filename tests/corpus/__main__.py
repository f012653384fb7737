"""`python -m tests.corpus`: every mail of the corpus through the real intake, on both databases.

Exit 0 when every mail became exactly one intake with the bytes that were sent and a final state, and none took more
than a second; 1 when not; 2 when there is no corpus.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from tests.corpus.judging import FIELDS, NOT_COMPARED, Verdict
from tests.corpus.material import corpus, items
from tests.corpus.reasons import why
from tests.corpus.running import STALLS_S, Passed, database, through

DATABASES = ("sqlite", "postgresql")
EVERY = 200
SLOWEST = 5


def main() -> int:
    """Run, print, and say how it went."""
    options = _options()
    folder = corpus()
    mails = items(folder, options.each)
    if not mails:
        print(f"no corpus in {folder}: set CENTRALINO_CORPUS", file=sys.stderr)
        return 2
    console = Console(width=220) if not sys.stdout.isatty() else Console()
    results = {}
    for kind in DATABASES if options.database == "both" else (options.database,):
        try:
            with database(kind) as (url, place):
                results[kind] = through(url, place, mails, lambda count, kind=kind: _progress(kind, count, len(mails)))  # type: ignore[misc]  # a default argument cannot be inferred
        except LookupError as absent:
            print(absent, file=sys.stderr)
            return 1
    if options.json:
        print(json.dumps({kind: _summary(passed) for kind, passed in results.items()}, ensure_ascii=False, indent=1))
    else:
        _print(console, results, misses=options.misses)
    return int(any(_bad(passed) for passed in results.values()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    parser.add_argument("--misses", action="store_true", help="list every field that does not hold, and why")
    parser.add_argument("--each", type=int, metavar="N", help="only N mails of each source")
    return parser.parse_args()


def _progress(kind: str, count: int, whole: int) -> None:
    if count % EVERY == 0 or count == whole:
        print(f"{kind}: {count} of {whole}", file=sys.stderr)


# ------------------------------------------------------------------------------------------------------------- counting


def _bad(passed: Sequence[Passed]) -> list[Passed]:
    return [one for one in passed if one.problem or one.took_s > STALLS_S]


def _hits(passed: Sequence[Passed]) -> dict[str, dict[str, tuple[int, int]]]:
    """source → field → (holds, asserted)."""
    counts: dict[str, dict[str, Counter[bool]]] = defaultdict(lambda: defaultdict(Counter))
    for one in passed:
        counts[one.item.source]  # a source that asserts nothing has its line too
        for verdict in one.verdicts:
            counts[one.item.source][verdict.field][verdict.holds] += 1
    return {
        source: {name: (count[True], count.total()) for name, count in fields.items()}
        for source, fields in counts.items()
    }


def _summary(passed: Sequence[Passed]) -> dict[str, Any]:
    times = sorted(one.took_s for one in passed if not one.repeats)
    return {
        "mails": len(passed),
        "intakes": len(times),
        "same_file_again": sum(bool(one.repeats) for one in passed),
        "states": dict(Counter(one.state + (f":{one.reason}" if one.reason else "") for one in passed).most_common()),
        "lost_doubled_or_unequal": [{**_named(one), "problem": one.problem} for one in passed if one.problem],
        "over_one_second": [_named(one) for one in passed if one.took_s > STALLS_S],
        "tried_again": [_named(one) for one in passed if one.attempts > 1],
        "p50_ms": round(times[len(times) // 2] * 1000, 1),
        "p99_ms": round(times[len(times) * 99 // 100] * 1000, 1),
        "most_ms": round(times[-1] * 1000, 1),
        "slowest": [_named(one) for one in sorted(passed, key=lambda one: -one.took_s)[:SLOWEST]],
        "fields": {
            source: {name: {"holds": holds, "asserted": asserted} for name, (holds, asserted) in fields.items()}
            for source, fields in _hits(passed).items()
        },
        "misses": [
            {
                **_named(one),
                "field": verdict.field,
                "wanted": verdict.wanted,
                "found": verdict.found,
                "why": _why(verdict),
            }
            for one in passed
            for verdict in one.verdicts
            if not verdict.holds
        ],
    }


def _why(verdict: Verdict) -> str:
    return why(verdict) or "nobody has looked at it yet"


def _named(one: Passed) -> dict[str, Any]:
    return {"source": one.item.source, "id": one.item.name, "took_ms": round(one.took_s * 1000, 1)}


# ------------------------------------------------------------------------------------------------------------- printing


def _print(console: Console, results: dict[str, list[Passed]], *, misses: bool) -> None:
    hits = {kind: _hits(passed) for kind, passed in results.items()}
    shown: list[dict[str, dict[str, tuple[int, int]]]] = []
    for kind, found in hits.items():
        if found in shown:
            console.print(f"{kind}: the same hits, field by field.")
            continue
        shown.append(found)
        console.print(_table(f"hits / asserted, {kind}", results[kind], found))
    for (source, name), reason in NOT_COMPARED.items():
        console.print(f"not compared: {name} of {source} ({reason})")
    bodies = sum(one.item.is_body for one in next(iter(results.values())))
    console.print(f"{bodies} reply bodies are no mails and were put into one; bare LF was sent as CRLF.")
    if misses:
        console.print(_misses(next(iter(results.values()))))
    for kind, passed in results.items():
        _say(console, kind, passed)


def _table(title: str, passed: Sequence[Passed], hits: dict[str, dict[str, tuple[int, int]]]) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("source", no_wrap=True)
    table.add_column("mails", justify="right")
    for name in FIELDS:
        table.add_column(name, justify="right", no_wrap=True)
    counts = Counter(one.item.source for one in passed)
    for source, fields in hits.items():
        table.add_row(source, str(counts[source]), *(_cell(fields.get(name)) for name in FIELDS))
    sums = {name: _sum(fields.get(name) for fields in hits.values()) for name in FIELDS}
    table.add_section()
    table.add_row("all", str(len(passed)), *(_cell(sums[name]) for name in FIELDS))
    table.add_row("", "", *(_share(sums[name]) for name in FIELDS))
    return table


def _cell(pair: tuple[int, int] | None) -> str:
    return f"{pair[0]}/{pair[1]}" if pair and pair[1] else ""


def _share(pair: tuple[int, int]) -> str:
    return f"{100 * pair[0] / pair[1]:.1f} %" if pair[1] else ""


def _sum(pairs: Any) -> tuple[int, int]:  # noqa: ANN401 - a generator of pairs and Nones
    there = [pair for pair in pairs if pair]
    return sum(pair[0] for pair in there), sum(pair[1] for pair in there)


def _misses(passed: Sequence[Passed]) -> Table:
    table = Table(title="misses", box=box.SIMPLE_HEAD)
    for column in ("mail", "field", "wanted", "found", "why"):
        table.add_column(column, overflow="fold")
    for miss in _summary(passed)["misses"]:
        table.add_row(*(_plain(miss[key]) for key in ("id", "field", "wanted", "found", "why")))
    return table


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "·" for c in text).replace("[", r"\[")


def _say(console: Console, kind: str, passed: Sequence[Passed]) -> None:
    summary = _summary(passed)
    console.print(
        f"\n{kind}: {summary['mails']} mails, {summary['intakes']} different ones, each one intake with equal bytes"
        f" and a final state but {len(summary['lost_doubled_or_unequal'])}; {summary['same_file_again']} are the same"
        f" file again and led to the first intake."
    )
    console.print(
        f"  from DATA to filed: p50 {summary['p50_ms']} ms, p99 {summary['p99_ms']} ms, most {summary['most_ms']} ms"
    )
    console.print("  " + ", ".join(f"{_plain(state)} {count}" for state, count in summary["states"].items()))
    for one in passed:
        if one.problem:
            console.print(f"  BAD {one.item.source}/{_plain(one.item.name)}: {_plain(one.problem)}")
        elif one.took_s > STALLS_S:
            console.print(f"  SLOW {one.item.source}/{_plain(one.item.name)}: {one.took_s:.2f} s")


if __name__ == "__main__":
    sys.exit(main())
