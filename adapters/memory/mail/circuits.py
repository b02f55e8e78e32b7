"""Circuits over one memory transaction."""

from dataclasses import replace

from adapters.memory.store import Table, Transaction
from application.mail.ports import CircuitRepository
from domain.errors import ConcurrentChange
from domain.mail.circuit import Circuit

CIRCUITS = Table[str, Circuit]("circuits", replace)


class MemoryCircuitRepository(CircuitRepository):
    """Circuits in a dictionary, by name; the store's lock is what holds one."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._circuits = transaction.table(CIRCUITS)

    async def get(self, name: str) -> Circuit:
        await self._transaction.reading()
        return self._circuits.get(name) or Circuit(name=name)

    async def hold(self, name: str) -> Circuit:
        await self._transaction.writing()
        return self._circuits.get(name) or Circuit(name=name)

    async def save(self, circuit: Circuit) -> None:
        await self._transaction.writing()
        kept = self._circuits.get(circuit.name) or Circuit(name=circuit.name)
        if kept.version != circuit.version:
            raise ConcurrentChange
        circuit.version += 1
        self._circuits.put(circuit.name, circuit)
