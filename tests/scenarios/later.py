"""The scenarios of DOMAIN 6 that no test plays yet: why not, and which issue brings what they need.

`LATER`: nothing of what the scenario asks can be shown today. `REST`: its tests show the greater part, and this is what
they leave out. `test_complete` holds both to the tests that there are: an id leaves its table when the test comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Issue(StrEnum):
    """Where what is missing is built. Those without a number are not filed yet (DESIGN, Interfaces, names them)."""

    TELEPHONE = "issue 4: telephone and on-call"
    MAIL = "issue 5: mail, certified mail and fax"
    DESK = "the desk's duties: steps of the first level, change requests, complaints, warnings, groups, needs"
    KNOWLEDGE = "the knowledge base and the FAQ watch"
    REPORTS = "the monthly report and the package for the end of a period"
    OPERATIONS = "retention and the console"


@dataclass(frozen=True, slots=True)
class Later:
    """What is missing, and where it comes from."""

    why: str
    issue: Issue


_I = Issue

LATER = {
    "S005": Later("there are no change requests that tickets feed", _I.DESK),
    "S006": Later("there are no change requests, so no type can be missing on one", _I.DESK),
    "S007": Later("there are no change requests that the Maintenance process answers", _I.DESK),
    "S063": Later("the reception has no step of its own that could flag a missing call-back number", _I.DESK),
    "S076": Later("there is no monthly report with the visits and the quota", _I.REPORTS),
    "S082": Later("the FAQ page is not watched", _I.KNOWLEDGE),
    "S083": Later("nobody confirms that changed entries were read", _I.KNOWLEDGE),
    "S090": Later("there are no records of checks at the waste centres", _I.DESK),
    "S091": Later("there are no tasks for a centre and an hour", _I.DESK),
    "S092": Later("there are no records of checks that say who placed the waste", _I.DESK),
    "S093": Later("there are no formal warnings, so none can lack the confirmation of intention", _I.DESK),
    "S094": Later("there are no formal warnings, so none can lack the sanctions", _I.DESK),
    "S095": Later("there are no requests to the local police", _I.DESK),
    "S097": Later("there are no activities with a line and a functional area", _I.DESK),
    "S098": Later("tickets are not assigned to members of a group", _I.DESK),
    "S100": Later("reassigning needs nobody's approval yet, so a deputy's cannot be enough", _I.DESK),
    "S101": Later("there are no activities that a lead approves", _I.DESK),
    "S102": Later("there are no activities to which a new kind could be given", _I.DESK),
    "S103": Later("the outages of a door are not kept as rows, and there is no report to list them", _I.REPORTS),
    "S104": Later("there is no report with the functions that are asked about most", _I.REPORTS),
    "S105": Later("there is no register of needs", _I.DESK),
    "S106": Later("there is no report to be sent to a contact group", _I.REPORTS),
    "S109": Later("there is no package for the end of a period", _I.REPORTS),
    "S113": Later("complaints have no analysis without which they could not be closed", _I.DESK),
    "S114": Later("complaints have no evaluation and no actions", _I.DESK),
    "S115": Later("there is no register of complaints with numbers of its own", _I.DESK),
    "S125": Later("two contacts of one firm are not proposed as one ticket", _I.DESK),
    "S127": Later("no operation is suggested and no answer drafted", _I.KNOWLEDGE),
    "S131": Later("there are no articles that could be unvetted", _I.KNOWLEDGE),
    "S132": Later("there are no articles whose version an answer could keep", _I.KNOWLEDGE),
    "S133": Later("the channel that a mail was forwarded from is not known", _I.DESK),
    "S134": Later("the same question at two mailboxes is not proposed as a duplicate", _I.DESK),
    "S137": Later("a question without a match is not asked of the expert group of its matter", _I.KNOWLEDGE),
    "S138": Later("there are no articles with a review date", _I.KNOWLEDGE),
    "S139": Later("operators have no training by matter", _I.DESK),
    "S141": Later("there is no report of a local day", _I.REPORTS),
    "S164": Later("nothing is deleted yet when its time is over", _I.OPERATIONS),
    "S168": Later("there is no monthly report", _I.REPORTS),
}

REST = {
    "S040": Later("the monthly report shows the override", _I.REPORTS),
    "S036": Later("the monthly report counts one failed on-call contact", _I.REPORTS),
    "S049": Later("that the three are one is proposed", _I.DESK),
    "S062": Later("the user gets the workaround notice; each of the five steps shows its own time", _I.DESK),
    "S064": Later("the identification is shown as a step, with the role of who did it", _I.DESK),
    "S065": Later("the user gets the workaround notice", _I.DESK),
    "S067": Later("it is counted as solved at the first level", _I.REPORTS),
    "S081": Later("an operator adds the topic from the desk", _I.DESK),
    "S089": Later("the answer is suggested", _I.KNOWLEDGE),
    "S107": Later("the recurring check is planned", _I.DESK),
    "S110": Later("a block of the live channels is made for the Site", _I.DESK),
    "S112": Later("the complaint has a number of its own; only a named role downgrades it", _I.DESK),
    "S116": Later("no monthly report is signed until somebody has acknowledged it", _I.REPORTS),
    "S122": Later("the questions to the user are proposed to the desk", _I.DESK),
    "S124": Later("the report shows one return by the vendor, and the time that it took", _I.REPORTS),
    "S130": Later("the report shows the reservations", _I.REPORTS),
    "S136": Later("requests out of the perimeter are counted by matter", _I.REPORTS),
    "S159": Later("the console shows a warning beside a premium-rate number", _I.OPERATIONS),
    "S169": Later("the schedule makes the report on that day", _I.REPORTS),
}
