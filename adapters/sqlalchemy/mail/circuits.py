"""Circuits."""

from sqlalchemy import bindparam, select

from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.mail.tables import circuits
from adapters.sqlalchemy.statements import Core, InsertInto, Row, Statement, save_in
from application.mail.ports import CircuitRepository
from domain.errors import ConcurrentChange
from domain.mail.circuit import Circuit

_CIRCUIT = (
    circuits.c.name,
    circuits.c.failures,
    circuits.c.openings,
    circuits.c.open_until,
    circuits.c.probe_until,
    circuits.c.version,
)


def _hold(insert: InsertInto) -> Core:
    """Write the row, new or old, to lock it until the commit, and return it as it was."""
    fresh = {"failures": 0, "openings": 0, "version": 0}
    added = insert(circuits).values(name=bindparam("name"), **fresh)
    return added.on_conflict_do_update(
        index_elements=["name"], set_={"name": added.excluded.name}
    ).returning(*_CIRCUIT)


_GET = Statement(select(*_CIRCUIT).where(circuits.c.name == bindparam("name")))
_HOLD = Statement(_hold)
_SAVE = Statement(save_in(circuits, key="name"))


class SqlAlchemyCircuitRepository(CircuitRepository):
    """Circuits in ``circuits``; the row's lock is what holds one."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def get(self, name: str) -> Circuit:
        row = await self._execution.first(_GET, name=name)
        return Circuit(name=name) if row is None else _circuit_from(row)

    async def hold(self, name: str) -> Circuit:
        (row,) = await self._execution.all(_HOLD, name=name)
        return _circuit_from(row)

    async def save(self, circuit: Circuit) -> None:
        saved = await self._execution.run(
            _SAVE,
            name=circuit.name,
            failures=circuit.failures,
            openings=circuit.openings,
            open_until=circuit.open_until,
            probe_until=circuit.probe_until,
            version=circuit.version,
        )
        if not saved:
            raise ConcurrentChange
        circuit.version += 1


def _circuit_from(row: Row) -> Circuit:
    name, failures, openings, open_until, probe_until, version = row
    return Circuit(
        name=name,
        failures=failures,
        openings=openings,
        open_until=open_until,
        probe_until=probe_until,
        version=version,
    )
