"""Documents for people outside: calendars, tables and workbooks. Values in, bytes out; nothing is read or decided."""

from __future__ import annotations

from adapters.reports.calendar import agenda
from adapters.reports.csv import table_csv
from adapters.reports.duty import duty_csv, duty_document, duty_xlsx, is_going_on, watches_csv
from adapters.reports.workbook import Sheet, workbook

__all__ = [
    "Sheet",
    "agenda",
    "duty_csv",
    "duty_document",
    "duty_xlsx",
    "is_going_on",
    "table_csv",
    "watches_csv",
    "workbook",
]
