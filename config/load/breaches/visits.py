"""Sites, visits, terms, quotas and periods that the contract could not keep (C3.9–C3.11, C3.19–C3.23)."""

from __future__ import annotations

from config.load.breaches.phases import IN_ORDER, decides, refuse_unknown_phases
from config.load.breaches.reading import Reading
from config.load.tables.kinds import within
from config.load.tables.provisions import TermTable
from gateway.domain.provisions import Counting, Of, Starts

SECOND = 2


def refuse_sites(reading: Reading) -> None:
    """A site of a phase that is not there, a name that means two sites, a default site that is none."""
    meant: dict[str, str] = {}
    for number, site in enumerate(reading.table.site, 1):
        refuse_unknown_phases(reading, f"site[{number}].phases", site.phases)
        for name in sorted({each.casefold() for each in (site.id, site.name, *site.names)}):
            if meant.setdefault(name, site.id) != site.id:
                raise reading.refusal(
                    f"site[{number}].names",
                    f"{name!r} names both {meant[name]} and {site.id}",
                    remedy="give each site names of its own",
                )
    _refuse_homeless(reading)


def _refuse_homeless(reading: Reading) -> None:
    """C3.9: a visit at another place is put to the client's responsible; one at no place, at the default site."""
    on_site, known = reading.table.on_site, [site.id for site in reading.table.site]
    if on_site and on_site.default_site and on_site.default_site not in known:
        raise reading.refusal(
            "on_site.default_site",
            f"there is no site {on_site.default_site}",
            remedy=f"known sites: {', '.join(known)}" if known else "add [[site]]",
        )
    groups = [group.id for group in reading.table.group]
    for group in on_site.default_site_for if on_site else ():
        if group not in groups:
            raise reading.refusal(
                "on_site.default_site_for",
                f"there is no group {group}",
                remedy=f"known groups: {', '.join(groups)}" if groups else "add [[group]]",
            )
    if on_site and not decides(reading):
        raise reading.refusal(
            "on_site",
            "on a visit at another place the client's responsible decides, and the mailbox is not given",
            clause=reading.clauses.of("responsible"),
            remedy="add [responsible] with name, mail and phone",
        )


def refuse_terms(reading: Reading) -> None:
    """A term of visits that the contract does not have or that the clause counts from the request; one given twice."""
    given: set[tuple[Of, int | None]] = set()
    for number, term in enumerate(reading.table.term, 1):
        key = f"term[{number}]"
        _refuse_visit(reading, f"{key}.of", term.of)
        _refuse_reopening(reading, key, term)
        _refuse_misread(reading, key, term)
        for each in term.classes or (None,):
            if (term.of, each) in given:
                what = f"{term.of} of class {each}" if each else str(term.of)
                raise reading.refusal(
                    f"{key}.of",
                    f"the term of {what} is given twice",
                    remedy="leave one, or give each its own classes",
                )
            given.add((term.of, each))


def _refuse_visit(reading: Reading, key: str, of: str) -> None:
    if of == Of.ON_SITE and reading.table.on_site is None:
        raise reading.refusal(
            key,
            "it is about visits [on-site], and the contract has none: on_site is missing",
            remedy="add [on_site] with the words that ask for a visit, or take it out",
        )


def _refuse_reopening(reading: Reading, key: str, term: TermTable) -> None:
    """C3.11: within one working day of the request, whatever its hour."""
    if term.of is Of.ON_SITE and term.counted_from is Starts.REOPENING:
        raise reading.refusal(
            f"{key}.counted_from",
            "the term of a visit counts from the request, whatever its hour, and never from the reopening",
            remedy='take counted_from out, or write counted_from = "receipt"',
        )


def _refuse_misread(reading: Reading, key: str, term: TermTable) -> None:
    read = within(term.within)
    by_the_hour = bool(read and read.counting in {Counting.ELAPSED, Counting.SERVICE})
    classes = {each.number for each in reading.table.priority.classes}
    unknown = [each for each in term.classes if classes and each not in classes]
    if by_the_hour and "ends" in term.model_fields_set:
        where, wrong, remedy = "ends", "a term in hours ends when they are over, not with a day", "take ends out"
    elif term.calendar == "site" and term.of is not Of.ON_SITE:
        where, wrong, remedy = "calendar", "only a visit has a place of its own", 'write calendar = "contract"'
    elif unknown:
        where, wrong = "classes", f"there is no class {unknown[0]} of priority"
        remedy = f"known classes: {', '.join(map(str, sorted(classes)))}"
    else:
        return
    raise reading.refusal(f"{key}.{where}", wrong, remedy=remedy)


def refuse_quotas(reading: Reading) -> None:
    """A quota that would warn too late, counts in no phase, is given twice, or that nobody could exceed (C3.10)."""
    given: set[tuple[str, str]] = set()
    for number, quota in enumerate(reading.table.quota, 1):
        key = f"quota[{number}]"
        _refuse_visit(reading, f"{key}.of", quota.of)
        refuse_unknown_phases(reading, f"{key}.phase", (quota.phase,))
        if quota.warn_at and quota.warn_at > quota.count:
            where, wrong = "warn_at", f"it warns at {quota.warn_at} when {quota.count} are used up"
            remedy = "warn before the quota is used up, at four fifths of it"
        elif (quota.of, quota.phase) in given:
            where, wrong = "phase", f"the quota of {quota.of} in phase {quota.phase} is given twice"
            remedy = "leave one"
        elif not decides(reading):
            where, wrong = "count", "beyond it the client's responsible authorises, and the mailbox is not given"
            remedy = "add [responsible] with name, mail and phone"
        else:
            given.add((quota.of, quota.phase))
            continue
        raise reading.refusal(f"{key}.{where}", wrong, remedy=remedy)


def refuse_periods(reading: Reading) -> None:
    """A period of a phase that is not there, given twice, or counted from an act that ends its phase (C3.19)."""
    opened_by = {phase.id: phase.opened_by for phase in reading.table.phase}
    given: set[tuple[str, str]] = set()
    for number, period in enumerate(reading.table.period, 1):
        key = f"period[{number}]"
        _refuse_visit(reading, f"{key}.of", period.of)
        refuse_unknown_phases(reading, f"{key}.phase", (period.phase,))
        if Of(period.of) is Of.SECOND_LEVEL and SECOND not in reading.table.levels:
            where, wrong = "of", "it is about the second level, which the contract does not have"
            remedy = "write levels = [1, 2], or take it out"
        elif IN_ORDER.index(period.after) > IN_ORDER.index(opened_by[period.phase]):
            where, wrong = "after", f"the phase {period.phase} is over when {period.after} is recorded"
            remedy = f'write after = "{opened_by[period.phase]}", or name the phase that the act opens'
        elif (period.of, period.phase) in given:
            where, wrong = "phase", f"the period of {period.of} in phase {period.phase} is given twice"
            remedy = "leave one"
        else:
            given.add((period.of, period.phase))
            continue
        raise reading.refusal(f"{key}.{where}", wrong, remedy=remedy)
