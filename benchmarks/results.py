"""One run as JSON: every round's figures, the rows made of them, and where they come from.

The form is ``doorward-bench/1``; ``docs/performance.md`` names its members. A file of another form
is refused with a sentence.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from benchmarks.judgement import Estimate, Goal, Verdict

type Sample = dict[str, float]
"""What one turn gave: figures by name, in seconds, megabytes or requests per second."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what was measured, against what, and the goal for it.

    ``found`` is a ratio of the two, or with a unit Doorward's own figure. More is better, but for
    ``less_is_better``.
    """

    name: str
    ours: str
    theirs: str
    found: Estimate
    unit: str = ""
    goal: Goal | None = None
    less_is_better: bool = False

    @property
    def verdict(self) -> Verdict:
        """What became of the goal."""
        return Verdict.NOT_ASKED if self.goal is None else self.goal.judge(self.found)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What else the machine did meanwhile."""

    load: float
    steal: float
    """The share of the processor's time that the host gave to other machines."""
    others: float
    """How many cores were busy with what this run did not start."""


@dataclass(frozen=True, slots=True)
class Result:
    """One run."""

    made_at: str
    seconds: float
    parameters: dict[str, float]
    machine: dict[str, str]
    versions: dict[str, str]
    database: dict[str, str]
    conditions: Conditions
    rounds: dict[str, dict[str, list[Sample]]]
    """By the work and the contender."""
    rows: list[Row]
    notes: list[str] = field(default_factory=list)
    format: Literal["doorward-bench/1"] = "doorward-bench/1"


class NotAResult(Exception):
    """A file cannot be read as a result; the text says why."""


_RESULT = TypeAdapter(Result)


def write(result: Result, path: Path) -> None:
    """Write the file, and the folders that it stands in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_RESULT.dump_json(result, indent=1) + b"\n")


def read(path: Path) -> Result:
    """Return the result that the file holds. Raises :class:`NotAResult`."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotAResult(f"{path} cannot be read: {error.strerror}") from error
    try:
        return _RESULT.validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        why = f"{where}: {first['msg']}" if where else first["msg"]
        raise NotAResult(f"{path} is not a result that `make bench` wrote ({why})") from error
