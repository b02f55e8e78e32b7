"""The unit of work: all of a change, or nothing of it.

Rollback is the default. The use case commits, at most once, before it builds its answer;
whatever leaves the block without a commit is undone. Nothing slow (hashing, mail) is awaited
inside one.

What can be reached inside is each capability's own affair: its ``ports`` declare a unit with the
repositories that it touches, such as :class:`application.sessions.ports.SessionsUnit`.
"""

from abc import abstractmethod
from types import TracebackType
from typing import Protocol, Self


class UnitOfWork(Protocol):
    """One transaction, from ``async with`` to ``commit``."""

    @abstractmethod
    async def __aenter__(self) -> Self:
        """Begin."""

    @abstractmethod
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Undo everything that was not committed."""

    @abstractmethod
    async def commit(self) -> None:
        """Make the change durable; on return it survives a crash.

        Raises :class:`~domain.errors.ServiceUnavailable` when that is not certain (DB-2), and
        whatever a change before it raises where the store finds that out only now.
        """


class UnitOfWorkFactory[U: UnitOfWork](Protocol):
    """Opens units of work of one kind."""

    @abstractmethod
    def __call__(self) -> U:
        """Return a unit of work that may write."""

    @abstractmethod
    def read_only(self) -> U:
        """Return one that only reads, each statement for itself; ``commit`` is an error.

        Cheaper, and it never waits for a writer.
        """
