"""Memory, SQLite and PostgreSQL are driven with the same commands and must look the same.

The commands are the moves of the use cases, with old copies and rollbacks in between. What each
command answers, or refuses with, is compared, and after it everything that can be read.
"""

import asyncio
import secrets
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from adapters.memory.service_unit import MemoryUnitOfWork
from adapters.memory.store import MemoryStore
from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.credentials.one_time_token import Purpose
from domain.credentials.sign_in_attempts import AttemptPolicy
from domain.email_address import EmailAddress
from domain.errors import DomainError
from domain.identifiers import SessionId, UserId
from domain.mail.message import MessageStatus, OutboxMessage
from domain.principal import ADMINISTRATOR
from domain.sessions.refresh_token import RefreshToken
from domain.sessions.session import EndReason, Replayed, Reused, Rotated
from domain.users.user import User
from tests.contracts.samples import (
    HOUR,
    KINDS,
    MINUTE,
    NOW,
    POLICY,
    SECOND,
    a_credential,
    a_message,
    a_session,
    a_token,
    a_user,
    an_audit_event,
    values_of,
)

type Units = UnitOfWorkFactory[ServiceUnit]
type Command = Callable[[ServiceUnit, int], Awaitable[Any]]

LOCAL_PARTS = ["ada", "Ada", "ADA", "grace", "Grace"]
ATTEMPTS = AttemptPolicy(attempts=3, first_lock=MINUTE)
COMMITS = st.sampled_from([True, True, True, False])
_examples = count()


