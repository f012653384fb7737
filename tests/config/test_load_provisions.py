"""What each table of a contract file becomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from config.load.contracts import clauses_of_keys
from config.load.refusals import line_of
from config.load.tables.kinds import Within, calendar_months, kept, within
from gateway.domain.errors import SettingError
from gateway.domain.hours import ROME
from gateway.domain.intake import Channel
from gateway.domain.provisions import (
    Act,
    ActKind,
    Catalogue,
    ChecklistItem,
    Communication,
    Counting,
    Duty,
    Elsewhere,
    Ends,
    Entitlement,
    Group,
    Lead,
    Matter,
    Member,
    Of,
    Office,
    Organisation,
    Period,
    PriorityClass,
    Quota,
    Reservation,
    Retention,
    Starts,
    Suspension,
    Term,
    Unknown,
)
from gateway.domain.terms import due
from gateway.domain.visits import VisitState, takes_quota
from tests.config.variant import Variant


@pytest.fixture
def variant(tmp_path: Path) -> Variant:
    return Variant.copied_to(tmp_path)


ACCEPTANCE = """
[[act]]
kind = "final_acceptance"
on = 2026-09-15
reference = "verbale di collaudo finale n. 7"
"""


def test_acts_are_in_the_order_of_their_days(variant: Variant) -> None:
    """C3.1: recorded with their minutes."""
    contract = variant.append("c03", ACCEPTANCE).contract("c03")
    assert [act.kind for act in contract.acts] == [ActKind.START_OF_WORKS, ActKind.FINAL_ACCEPTANCE]
    assert contract.act(ActKind.FINAL_ACCEPTANCE) == Act(
        ActKind.FINAL_ACCEPTANCE, date(2026, 9, 15), "verbale di collaudo finale n. 7"
    )


def test_a_phase_has_its_own_entitlement_and_clause(variant: Variant) -> None:
    """C3.1, C3.12, C3.18, A3.7."""
    first, second = variant.contract("c03").phases
    assert (first.id, first.opened_by, first.opens_next_day) == ("A", ActKind.START_OF_WORKS, False)
    assert (second.id, second.opened_by, second.opens_next_day) == ("B", ActKind.FINAL_ACCEPTANCE, True)
    assert second.entitlement == Entitlement(
        ("tecnici_sardegnait",), Unknown.REFUSED, Elsewhere.FIRST_LEVEL, level=2, clause="C3.18"
    )


def test_a_table_without_a_clause_has_that_of_its_rule(variant: Variant) -> None:
    """Every decision can cite a clause."""
    variant.change(
        "c03", "count = 10\nwarn_at = 8 # four fifths; not in the clause: ask the client\nclause", "count = 10\n#"
    )
    assert [quota.clause for quota in variant.contract("c03").quotas] == ["C3.10", "C3.10"]


def test_a_quota_warns_at_four_fifths_when_the_file_does_not_say(variant: Variant) -> None:
    """C3.10: at 24 of 30."""
    variant.change("c03", "warn_at = 24", "# warn_at = 24").change("c03", "warn_at = 8", "# warn_at = 8")
    assert variant.contract("c03").quotas == (
        Quota(Of.ON_SITE, "A", 30, 24, "C3.10"),
        Quota(Of.ON_SITE, "B", 10, 8, "C3.22"),
    )


def test_periods_are_calendar_months(variant: Variant) -> None:
    """C3.19, C3.23."""
    assert variant.contract("c03").periods == (
        Period(Of.ON_SITE, "B", ActKind.FINAL_ACCEPTANCE, 6, extends=True, clause="C3.19"),
        Period(Of.SECOND_LEVEL, "B", ActKind.FINAL_ACCEPTANCE, 12, extends=True, clause="C3.23"),
    )


def test_a_group_is_matched_in_lower_case(variant: Variant) -> None:
    """C3.2, C9.1: domains, addresses, numbers, people."""
    group = '[[group]]\nid = "g"\nname = "G"\ndomains = ["Altro.Example"]\nmails = ["A@B.example"]\n'
    variant.append("c09", f'{group}numbers = ["070 0000912"]\npeople = ["elena"]\n')
    assert variant.contract("c09").groups[-1] == Group(
        "g", "G", ("altro.example",), ("a@b.example",), ("+390700000912",), ("elena",)
    )


def test_a_site_has_the_calendar_of_its_municipality(variant: Variant) -> None:
    """A3.4, S057: San Nicola is a holiday in Sassari and not in Cagliari; Easter Monday in both."""
    cagliari, sassari = variant.contract("c03").sites
    assert (sassari.municipality, sassari.phases, sassari.clause) == ("Sassari", ("A",), "C3.9")
    for day, in_cagliari, in_sassari in [
        (date(2027, 12, 6), False, True),
        (date(2026, 10, 30), True, False),
        (date(2026, 4, 6), True, True),
    ]:
        assert (cagliari.calendar.holiday_on(day) is not None) is in_cagliari
        assert (sassari.calendar.holiday_on(day) is not None) is in_sassari


def test_a_site_may_keep_another_day_or_none(variant: Variant) -> None:
    """A3.4: the table of saints is data; a place may keep another day."""
    site = '[[site]]\nid = "mare"\nname = "Mare"\nmunicipality = "Paese senza santo"\n'
    variant.append("c03", f'{site}patron_day = "08-16"\npatron_name = "San Rocco"\nnational = false\n')
    calendar = variant.contract("c03").sites[-1].calendar
    assert calendar.holiday_on(date(2026, 8, 16)) == "San Rocco"
    assert calendar.holiday_on(date(2026, 12, 25)) is None


def test_a_holiday_says_which_rule_made_it(variant: Variant) -> None:
    """C2.6: the simulation names the rule; a national holiday stays one where it is the patron saint's day too."""
    extra = '[[holidays.additional]]\nname = "Sa die"\nevery = "04-28"\n\n[channels]'
    rules = variant.change("c02", "[channels]", extra).contract("c02").schedules[0].calendar.rules
    assert rules[date(2026, 4, 6)] == "national"
    assert rules[date(2026, 10, 30)] == "patron"
    assert rules[date(2026, 4, 28)] == "additional"
    assert date(2026, 4, 3) not in rules
    rome = variant.change("c02", 'municipality = "Cagliari"', 'municipality = "Roma"').contract("c02")
    assert rome.schedules[0].calendar.rules[date(2026, 6, 29)] == "decree"
    bologna = variant.change("c02", 'municipality = "Roma"', 'municipality = "Bologna"').contract("c02")
    assert bologna.schedules[0].calendar.rules[date(2027, 10, 4)] == "national"
    assert bologna.schedules[0].calendar.rules[date(2025, 10, 4)] == "patron"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", Within(Counting.ELAPSED, time=timedelta(minutes=30))),
        ("2h", Within(Counting.ELAPSED, time=timedelta(hours=2))),
        ("90 minutes", Within(Counting.ELAPSED, time=timedelta(minutes=90))),
        ("4 service hours", Within(Counting.SERVICE, time=timedelta(hours=4))),
        ("1 service hour", Within(Counting.SERVICE, time=timedelta(hours=1))),
        ("45 service minutes", Within(Counting.SERVICE, time=timedelta(minutes=45))),
        ("1 working day", Within(Counting.WORKING_DAYS, days=1)),
        ("5 working days", Within(Counting.WORKING_DAYS, days=5)),
        ("30 days", Within(Counting.DAYS, days=30)),
        ("end of day", Within(Counting.WORKING_DAYS, days=0)),
        ("next working day", Within(Counting.WORKING_DAYS, days=1)),
        ("0 days", None),
        ("2d", None),  # calendar days or 48 hours?
        ("30", None),
        ("-1 day", None),
        ("1  working day", None),
        ("soon", None),
    ],
)
def test_a_term_is_read_on_the_clock_that_it_names(text: str, expected: Within | None) -> None:
    """C3.11; DOMAIN 2, "Service-time clocks", "Working day"."""
    assert within(text) == expected


