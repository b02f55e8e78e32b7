"""Look-ups that requests ask for at the same moment, gathered into one statement (PostgreSQL).

Nearly every request begins with one: who is it that calls? A busy process has several to ask at
once. The way to the database and back costs it far more than the row, and all of them can go it
together (``docs/decisions/0048-look-ups-are-gathered.md``).
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from adapters.sqlalchemy.connections import Connections
from adapters.sqlalchemy.execution import OneByOne
from adapters.sqlalchemy.lookups import Lookup
from adapters.sqlalchemy.statements import Row

MOST_AT_ONCE: Final = 100
"""How many values one statement looks for; so no request waits for the rows of thousands."""

type _Waiting = dict[Any, list[asyncio.Future[Row | None]]]


class Gathering:
    """Where look-ups of one process meet.

    A statement is sent in the round of the event loop after the first who asks, and whoever asks
    until then goes with it: nobody is told what was true before they asked. While look-ups come one
    by one, each goes at once and for itself, as if there were no others.
    """

    __slots__ = ("_alone", "_connections", "_next", "_under_way", "_were_several")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._next: dict[Lookup, _Question] = {}
        self._alone = 0
        self._under_way: set[asyncio.Task[None]] = set()
        self._were_several = False

    async def find(self, lookup: Lookup, value: Any, *, alone: OneByOne) -> Row | None:
        """Return the row, or None; ``alone`` is what reads it if nobody else asks.

        What a statement for several raises is raised to each of them.
        """
        if not (self._were_several or self._alone or self._under_way or self._next):
            self._alone += 1
            try:
                return await alone.first(lookup.one, sought=value)
            finally:
                self._alone -= 1
        question = self._next.get(lookup)
        if question is None:
            question = self._next[lookup] = _Question(lookup)
            asyncio.get_running_loop().call_soon(self._send, question)
        answer = question.answer_to(value)
        if question.is_full:
            del self._next[lookup]
        try:
            return await answer
        except asyncio.CancelledError:
            question.give_up()
            raise

    def _send(self, question: "_Question") -> None:
        if self._next.get(question.lookup) is question:
            del self._next[question.lookup]
        self._were_several = question.has_several
        sending = question.send(OneByOne(self._connections))
        self._under_way.add(sending)
        sending.add_done_callback(self._under_way.discard)


class _Question:
    """The values that one statement looks for, and who waits for the row of each."""

    __slots__ = ("_sending", "_waiting", "has_several", "lookup")

    def __init__(self, lookup: Lookup) -> None:
        self.lookup, self.has_several = lookup, False
        self._waiting: _Waiting = {}
        self._sending: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether it looks for as many values as may be."""
        return len(self._waiting) >= MOST_AT_ONCE

    def answer_to(self, value: Any) -> asyncio.Future[Row | None]:
        """Return what will have the value's row; each who waits has their own."""
        answer: asyncio.Future[Row | None] = asyncio.get_running_loop().create_future()
        self.has_several = bool(self._waiting)
        self._waiting.setdefault(value, []).append(answer)
        return answer

    def send(self, execution: OneByOne) -> asyncio.Task[None]:
        """Ask the database, beside all who wait: none of them takes the answer from the others."""
        loop = asyncio.get_running_loop()
        self._sending = asyncio.Task(self._ask(execution), loop=loop, eager_start=True)
        return self._sending

    def give_up(self) -> None:
        """Stop asking if nobody waits any more."""
        if self._sending is not None and not self._left():
            self._sending.cancel()

    async def _ask(self, execution: OneByOne) -> None:
        if not self._left():
            return
        try:
            rows = await self._rows(execution)
        except Exception as error:
            for answer in self._left():
                answer.set_exception(error)
        else:
            found = {self.lookup.value_in(row): row for row in rows}
            for value, answers in self._waiting.items():
                for answer in answers:
                    if not answer.done():
                        answer.set_result(found.get(value))
        finally:
            await execution.end()

    async def _rows(self, execution: OneByOne) -> Sequence[Row]:
        values = list(self._waiting)
        if len(values) == 1:
            return await execution.all(self.lookup.one, sought=values[0])
        return await execution.all(self.lookup.many, sought=values)

    def _left(self) -> list[asyncio.Future[Row | None]]:
        answers = (answer for several in self._waiting.values() for answer in several)
        return [answer for answer in answers if not answer.done()]


class GatheredReads(OneByOne):
    """Reads as :class:`OneByOne` does; what is looked up goes with the look-ups of others."""

    __slots__ = ("_gathering",)

    def __init__(self, connections: Connections, gathering: Gathering) -> None:
        super().__init__(connections)
        self._gathering = gathering

    async def look_up(self, lookup: Lookup, value: Any) -> Row | None:
        """Return the row of this value, or None.

        Who holds a connection asks for themselves: to wait for another one meanwhile could be to
        wait for each other, all of them.
        """
        if self._connection is not None:
            return await super().look_up(lookup, value)
        return await self._gathering.find(lookup, value, alone=self)
