"""Which of two representations of an error the caller asks for (RFC 9110, section 12.5.1)."""

from starlette.types import Scope

_PROBLEM = "application/problem+json"
_JSON = "application/json"


def prefers_problem_json(scope: Scope) -> bool:
    """Tell whether ``Accept`` names RFC 9457's type, and JSON neither before it nor above it."""
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    if b"problem+json" not in accepted.lower():  # nearly always
        return False
    weights = _weights(accepted.decode("latin-1").lower())
    # The order of a dict is the order in the header, so max prefers the earlier of two equals.
    known = {kind: weight for kind, weight in weights.items() if kind in {_PROBLEM, _JSON}}
    return known.get(_PROBLEM, 0.0) > 0 and max(known, key=lambda kind: known[kind]) == _PROBLEM


def _weights(accepted: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for item in accepted.split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            weights.setdefault(kind, float(quality))
        except ValueError:
            weights.setdefault(kind, 0.0)
    return weights