@pytest.mark.parametrize(
    ("text", "months"),
    [("6 months", 6), ("1 month", 1), ("1 year", 12), ("2 years", 24), ("180 days", None), ("", None)],
)
def test_a_period_is_counted_by_the_calendar(text: str, months: int | None) -> None:
    """C3.19; art. 2963 c.c."""
    assert calendar_months(text) == months


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24 months", Retention("x", months=24)),
        ("10 years", Retention("x", months=120)),
        ("90 days", Retention("x", days=90)),
        ("0 days", None),
        ("forever", None),
    ],
)
def test_a_retention_is_months_or_days(text: str, expected: Retention | None) -> None:
    """X13."""
    assert kept("x", text) == expected


def test_a_term_has_every_switch_of_its_clause(variant: Variant) -> None:
    """C3.11, A3.4, A3.6; DOMAIN 2: `ricezione_fuori_orario`."""
    variant.append(
        "c03",
        """[[term]]
of = "taken_in_charge"
within = "30m"
counted_from = "reopening"
classes = [1, 2]
clause = "C3.5"

[[term]]
of = "complaint"
within = "30 days"
ends = "end_of_day"
extend_to_next_day = false
""",
    )
    visit, taken, complaint = variant.contract("c03").terms
    assert visit == Term(Of.ON_SITE, Counting.WORKING_DAYS, "C3.11", days=1, at_site=True)
    assert taken == Term(
        Of.TAKEN_IN_CHARGE, Counting.ELAPSED, "C3.5", timedelta(minutes=30), starts=Starts.REOPENING, classes=(1, 2)
    )
    assert complaint == Term(Of.COMPLAINT, Counting.DAYS, "C3.11", days=30, ends=Ends.DAY, extends=False)


