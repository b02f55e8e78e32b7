"""Look-ups that come at the same moment, collected into one statement for each kind (PostgreSQL).

Nearly every request begins with one: who is the caller? A busy process has several to ask at once,
and the way to the database and back costs it far more than the row: see
``docs/decisions/0048-look-ups-are-gathered.md``.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from adapters.sqlalchemy.connections import Connections
from adapters.sqlalchemy.errors import unavailable
from adapters.sqlalchemy.execution import OneByOne
from adapters.sqlalchemy.lookups import Lookup
from adapters.sqlalchemy.statements import Row

MOST_AT_ONCE: Final = 100
"""How many values one statement looks for; so that no request waits for the rows of thousands."""

type _Answer = asyncio.Future[Row | None]


class Gathering:
    """Answers the look-ups of one process.

    A statement is sent two rounds of the event loop after the first look-up that it answers. A
    look-up that comes before it is sent goes with it; one that comes later waits for another
    statement, and is answered with what is true then.

    As long as look-ups come one by one, each is sent at once and by itself.
    """

    __slots__ = ("_connections", "_has_company", "_number_alone", "_open", "_under_way")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._open: dict[Lookup, _Question] = {}
        """Questions that are not sent yet."""
        self._under_way: set[asyncio.Task[None]] = set()
        self._number_alone = 0
        """How many look-ups are under way by themselves."""
        self._has_company = False
        """Whether the last question was for several values, so that more are to be expected.

        A guess, of all kinds together: where it is wrong, a look-up goes alone or one round later.
        """

    async def find(self, lookup: Lookup, value: Any, *, by_itself: OneByOne) -> Row | None:
        """Return the row, or None; ``by_itself`` runs the look-up if no other is about.

        What a statement for several raises is raised to each of them.
        """
        if not (self._has_company or self._number_alone or self._under_way or self._open):
            self._number_alone += 1
            try:
                return await by_itself.first(lookup.one, sought=value)
            finally:
                self._number_alone -= 1
        question = self._open.get(lookup)
        if question is None:
            question = self._open[lookup] = _Question(lookup)
            # After all that is ready to run in this round, and what the next one finds at the
            # sockets: both may ask as well. A loop that has nothing else to do does not wait.
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._send, question)
        answer = question.answer_to(value)
        if question.is_full:
            del self._open[lookup]
        try:
            return await answer
        except asyncio.CancelledError:
            question.give_up()
            raise

    def _send(self, question: "_Question") -> None:
        if self._open.get(question.lookup) is question:
            del self._open[question.lookup]
        self._has_company = question.is_for_several
        # A task of its own, so that no request that ends takes the answer from the others. What is
        # logged in it has the id of the request that asked first.
        sending = question.send(OneByOne(self._connections))
        self._under_way.add(sending)
        sending.add_done_callback(self._under_way.discard)


class _Question:
    """The values that one statement looks for, and the requests that wait for the row of each."""

    __slots__ = ("_answers", "_sending", "is_for_several", "lookup")

    def __init__(self, lookup: Lookup) -> None:
        self.lookup, self.is_for_several = lookup, False
        self._answers: dict[Any, list[_Answer]] = {}
        self._sending: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether it looks for as many values as may be: their rows take time, not who waits."""
        return len(self._answers) >= MOST_AT_ONCE

    def answer_to(self, value: Any) -> _Answer:
        """Return what will have the value's row."""
        answer: _Answer = asyncio.get_running_loop().create_future()
        self.is_for_several = bool(self._answers)
        self._answers.setdefault(value, []).append(answer)
        return answer

    def send(self, execution: OneByOne) -> asyncio.Task[None]:
        """Ask the database; return the task that does."""
        loop = asyncio.get_running_loop()
        self._sending = asyncio.Task(self._ask(execution), loop=loop, eager_start=True)
        return self._sending

    def give_up(self) -> None:
        """Stop asking if no request waits any more."""
        if self._sending is not None and not self._waiting():
            self._sending.cancel()

    async def _ask(self, execution: OneByOne) -> None:
        if not self._waiting():
            return
        try:
            found = {self.lookup.value_in(row): row for row in await self._rows(execution)}
            for value, answers in self._answers.items():
                for answer in answers:
                    if not answer.done():
                        answer.set_result(found.get(value))
        except Exception as error:
            self._fail(error)
        finally:
            if self._waiting():  # however this ends, no request waits for nothing
                self._fail(unavailable())
            await execution.end()

    async def _rows(self, execution: OneByOne) -> Sequence[Row]:
        values = list(self._answers)
        if len(values) == 1:
            return await execution.all(self.lookup.one, sought=values[0])
        return await execution.all(self.lookup.many, sought=values)

    def _fail(self, error: Exception) -> None:
        for answer in self._waiting():
            answer.set_exception(error)

    def _waiting(self) -> list[_Answer]:
        answers = (answer for several in self._answers.values() for answer in several)
        return [answer for answer in answers if not answer.done()]


class GatheredReads(OneByOne):
    """Reads as :class:`OneByOne` does; look-ups go together with those of other requests."""

    __slots__ = ("_gathering",)

    def __init__(self, connections: Connections, gathering: Gathering) -> None:
        super().__init__(connections)
        self._gathering = gathering

    async def look_up(self, lookup: Lookup, value: Any) -> Row | None:
        """Return the row of this value, or None.

        A unit of work that holds a connection uses it: if it waited for another one meanwhile, all
        that hold one could wait for each other.
        """
        if self._connection is not None:
            return await super().look_up(lookup, value)
        return await self._gathering.find(lookup, value, by_itself=self)
