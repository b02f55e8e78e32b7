"""Guesses in `sign_in_attempts`."""

from datetime import datetime

from sqlalchemy import bindparam, delete, literal_column, select

from adapters.sqlalchemy.credentials.passwords import CREDENTIAL, credential_from
from adapters.sqlalchemy.credentials.tables import sign_in_attempts
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.statements import (
    Core,
    InsertInto,
    Row,
    Statement,
    Written,
    delete_some,
    every_column,
    save_in,
)
from adapters.sqlalchemy.users.rows import USER, user_from
from adapters.sqlalchemy.users.tables import password_credentials, users
from application.credentials.ports import Guessed, SignInAttemptsRepository
from domain.credentials.sign_in_attempts import SignInAttempts
from domain.email_address import EmailAddress

ATTEMPTS = (
    sign_in_attempts.c.key,
    sign_in_attempts.c.failures,
    sign_in_attempts.c.locks,
    sign_in_attempts.c.locked_until,
    sign_in_attempts.c.last_attempt_at,
    sign_in_attempts.c.version,
)


def attempts_from(row: Row) -> SignInAttempts:
    """Return the guesses that a row of ``ATTEMPTS`` tells of."""
    key, failures, locks, locked_until, last_attempt_at, version = row
    return SignInAttempts(
        key=key,
        failures=failures,
        locks=locks,
        locked_until=locked_until,
        last_attempt_at=last_attempt_at,
        version=version,
    )


def attempts_values(attempts: SignInAttempts) -> Written:
    """Return all that is written of the guesses at one address."""
    return {
        "key": attempts.key,
        "failures": attempts.failures,
        "locks": attempts.locks,
        "locked_until": attempts.locked_until,
        "last_attempt_at": attempts.last_attempt_at,
        "version": attempts.version,
    }


def _hold_attempts(insert: InsertInto) -> Core:
    """Write the row, new or old, to lock it until the commit, and return it as it was.

    One statement rather than an insert and a locking select, between which the record could
    be cleared by another transaction.
    """
    fresh = {"failures": 0, "locks": 0, "version": 0}
    added = insert(sign_in_attempts).values(key=bindparam("key"), **fresh)
    return added.on_conflict_do_update(
        index_elements=["key"], set_={"key": added.excluded.key}
    ).returning(*ATTEMPTS)


def _begin_attempts(insert: InsertInto) -> Core:
    """Write a record that was never saved, unless another one has been by now."""
    written = every_column(sign_in_attempts)
    version = written["version"] + 1
    added = insert(sign_in_attempts).values({**written, "version": version})
    return added.on_conflict_do_update(
        index_elements=["key"],
        set_={name: added.excluded[name] for name in written if name != "key"},
        where=sign_in_attempts.c.version == _UNSAVED,
    )


_UNSAVED = 0
_WIDE = len(ATTEMPTS)
_WIDER = _WIDE + len(CREDENTIAL)
_ALL = select(literal_column("1").label("one")).subquery("all")
_LOOK_UP = Statement(
    select(*ATTEMPTS, *CREDENTIAL, *USER).select_from(
        _ALL.outerjoin(sign_in_attempts, sign_in_attempts.c.key == bindparam("key"))
        .outerjoin(users, users.c.email_key == bindparam("email_key"))
        .outerjoin(password_credentials, password_credentials.c.user_id == users.c.id)
    )
)
_FIND_ATTEMPTS = Statement(select(*ATTEMPTS).where(sign_in_attempts.c.key == bindparam("key")))
_HOLD_ATTEMPTS = Statement(_hold_attempts)
_BEGIN_ATTEMPTS = Statement(_begin_attempts)
_SAVE_ATTEMPTS = Statement(save_in(sign_in_attempts, key="key"))
_CLEAR_ATTEMPTS = Statement(
    delete(sign_in_attempts).where(sign_in_attempts.c.key == bindparam("key"))
)
_CLEAR_TWO = Statement(
    delete(sign_in_attempts).where(
        sign_in_attempts.c.key.in_([bindparam("key"), bindparam("other")])
    )
)
_PURGE_ATTEMPTS = delete_some(
    sign_in_attempts,
    sign_in_attempts.c.key,
    sign_in_attempts.c.last_attempt_at < bindparam("before"),
)


class SqlAlchemySignInAttemptsRepository(SignInAttemptsRepository):
    """Guesses in ``sign_in_attempts``; the row's lock is what holds a record (RL-1)."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def look_up(self, email: EmailAddress, key: bytes) -> Guessed:
        (row,) = await self._execution.all(_LOOK_UP, key=key, email_key=email.key)
        attempts, credential, user = row[:_WIDE], row[_WIDE:_WIDER], row[_WIDER:]
        return Guessed(
            attempts=SignInAttempts(key=key) if attempts[0] is None else attempts_from(attempts),
            user=None if user[0] is None else user_from(user),
            credential=None if credential[0] is None else credential_from(credential),
        )

    async def find(self, key: bytes) -> SignInAttempts:
        row = await self._execution.first(_FIND_ATTEMPTS, key=key)
        return SignInAttempts(key=key) if row is None else attempts_from(row)

    async def hold(self, key: bytes) -> SignInAttempts:
        (row,) = await self._execution.all(_HOLD_ATTEMPTS, key=key)
        return attempts_from(row)

    async def save(self, attempts: SignInAttempts) -> None:
        save = _BEGIN_ATTEMPTS if attempts.version == _UNSAVED else _SAVE_ATTEMPTS
        self._execution.write(save, attempts_values(attempts), guarded=True)
        attempts.version += 1

    async def clear(self, *keys: bytes) -> None:
        for first, second in zip(keys[::2], [*keys[1::2], None], strict=False):
            if second is None:
                self._execution.write(_CLEAR_ATTEMPTS, {"key": first})
            else:
                # At once: no held statement writes to a table twice (adapters.sqlalchemy.held).
                self._execution.write(_CLEAR_TWO, {"key": first, "other": second})

    async def purge(self, *, before: datetime, limit: int) -> int:
        return await self._execution.run(_PURGE_ATTEMPTS, before=before, limit=limit)