def test_a_clock_stands_still_for_the_named_reasons_alone(variant: Variant) -> None:
    """DOMAIN 2, "Suspension": three reasons when the file names none."""
    assert variant.contract("c03").suspensions == tuple(Suspension)
    variant.append("c03", '[suspension]\nreasons = ["waiting_client"]\n')
    assert variant.contract("c03").suspensions == (Suspension.WAITING_CLIENT,)


def test_a_matter_has_its_office_and_its_clause(variant: Variant) -> None:
    """C10.11: an outside matter is passed on to the office in charge."""
    matter = """[[scope.matter]]
id = "mensa"
name = "mensa scolastica"
words = ["Mensa"]
inside = false
forward = true
office = {name = "Ufficio Scuola", mail = "Scuola@comune-impresa.example"}
clause = "C10.11"
"""
    scope = variant.append("c10", matter).contract("c10").scope
    assert scope is not None
    assert (scope.version, scope.approved_on, scope.clause) == ("1", date(2024, 8, 2), "C10.10")
    assert scope.matters[-1] == Matter(
        id="mensa",
        name="mensa scolastica",
        section="",
        words=("mensa",),
        inside=False,
        office=Office("Ufficio Scuola", "scuola@comune-impresa.example", "", "C10.11"),
        forward=True,
        clause="C10.11",
    )


POLICE = Office("Comando di Polizia locale", "polizialocale@comune-ecopiazzole.example", "+390700000595", "C5.7")


def test_an_office_is_known_by_its_id_and_a_matter_may_turn_to_it(variant: Variant) -> None:
    """C5.7: it stands in one place."""
    contract = variant.contract("c05")
    assert dict(contract.offices) == {"local_police": POLICE}
    assert contract.scope is not None
    assert contract.scope.matters[0].office == contract.offices["local_police"]


@pytest.mark.parametrize(("rule", "clause"), [("", "C5"), ('\noffices = "C5.5"', "C5.5")])
def test_an_office_without_a_clause_has_that_of_its_rule(variant: Variant, rule: str, clause: str) -> None:
    variant.change("c05", 'scope = "C5.7"', f'scope = "C5.7"{rule}')
    variant.append("c05", '[[office]]\nid = "tari"\nname = "Tributi"\nphone = "070 0000599"\n')
    assert variant.contract("c05").offices["tari"] == Office("Tributi", "", "+390700000599", clause)


def test_an_amendment_may_bring_other_offices(variant: Variant) -> None:
    """C9.2: whoever is in charge changes with the contract."""
    office = '[[amendment.office]]\nid = "local_police"\nname = "Polizia locale"\nphone = "+390700000596"\n'
    variant.append("c05", f'[[amendment]]\nfrom = 2027-01-01\nreference = "atto n. 2"\n{office}')
    first, second = variant.versions("c05")
    assert (first.offices["local_police"].phone, second.offices["local_police"].phone) == (
        "+390700000595",
        "+390700000596",
    )
    assert second.scope is not None
    assert second.scope.matters[0].office == second.offices["local_police"]


def test_how_long_an_office_has_for_its_answer_is_a_term_of_its_clause(variant: Variant) -> None:
    """C10.11, C10.12: counted as every term, from when it gets the request."""
    contract = variant.contract("c10")
    assert contract.scope is not None
    experts = contract.scope.matters[0].answer_within
    assert experts == Term(Of.OFFICE, Counting.WORKING_DAYS, "C10.12", days=5)
    assert experts is not None
    found = due(experts, contract, datetime(2026, 12, 3, 10, tzinfo=ROME))
    assert (found.on, found.clause) == (date(2026, 12, 11), "C10.12")  # Immacolata is none of the five
    assert contract.scope.matters[-1].answer_within is None


def test_what_a_quota_counts_besides_is_said_with_the_visits(variant: Variant) -> None:
    """A3.8."""
    variant.change("c03", "cancelled_visit_takes_quota = false", "cancelled_visit_takes_quota = true")
    variant.change("c03", "failed_visit_takes_quota = true ", "failed_visit_takes_quota = false ")
    visits = variant.contract("c03").on_site
    assert takes_quota(visits) == (VisitState.RESERVED, VisitState.DONE, VisitState.CANCELLED)