class LoopThread:
    """An event loop beside the test, which is as synchronous as Hypothesis wants it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run[T](self, call: Coroutine[Any, Any, T]) -> T:
        """Return what the coroutine returns."""
        return asyncio.run_coroutine_threadsafe(call, self._loop).result(timeout=60)

    def close(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()


class StoresMachine(RuleBasedStateMachine):
    """Does the same to every store. All examples share the stores, so each has its own names."""

    users: Bundle[UserId] = Bundle("users")
    copies: Bundle[list[User]] = Bundle("copies")
    sessions: Bundle[SessionId] = Bundle("sessions")
    refresh_tokens: Bundle[RefreshToken] = Bundle("refresh_tokens")
    digests: Bundle[bytes] = Bundle("digests")
    messages: Bundle[OutboxMessage] = Bundle("messages")

    def __init__(self, stores: Sequence[Units], thread: LoopThread) -> None:
        super().__init__()
        self.stores = stores
        self.thread = thread
        self.domain = f"example{next(_examples)}.com"
        self.now = NOW
        self.known_users: list[UserId] = []
        self.known_sessions: list[SessionId] = []
        self.known_digests: list[bytes] = []

    # --- users -----------------------------------------------------------------------------------

    @rule(target=users, local_part=st.sampled_from(LOCAL_PARTS), commit=COMMITS)
    def sign_up(self, local_part: str, commit: bool) -> UserId:
        user = a_user(f"{local_part}@{self.domain}", now=self.now)
        self.known_users.append(user.id)

        async def add(work: ServiceUnit, _: int) -> None:
            await work.users.add(copy(user))
            await work.credentials.add(a_credential(user))
            await work.audit.append(registered)

        registered = an_audit_event(at=self.now, actor=user.id)
        self.everywhere(add, commit=commit)
        return user.id

    @rule(
        user_id=users,
        change=st.sampled_from(["verify", "rename", "suspend", "reinstate", "grant", "move"]),
        word=st.sampled_from(["grace", "GRACE", "Ada", "x"]),
        commit=COMMITS,
    )
    def change_user(self, user_id: UserId, change: str, word: str, commit: bool) -> None:
        async def load_change_save(work: ServiceUnit, _: int) -> Any:
            user = await work.users.get(user_id)
            if user is None:
                return None
            self._change(user, change, word)
            await work.users.save(user)
            if change == "suspend":
                await work.sessions.end_all(user_id, EndReason.USER_SUSPENDED, now=self.now)
            return user

        self.everywhere(load_change_save, commit=commit)

    @rule(target=copies, user_id=users)
    def load_a_copy(self, user_id: UserId) -> Any:
        async def load(work: ServiceUnit, _: int) -> User | None:
            return await work.users.get(user_id)

        loaded = self.everywhere(load, commit=False)
        return multiple() if loaded[0] is None else loaded

    @rule(
        copies_of_one=copies,
        change=st.sampled_from(["verify", "rename", "move", "nothing"]),
        word=st.sampled_from(["grace", "y"]),
        commit=COMMITS,
    )
    def save_an_old_copy(
        self, copies_of_one: list[User], change: str, word: str, commit: bool
    ) -> None:
        """Saved or refused; what a failed or undone save leaves in the copy does not count."""

        async def save(work: ServiceUnit, store: int) -> Any:
            user = copy(copies_of_one[store])
            self._change(user, change, word)
            await work.users.save(user)
            return user

        self.everywhere(save, commit=commit)

    @rule(target=refresh_tokens, copies_of_one=copies, commit=COMMITS)
    def sign_in_with_an_old_copy(self, copies_of_one: list[User], commit: bool) -> RefreshToken:
        session, token = a_session(copies_of_one[0], now=self.now)
        self.known_sessions.append(session.id)

        async def sign_in(work: ServiceUnit, store: int) -> None:
            await work.users.record_sign_in(copies_of_one[store], at=self.now)
            await work.sessions.add(copy(session))

        self.everywhere(sign_in, commit=commit)
        return token

    @rule(user_id=users, commit=COMMITS)
    def remove_user(self, user_id: UserId, commit: bool) -> None:
        self.everywhere(lambda work, _: work.users.remove(user_id), commit=commit)

    # --- credentials and guesses -----------------------------------------------------------------

    @rule(
        user_id=users,
        change=st.sampled_from(["add", "replace", "contest", "remove"]),
        commit=COMMITS,
    )
    def change_credential(self, user_id: UserId, change: str, commit: bool) -> None:
        async def do(work: ServiceUnit, _: int) -> Any:
            credential = await work.credentials.get(user_id)
            if change == "remove":
                await work.credentials.remove(user_id)
            elif change == "add" or credential is None:
                user = await work.users.get(user_id)
                if user is not None:
                    await work.credentials.add(a_credential(user))
            else:
                if change == "replace":
                    credential.replace(f"hash at {self.now}", now=self.now)
                else:
                    credential.contest()
                await work.credentials.save(credential)
            return credential

        self.everywhere(do, commit=commit)

    @rule(local_part=st.sampled_from(["ada", "grace"]), commit=COMMITS)
    def guess(self, local_part: str, commit: bool) -> None:
        async def reserve(work: ServiceUnit, _: int) -> Any:
            attempts = await work.attempts.hold(self._attempt_key(local_part))
            last = attempts.reserve(ATTEMPTS, now=self.now)
            await work.attempts.save(attempts)
            return last, attempts

        self.everywhere(reserve, commit=commit)

    @rule(local_part=st.sampled_from(["ada", "grace"]), commit=COMMITS)
    def guess_right(self, local_part: str, commit: bool) -> None:
        key = self._attempt_key(local_part)
        self.everywhere(lambda work, _: work.attempts.clear(key), commit=commit)

    # --- sessions --------------------------------------------------------------------------------

    @rule(target=refresh_tokens, user_id=users, commit=COMMITS)
    def start_session(self, user_id: UserId, commit: bool) -> RefreshToken:
        owner = a_user()
        owner.id = user_id
        session, token = a_session(owner, now=self.now)
        self.known_sessions.append(session.id)
        self.everywhere(lambda work, _: work.sessions.add(copy(session)), commit=commit)
        return token

    @rule(target=refresh_tokens, token=refresh_tokens, commit=COMMITS)
    def refresh(self, token: RefreshToken, commit: bool) -> Any:
        """Rotation, replay and reuse, as the age of the token has it."""
        secret = secrets.token_bytes(32)

        async def rotate(work: ServiceUnit, _: int) -> Any:
            both = await work.sessions.get_with_user(token.session_id)
            if both is None:
                return None
            session, _user = both
            outcome = session.rotate(
                token, policy=POLICY, now=self.now, entropy=lambda length: secret[:length]
            )
            if isinstance(outcome, Rotated | Reused):
                await work.sessions.save(session)
            return outcome

        outcome = self.everywhere(rotate, commit=commit)[0]
        return outcome.token if isinstance(outcome, Rotated | Replayed) else multiple()

    @rule(token=refresh_tokens, commit=COMMITS)
    def sign_out(self, token: RefreshToken, commit: bool) -> None:
        async def end(work: ServiceUnit, _: int) -> Any:
            session = await work.sessions.get(token.session_id)
            if session is None or session.end(EndReason.SIGNED_OUT, now=self.now) is None:
                return False
            await work.sessions.save(session)
            return True

        self.everywhere(end, commit=commit)

    @rule(
        user_id=users,
        kept=st.none() | refresh_tokens,
        keep_newest=st.sampled_from([0, 0, 1, 2]),
        commit=COMMITS,
    )
    def end_all(
        self, user_id: UserId, kept: RefreshToken | None, keep_newest: int, commit: bool
    ) -> None:
        self.everywhere(
            lambda work, _: work.sessions.end_all(
                user_id,
                EndReason.REVOKED_BY_USER,
                now=self.now,
                keep=kept.session_id if kept else None,
                keep_newest=keep_newest,
            ),
            commit=commit,
        )

    # --- mailed secrets and mail -----------------------------------------------------------------

    @rule(
        target=digests,
        copies_of_one=copies,
        purpose=st.sampled_from(Purpose),
        commit=COMMITS,
    )
    def mail_a_secret(self, copies_of_one: list[User], purpose: Purpose, commit: bool) -> bytes:
        token, _ = a_token(copies_of_one[0], purpose)
        self.known_digests.append(token.digest)
        self.everywhere(lambda work, _: work.one_time_tokens.put(token), commit=commit)
        return token.digest

    @rule(digest=digests, commit=COMMITS)
    def spend_a_secret(self, digest: bytes, commit: bool) -> None:
        self.everywhere(lambda work, _: work.one_time_tokens.take(digest), commit=commit)

    @rule(user_id=users, purposes=st.lists(st.sampled_from(Purpose), unique=True), commit=COMMITS)
    def discard_secrets(self, user_id: UserId, purposes: list[Purpose], commit: bool) -> None:
        self.everywhere(
            lambda work, _: work.one_time_tokens.discard(user_id, purposes), commit=commit
        )

    @rule(target=messages, commit=COMMITS)
    def queue_mail(self, commit: bool) -> OutboxMessage:
        message = a_message(queued_at=self.now)
        self.everywhere(lambda work, _: work.outbox.enqueue(message), commit=commit)
        return message

    @rule(limit=st.integers(1, 3), commit=COMMITS)
    def claim_mail(self, limit: int, commit: bool) -> None:
        self.everywhere(
            lambda work, _: work.outbox.claim(kinds=KINDS, limit=limit, lease=MINUTE, now=self.now),
            commit=commit,
        )

    @rule(
        message=consumes(messages),
        claimed_as=st.integers(0, 3),
        status=st.sampled_from([MessageStatus.SENT, MessageStatus.DEAD, MessageStatus.EXPIRED]),
        postponed=st.booleans(),
    )
    def close_mail(
        self, message: OutboxMessage, claimed_as: int, status: MessageStatus, postponed: bool
    ) -> None:
        held = replace(message, attempts=claimed_as)

        async def close(work: ServiceUnit, _: int) -> bool:
            if postponed:
                return await work.outbox.postpone(held, until=self.now + MINUTE, error="451")
            return await work.outbox.close(held, status, now=self.now, error="250")

        self.everywhere(close, commit=True)

    # --- time ------------------------------------------------------------------------------------

    @rule(by=st.sampled_from([SECOND, 20 * SECOND, 2 * MINUTE, 2 * HOUR, timedelta(days=8)]))
    def wait(self, by: timedelta) -> None:
        self.now += by

    @rule(age=st.sampled_from([MINUTE, timedelta(days=7)]), commit=COMMITS)
    def purge(self, age: timedelta, commit: bool) -> None:
        async def remove_the_old(work: ServiceUnit, _: int) -> Any:
            before = self.now - age
            return (
                await work.sessions.purge(over_before=before, limit=999),
                await work.sessions.wipe_successors(rotated_before=before, limit=999),
                await work.one_time_tokens.purge(now=self.now, limit=999),
                await work.attempts.purge(before=before, limit=999),
                await work.outbox_ledger.purge(before=before, limit=999),
                await work.outbox_ledger.wipe_dead(now=NOW, limit=999),
            )

        self.everywhere(remove_the_old, commit=commit)

    # --- comparing -------------------------------------------------------------------------------

    def everywhere(self, command: Command, *, commit: bool) -> list[Any]:
        """Run the command in one unit of each store and return what each answered."""

        async def in_each() -> list[Any]:
            return [
                await _outcome(units, command, store, commit=commit)
                for store, units in enumerate(self.stores)
            ]

        outcomes = self.thread.run(in_each())
        plain = [_plain(outcome) for outcome in outcomes]
        assert all(each == plain[0] for each in plain[1:]), plain
        return outcomes

    @invariant()
    def all_stores_look_the_same(self) -> None:
        async def look_at_each() -> list[Any]:
            return [_plain(await self._view(units)) for units in self.stores]

        views = self.thread.run(look_at_each())
        for view in views[1:]:
            assert view == views[0]

    async def _view(self, units: Units) -> dict[str, Any]:
        """Return everything that a reader can learn about this example."""
        view: dict[str, Any] = {}
        async with units.read_only() as work:
            for user_id in self.known_users:
                view[f"user {user_id}"] = await work.users.get(user_id)
                view[f"credential {user_id}"] = await work.credentials.get(user_id)
                view[f"audit {user_id}"] = await work.audit.about(user_id, limit=5)
                view[f"living {user_id}"] = await work.sessions.list_living(
                    user_id, now=self.now, limit=100
                )
                view[f"kept {user_id}"] = await work.sessions.list_kept(user_id, limit=100)
            view["users"] = await work.users.get_many(self.known_users)
            for local_part in ("ada", "grace", "x", "y"):
                email = EmailAddress.parse(f"{local_part}@{self.domain}")
                view[f"mailbox {local_part}"] = await work.users.find_by_email(email)
            for session_id in self.known_sessions:
                view[f"session {session_id}"] = await work.sessions.get_with_user(session_id)
            for digest in self.known_digests:
                view[f"secret {digest!r}"] = await work.one_time_tokens.find(digest)
            view["census"] = await work.outbox_ledger.census()
        return view

    def _change(self, user: User, change: str, word: str) -> None:
        match change:
            case "verify":
                user.verify_email(now=self.now)
            case "rename":
                user.rename(word, now=self.now)
            case "suspend":
                user.suspend(word, now=self.now)
            case "reinstate":
                user.reinstate(now=self.now)
            case "grant":
                user.grant(ADMINISTRATOR, now=self.now)
            case "move":
                email = EmailAddress.parse(f"{word}@{self.domain}")
                user.change_email(email, now=self.now)
            case _:
                pass

    def _attempt_key(self, local_part: str) -> bytes:
        return f"{local_part}@{self.domain}".encode().rjust(32, b"\x00")[-32:]


async def _outcome(units: Units, command: Command, store: int, *, commit: bool) -> Any:
    try:
        async with units() as work:
            answer = await command(work, store)
            if commit:
                await work.commit()
            return answer
    except DomainError as refusal:
        return type(refusal), refusal.retry_after


def _plain(value: Any) -> Any:
    """Return the value in a form that can be compared: entities have no equality."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, datetime):
        return {"kind": type(value).__name__} | values_of(value)
    return value


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    try:
        yield thread
    finally:
        thread.close()


def test_all_stores_are_the_same_store(
    sqlite_url: str, postgres_url: str, thread: LoopThread
) -> None:
    from adapters.sqlalchemy.engine import create_engine
    from adapters.sqlalchemy.service_unit import SqlAlchemyUnitOfWork
    from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory

    async def open_engines() -> list[Any]:
        return [create_engine(url, pool_size=2) for url in (sqlite_url, postgres_url)]

    async def close_engines() -> None:
        for engine in engines:
            await engine.dispose()

    engines = thread.run(open_engines())
    stores: list[Units] = [
        MemoryUnitOfWorkFactory(MemoryStore(), MemoryUnitOfWork),
        *(SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork) for engine in engines),
    ]

    class Machine(StoresMachine):
        def __init__(self) -> None:
            super().__init__(stores, thread)

    try:
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=25,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        thread.run(close_engines())
