"""What every repository of circuits promises."""

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.errors import ConcurrentChange
from domain.mail.circuit import Circuit, CircuitPolicy, CircuitState
from tests.contracts.samples import MINUTE, NOW, in_parallel, retrying, values_of

POLICY = CircuitPolicy(failures=2, pause=MINUTE, longest_pause=4 * MINUTE, patience=MINUTE)


async def test_one_that_was_never_written_is_closed(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    async with units.read_only() as work:
        circuit = await work.circuits.get("mail")
    assert values_of(circuit) == values_of(Circuit(name="mail"))
    async with units() as work:
        assert (await work.circuits.hold("mail")).state(NOW) is CircuitState.CLOSED


async def test_a_circuit_comes_out_as_it_went_in(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    await _break(units)
    async with units() as work:
        circuit = await work.circuits.hold("mail")
        assert circuit.take_probe(POLICY, now=NOW + MINUTE)
        await work.circuits.save(circuit)
        await work.commit()
    async with units.read_only() as work:
        kept = await work.circuits.get("mail")
        other = await work.circuits.get("another")
    assert values_of(kept) == values_of(circuit)
    assert other.is_healthy


async def test_an_old_copy_is_not_saved(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    await _break(units)
    async with units.read_only() as work:
        old = await work.circuits.get("mail")
    await _break(units)
    async with units() as work:
        with pytest.raises(ConcurrentChange):
            await work.circuits.save(old)


async def test_of_twenty_workers_at_once_one_gets_the_probe(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-2: a server that comes back meets one question."""
    await _break(units)

    async def probe() -> bool:
        async with units() as work:
            circuit = await work.circuits.hold("mail")
            taken = circuit.take_probe(POLICY, now=NOW + MINUTE)
            if taken:
                await work.circuits.save(circuit)
                await work.commit()
        return taken

    outcomes = await in_parallel(retrying(probe) for _ in range(20))
    assert sorted(map(str, outcomes)) == ["False"] * 19 + ["True"]


async def test_failures_of_many_workers_are_all_counted(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    outcomes = await in_parallel(_fail(units) for _ in range(10))
    assert outcomes == [None] * 10
    async with units.read_only() as work:
        assert (await work.circuits.get("mail")).failures == 10


async def _break(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    for _ in range(POLICY.failures):
        await _fail(units)


async def _fail(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    async with units() as work:
        circuit = await work.circuits.hold("mail")
        circuit.failed(POLICY, now=NOW)
        await work.circuits.save(circuit)
        await work.commit()