def test_duties_keep_their_order_and_their_fields(variant: Variant) -> None:
    """C3.13-C3.17."""
    duties = variant.contract("c03").duties
    assert [duty.clause for duty in duties] == ["C3.13", "C3.14", "C3.15", "C3.16", "C3.17"]
    assert duties[3] == Duty(
        "workaround",
        "indicazioni per il superamento operativo dell’eventuale blocco delle attività",
        ("workaround",),
        "C3.16",
    )


def test_a_catalogue_says_whether_anybody_may_add_to_it(variant: Variant) -> None:
    """C6.5: the list is not exhaustive."""
    variant.append("c06", '[[catalogue]]\nid = "x"\nname = "X"\nitems = ["a"]\nopen = true\nversion = "3"\n')
    assert variant.contract("c06").catalogues[-1] == Catalogue(
        "x", "X", ("a",), is_open=True, version="3", clause="C6.4"
    )


def test_a_working_group_has_its_leads_in_the_order_of_their_days(variant: Variant) -> None:
    """C6.2, C6.3."""
    first = 'member = "giulia"\nfrom = 2025-01-01'
    variant.change(
        "c06",
        first,
        'member = "marco"\nfrom = 2026-07-01\n\n[[working_group.lead]]\n' + first + "\nuntil = 2026-06-30",
    )
    (group,) = variant.contract("c06").working_groups
    assert group.leads == (
        Lead("giulia", date(2025, 1, 1), date(2026, 6, 30)),
        Lead("marco", date(2026, 7, 1), None),
    )
    assert group.members[2] == Member("paola", "Paola Usai", Organisation.SUPPLIER)
    assert [deputy.member for deputy in group.deputies] == ["marco"]


def test_contact_groups_have_their_level(variant: Variant) -> None:
    """C7.4."""
    assert [group.id for group in variant.contract("c07").contact_groups] == ["decision", "operating"]


def test_a_communication_is_valid_from_its_own_day_unless_it_says_another(variant: Variant) -> None:
    """C3.8."""
    (first,) = variant.contract("c03").communications
    assert first.valid_from == first.on == date(2025, 4, 28)
    variant.change("c03", "on = 2025-04-28", "on = 2025-04-28\nvalid_from = 2025-05-05")
    assert variant.contract("c03").communications == (
        Communication(
            date(2025, 4, 28),
            date(2025, 5, 5),
            "ricevuta di avvenuta consegna PEC del 28 aprile 2025, ore 10.12",
            "+390700000300",
            "comunas@sardegnait.example",
            "+390700000309",
        ),
    )


def test_a_communicated_change_of_an_address_is_taken(variant: Variant) -> None:
    """C3.8: a later change needs a new communication; the old mailbox stays monitored (C8.1)."""
    old = 'channel = "mail"\naddress = "comunas@sardegnait.example"'
    new = '[[endpoint]]\nchannel = "mail"\naddress = "aiuto@sardegnait.example"\npublished_from = 2026-03-01'
    variant.change("c03", old, f"{old}\npublished_until = 2026-02-28\n\n{new}")
    variant.append(
        "c03",
        """[[communication]]
on = 2026-02-16
valid_from = 2026-03-01
proof = "ricevuta di avvenuta consegna PEC del 16 febbraio 2026"
phone = "+390700000300"
mail = "aiuto@sardegnait.example"
fax = "+390700000309"
""",
    )
    contract = variant.contract("c03")
    assert contract.address_of(Channel.MAIL, date(2026, 2, 28)) == "comunas@sardegnait.example"
    assert contract.address_of(Channel.MAIL, date(2026, 3, 1)) == "aiuto@sardegnait.example"


def test_the_communication_of_the_day_before_the_works_is_early_enough(variant: Variant) -> None:
    """S051: its date is earlier than the start of the works."""
    assert variant.change("c03", "on = 2025-04-28", "on = 2025-05-04").contract("c03").communications


def test_a_start_with_reservations_is_taken(variant: Variant) -> None:
    """C10.5, S130."""
    variant.change("c10", 'done_on = 2024-07-26\nevidence = "relazione del 26 luglio 2024"\n', "")
    decision = 'decided_on = 2024-08-29\nby = ["Comune", "Camera di Commercio"]\nreference = "verbale n. 4"\n'
    contract = variant.append("c10", f"[reservation]\n{decision}").contract("c10")
    assert contract.checklist[1] == ChecklistItem(
        "b",
        "verifica dei canali di contatto e strategia di comunicazione con il Contact Center",
        "Comune",
        None,
        "",
    )
    assert contract.reservation == Reservation(date(2024, 8, 29), ("Comune", "Camera di Commercio"), "verbale n. 4")


