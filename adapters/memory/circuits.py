"""Circuits over one memory transaction."""

from adapters.memory.store import Transaction
from application.ports.repositories import CircuitRepository
from domain.circuit import Circuit
from domain.errors import ConcurrentChange


class MemoryCircuitRepository(CircuitRepository):
    """Circuits in a dictionary, by name; the store's lock is what holds one."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._circuits = transaction.circuits

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
