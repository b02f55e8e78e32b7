"""What is dangerous wants a recent proof of who asks (HD-6)."""

from datetime import timedelta

import pytest

from domain.assurance import Assurance, Level, StepUpRequired
from domain.principal import ANONYMOUS, OPERATOR, SYSTEM, Principal, PrincipalKind
from tests.application.service import MINUTE
from tests.application.stories import Service


def recognised(service: Service, acr: Level, *, second_factor: bool) -> Principal:
    """Return a caller who showed just now who they are."""
    return Principal(
        kind=PrincipalKind.USER,
        assurance=Assurance(acr, ("pwd",), service.clock.now()),
        has_second_factor=second_factor,
    )


def refusal(service: Service, principal: Principal) -> dict[str, object]:
    """Return what the refusal says to show."""
    with pytest.raises(StepUpRequired) as refused:
        service.kernel.freshness.ensure(principal)
    step_up = refused.value.members["step_up"]
    assert isinstance(step_up, dict)
    return step_up


@pytest.mark.parametrize(
    ("second_factor", "acr", "wanted"),
    [(False, Level.AAL1, "aal1"), (True, Level.AAL2, "aal2"), (True, Level.PHR, "aal2")],
)
def test_a_proof_is_recent_for_as_long_as_the_operator_says(
    second_factor: bool, acr: Level, wanted: str
) -> None:
    """HD-6: REAUTHENTICATION_MAX_AGE, its last moment included."""
    service = Service(reauthentication=7 * MINUTE)
    caller = recognised(service, acr, second_factor=second_factor)
    service.clock.advance(7 * MINUTE)
    service.kernel.freshness.ensure(caller)
    service.clock.advance(timedelta(microseconds=1))
    assert refusal(service, caller) == {"acr": wanted, "max_age": 420}


def test_the_password_alone_is_too_little_where_there_is_a_factor() -> None:
    """MF-2: however recent it is."""
    service = Service()
    caller = recognised(service, Level.AAL1, second_factor=True)
    assert refusal(service, caller) == {"acr": "aal2", "max_age": 300}


def test_who_was_never_recognised_is_not_so_now() -> None:
    """HD-6: no session, no proof."""
    assert refusal(Service(), ANONYMOUS) == {"acr": "aal1", "max_age": 300}


@pytest.mark.parametrize("principal", [OPERATOR, SYSTEM])
def test_the_command_line_and_the_worker_have_nothing_to_show(principal: Principal) -> None:
    """They act without a session."""
    Service().kernel.freshness.ensure(principal)