def test_a_licensee_with_a_mailbox_alone_is_taken(variant: Variant) -> None:
    """C9.3, S119: by telephone and/or by e-mail."""
    variant.change("c09", 'order = ["phone", "mail"]\nphone = "+390700000900"', 'order = ["mail"]')
    contract = variant.contract("c09")
    assert contract.channels == (Channel.MAIL,)
    assert contract.phone is None


def test_priority_classes_have_the_words_of_the_contract(variant: Variant) -> None:
    """DOMAIN 11: the contract's word and the normalised class."""
    classes = variant.contract("c03").priority.classes
    assert classes[0] == PriorityClass(1, "bloccante", ("bloccante", "emergenza"))
    assert [each.number for each in classes] == [1, 2, 3, 4]


def test_what_the_file_does_not_say_is_kept_as_long_as_usual(variant: Variant) -> None:
    """X13, DOMAIN 12; a recording as long as callers are told before it begins (X12)."""
    by_class = {each.of: (each.months, each.days) for each in variant.contract("c01").retention}
    assert by_class == {
        "ticket": (24, 0),
        "contact": (6, 0),
        "recording": (0, 30),
        "certified": (120, 0),
        "complaint": (60, 0),
        "security_log": (12, 0),
    }
    variant.append("c01", '[[retention]]\nof = "ticket"\nkeep = "36 months"\n')
    assert {each.of: each.months for each in variant.contract("c01").retention}["ticket"] == 36


def test_what_is_recorded_may_be_deleted_earlier_than_callers_are_told(variant: Variant) -> None:
    """X12."""
    variant.append("c01", '[[retention]]\nof = "recording"\nkeep = "15 days"\n')
    assert Retention("recording", days=15) in variant.contract("c01").retention


def test_an_office_of_the_client_is_a_role_with_its_clause(variant: Variant) -> None:
    """C3.9, C3.12."""
    contract = variant.contract("c03")
    assert contract.first_level == Office(
        "Servizio di primo livello di SardegnaIT", "primo-livello@sardegnait.example", "+390700000320", "C3.12"
    )
    assert contract.responsible is not None
    assert contract.responsible.clause == "C3.9"


def test_skills_and_offer_are_there_by_name(variant: Variant) -> None:
    """C3.4, C9.2."""
    assert variant.contract("c03").skills == ("comunas",)
    assert variant.contract("c09").offer_reference.startswith("Offerta Commerciale")
    assert variant.contract("c01").offer_reference == ""


@dataclass(frozen=True)
class Place:
    key: str
    line: int


FILE = """clause = "C9"

[[quota]]
count = 1
clause = "C9.1"

[[quota]]
count = 2

[[amendment]]
from = 2027-01-01

[amendment.hours]
continuous = true

[[amendment.hours.band]]
times = ["08:00-18:00"]

[[amendment]]
from = 2028-01-01

[[amendment.hours.band]]
times = ["09:00-18:00"]

[[amendment.hours.band]]
times = ["10:00-18:00"]
"""


@pytest.mark.parametrize(
    "place",
    [
        Place("quota[2].count", 8),
        Place("quota[2].warn_at", 7),
        Place("amendment[1].hours.continuous", 14),
        Place("amendment[1].hours.band[1].times", 17),
        Place("amendment[2].hours.band[2].times[1]", 26),
        Place("amendment[2].from", 20),
    ],
)
def test_a_refusal_names_the_line_below_the_amendment_that_it_is_about(place: Place) -> None:
    """X18."""
    assert line_of(FILE, place.key) == place.line


def test_the_nearest_table_that_names_a_clause_gives_it() -> None:
    """X18."""
    data = {
        "clause": "C3",
        "clauses": {"quotas": "C3.10"},
        "quota": [{"count": 30}, {"count": 10, "clause": "C3.22"}],
    }
    assert clauses_of_keys(data) == {"": "C3", "quota": "C3.10", "amendment.quota": "C3.10", "quota[2]": "C3.22"}


def test_a_key_that_nobody_knows_is_refused_with_the_nearest_one(variant: Variant) -> None:
    with pytest.raises(SettingError) as refused:
        variant.append("c03", '[[act]]\nkind = "final_acceptance"\non = 2026-09-15\nreferences = "x"\n').site()
    assert (refused.value.key, refused.value.clause) == ("act[2].references", "C3.1")
    assert refused.value.remedy == "did you mean reference?"
