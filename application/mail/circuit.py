"""Whether mail is worth a try now: one circuit for all workers, kept in the store (OB-2)."""

from collections.abc import Callable

from application.mail.ports import MailUnit
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from domain.mail.circuit import Circuit, CircuitPolicy, CircuitState

MAIL = "mail"


class MailCircuit:
    """Asked when mail is claimed, and told how the server took each message.

    While the circuit is closed this costs a read for each round and nothing for a message.
    """

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[MailUnit], clock: Clock, policy: CircuitPolicy
    ) -> None:
        self._unit_of_work, self._clock, self._policy = unit_of_work, clock, policy
        self._is_healthy = False

    async def state(self) -> CircuitState:
        """Return the state of the circuit."""
        async with self._unit_of_work.read_only() as unit:
            circuit = await unit.circuits.get(MAIL)
        return circuit.state(self._clock.now())

    async def allowance(self, unit: MailUnit, limit: int) -> int:
        """Return how many messages may be claimed: all, none, or the one probe.

        The probe is taken with the caller's commit, so that a round without mail takes none.
        """
        circuit = await unit.circuits.get(MAIL)
        self._is_healthy = circuit.is_healthy
        state, now = circuit.state(self._clock.now()), self._clock.now()
        if state is CircuitState.CLOSED:
            return limit
        if state is CircuitState.OPEN:
            return 0
        circuit = await unit.circuits.hold(MAIL)
        if not circuit.take_probe(self._policy, now=now):
            return 0
        await unit.circuits.save(circuit)
        return 1

    async def answered(self) -> None:
        """Note that the server is there, whatever it said of the message."""
        if not self._is_healthy:
            await self._change(Circuit.succeeded)
            self._is_healthy = True

    async def missed(self) -> bool:
        """Note that the server is away. Return whether another try is worth it."""
        self._is_healthy = False
        now = self._clock.now()
        circuit = await self._change(lambda each: each.failed(self._policy, now=now))
        return circuit.state(now) is CircuitState.CLOSED

    async def left_open(self) -> None:
        """Free the probe, if there was one: the round ended without a word from the server."""
        if not self._is_healthy:
            await self._change(Circuit.give_probe_back)

    async def _change(self, change: Callable[[Circuit], None]) -> Circuit:
        async def write() -> Circuit:
            async with self._unit_of_work() as unit:
                circuit = await unit.circuits.hold(MAIL)
                change(circuit)
                await unit.circuits.save(circuit)
                await unit.commit()
            return circuit

        return await retry_on_conflict(write)
