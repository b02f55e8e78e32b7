"""What is counted of a request beside its status, for the metrics (HD-4).

Left in the request's state: the metrics look when it is answered, and where there are none it costs
nothing. The outcomes are few words of ours.
"""

from enum import StrEnum
from typing import Final

from starlette.types import Scope

STATE: Final = "counted"


class Counted(StrEnum):
    """Each has a counter, with the outcome as its label."""

    API_KEY = "api_key"
    INTROSPECTION = "introspection"
    LEAK_REPORT = "leak_report"


def count(scope: Scope, what: Counted, outcome: str) -> None:
    """Note the outcome; said twice, the last one counts."""
    scope["state"].setdefault(STATE, {})[what] = outcome
