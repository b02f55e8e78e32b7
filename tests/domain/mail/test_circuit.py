"""The circuit breaker as a state machine (OB-2)."""

from datetime import timedelta

from domain.mail.circuit import Circuit, CircuitPolicy, CircuitState
from tests.domain.samples import NOW

SECOND = timedelta(seconds=1)
POLICY = CircuitPolicy(
    failures=3, pause=10 * SECOND, longest_pause=60 * SECOND, patience=30 * SECOND
)


def broken(*, times: int = 3) -> Circuit:
    """Return a circuit that has seen so many failures."""
    circuit = Circuit(name="mail")
    for _ in range(times):
        circuit.failed(POLICY, now=NOW)
    return circuit


def test_it_opens_after_enough_failures_in_a_row_and_not_before() -> None:
    circuit = broken(times=2)
    assert circuit.state(NOW) is CircuitState.CLOSED
    circuit.succeeded()
    circuit.failed(POLICY, now=NOW)
    circuit.failed(POLICY, now=NOW)
    assert circuit.state(NOW) is CircuitState.CLOSED
    circuit.failed(POLICY, now=NOW)
    assert circuit.state(NOW) is CircuitState.OPEN


def test_it_is_half_open_when_the_pause_is_over_and_one_probe_is_given_out() -> None:
    circuit = broken()
    assert circuit.state(NOW + 10 * SECOND - SECOND) is CircuitState.OPEN
    assert not circuit.take_probe(POLICY, now=NOW)
    now = NOW + 10 * SECOND
    assert circuit.state(now) is CircuitState.HALF_OPEN
    assert circuit.take_probe(POLICY, now=now)
    assert not circuit.take_probe(POLICY, now=now)


def test_a_closed_circuit_has_no_probes() -> None:
    assert not Circuit(name="mail").take_probe(POLICY, now=NOW)


def test_a_probe_that_succeeds_closes_it_for_good() -> None:
    circuit = broken()
    circuit.take_probe(POLICY, now=NOW + 10 * SECOND)
    circuit.succeeded()
    assert circuit.state(NOW + 10 * SECOND) is CircuitState.CLOSED
    assert circuit.is_healthy
    circuit.failed(POLICY, now=NOW)
    assert circuit.state(NOW) is CircuitState.CLOSED
    assert not circuit.is_healthy


def test_each_probe_that_fails_doubles_the_pause_up_to_the_longest() -> None:
    """No busy loop, and no wait without an end."""
    circuit, now = broken(), NOW
    pauses = []
    for _ in range(6):
        assert circuit.open_until is not None
        pauses.append((circuit.open_until - now).total_seconds())
        now = circuit.open_until
        assert circuit.take_probe(POLICY, now=now)
        circuit.failed(POLICY, now=now)
    assert pauses == [10, 20, 40, 60, 60, 60]


def test_a_late_failure_of_another_worker_does_not_prolong_the_pause() -> None:
    circuit = broken()
    before = circuit.open_until
    circuit.failed(POLICY, now=NOW + SECOND)
    assert circuit.open_until == before


def test_a_cancelled_probe_is_no_failure_and_the_next_one_may_have_it() -> None:
    circuit = broken()
    now = NOW + 10 * SECOND
    circuit.take_probe(POLICY, now=now)
    circuit.give_probe_back()
    assert circuit.state(now) is CircuitState.HALF_OPEN
    assert circuit.take_probe(POLICY, now=now)


def test_a_probe_of_a_killed_worker_is_free_again_after_a_while() -> None:
    circuit = broken()
    now = NOW + 10 * SECOND
    circuit.take_probe(POLICY, now=now)
    assert not circuit.take_probe(POLICY, now=now + 29 * SECOND)
    assert circuit.take_probe(POLICY, now=now + 30 * SECOND)
