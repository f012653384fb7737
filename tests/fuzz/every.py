"""Every target there is."""

from __future__ import annotations

from tests.fuzz.opened import OPENED
from tests.fuzz.targets import TARGETS

EVERY = (*TARGETS, *OPENED)
