"""
The real service in this process, and a client of it that knows the way: sign up, read the mail,
prove the address, sign in. Every answer is held against the contract as it comes in.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast

import httpx
import pyotp
from fastapi import FastAPI
from sqlalchemy.pool import QueuePool

from application.credentials.ports import PasswordHasher
from application.mail.ports import Mailer
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.assurance import Assurance, Evidence, Method
from domain.audit.event import AuditEvent
from domain.email_address import EmailAddress
from domain.identifiers import SessionId, UserId
from domain.origin import NOWHERE
from domain.principal import OPERATOR
from domain.users.user import User
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.lifecycle import build_container, drain_outbox
from entrypoints.settings import Settings
from tests.http.contract import Contract
from tests.support.soft_passkey import SoftPasskey

PUBLIC_URL = "https://id.example.com"
SECRET_KEY = "nW3vT0qk2nq8kYp1T5oQ7u4m2b1vX9sR6wE0yA3cD5fG"
PASSWORD = "tea kettle under the violet moon"
NEW_PASSWORD = "seven quiet herons over the marsh"
WRONG_PASSWORD = "eleven loud herons over the marsh"
HERE = "203.0.113.7"

# Cheap on purpose: what is tested is that hashing happens, not that it hurts.
CHEAP: dict[str, Any] = {
    "argon2_memory_kib": 8,
    "argon2_time_cost": 1,
    "hashing_concurrency": 2,
    "hashing_queue": 1000,
}


def settings_for(url: str, **given: Any) -> Settings:
    """
    Return settings that take nothing from the environment of the run.
    """
    chosen: dict[str, Any] = {
        "database_url": url,
        "public_url": PUBLIC_URL,
        "secret_key": SECRET_KEY,
        "rate_limits": False,
        "run_worker": False,
        "migrate_on_start": False,
        "trusted_device_ttl": 30 * 24 * 3600,
        **CHEAP,
    }
    return Settings(_env_file=None, **{**chosen, **given})


@dataclass(frozen=True, slots=True)
class Tokens:
    """
    A token answer.
    """

    body: dict[str, Any]

    @property
    def access(self) -> str:
        return str(self.body["access_token"])

    @property
    def refresh(self) -> str:
        return str(self.body["refresh_token"])

    @property
    def session_id(self) -> str:
        return str(self.body["session"]["id"])

    @property
    def user_id(self) -> str:
        return str(self.body["user"]["id"])


class Api:
    """
    One instance of the service and a client that talks to it.

    The verbs expect success and return the data. What may be refused is asked with ``get``,
    ``post`` and their like, which return the answer.
    """

    def __init__(self, app: FastAPI, container: Container) -> None:
        self.app = app
        self.container = container
        self.settings: Settings = container.settings()
        self.contract = _contract(self.settings.environment)
        self.answers: list[httpx.Response] = []
        self.http = self.client()

    def client(self, address: str = HERE) -> httpx.AsyncClient:
        """
        Return a client that calls from this address.
        """
        transport = httpx.ASGITransport(self.app, client=(address, 4711))
        return httpx.AsyncClient(
            transport=transport,
            base_url="http://doorward.test",
            event_hooks={"response": [self._check]},
        )

    async def _check(self, answer: httpx.Response) -> None:
        await answer.aread()
        self.answers.append(answer)
        self.contract.check(answer)

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """
        Ask for anything; ``access`` is the caller's token.
        """
        access = options.pop("access", None)
        if access is not None:
            options["headers"] = {"authorization": f"Bearer {access}", **options.get("headers", {})}
        return await self.http.request(method, path, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.send("GET", path, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.send("DELETE", path, **options)

    async def patch(self, path: str, json: Any, **options: Any) -> httpx.Response:
        return await self.send("PATCH", path, json=json, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.send("POST", path, json=json, **options)

    # --- verbs -----------------------------------------------------------------------------

    async def sign_up(
        self, email: str = "ada@example.com", password: str = PASSWORD, **more: Any
    ) -> dict[str, Any]:
        """
        Make an account.
        """
        body = {"email": email, "password": password, **more}
        made: dict[str, Any] = data_of(await self.post("/api/v1/users", body), 201)
        return made

    async def mails(self, to: str | None = None) -> list[dict[str, Any]]:
        """
        Do the worker's round and return what the mailbox shows, the newest first.
        """
        await drain_outbox(self.container.service())
        answer = await self.get("/dev/mailbox", headers={"accept": "application/json"})
        assert answer.status_code == 200, answer.text
        mails: list[dict[str, Any]] = answer.json()["data"]
        return [mail for mail in mails if to is None or mail["to"].lower() == to.lower()]

    async def mailed_token(self, to: str = "ada@example.com", path: str = "/verify-email") -> str:
        """
        Return the newest secret that was mailed there for this purpose.
        """
        for mail in await self.mails(to):
            if mail["link"] and f"{path}?token=" in mail["link"]:
                return str(mail["token"])
        raise AssertionError(f"no mail to {to} with a link to {path}")

    async def confirm(self, token: str) -> dict[str, Any]:
        """
        Prove an address.
        """
        answer = await self.post("/api/v1/email-verifications/confirm", {"token": token})
        verified: dict[str, Any] = data_of(answer)
        return verified

    async def verified_user(
        self, email: str = "ada@example.com", password: str = PASSWORD, **more: Any
    ) -> dict[str, Any]:
        """
        Make an account and prove its address.
        """
        await self.sign_up(email, password, **more)
        return await self.confirm(await self.mailed_token(email))

    async def sign_in(
        self, email: str = "ada@example.com", password: str = PASSWORD, **options: Any
    ) -> Tokens:
        """
        Start a session.
        """
        body = {"email": email, "password": password}
        return Tokens(data_of(await self.post("/api/v1/sessions", body, **options), 201))

    async def enrol_totp(self, tokens: Tokens) -> tuple[pyotp.TOTP, dict[str, Any]]:
        """
        Add an authenticator app with the code of the step before this one; return it, and the
        answer.
        """
        mine, access = "/api/v1/users/me/factors", tokens.access
        begun = data_of(await self.post(f"{mine}/totp", access=access))
        app = pyotp.parse_uri(begun["uri"])
        assert isinstance(app, pyotp.TOTP)
        body = {"enrolment": begun["enrolment"], "code": code_of(app, steps=-1), "name": "Phone"}
        return app, data_of(await self.post(f"{mine}/totp/confirm", body, access=access), 201)

    async def challenge(
        self, email: str = "ada@example.com", password: str = PASSWORD
    ) -> dict[str, Any]:
        """
        Show the password alone; return what is asked for beside it.
        """
        answer = await self.try_sign_in(email, password)
        assert answer.status_code == 401, answer.text
        error = answer.json()["error"]
        assert error["code"] == "SECOND_FACTOR_REQUIRED"
        challenge: dict[str, Any] = error["challenge"]
        return challenge

    async def try_complete(
        self, challenge: str, proof: dict[str, Any], **options: Any
    ) -> httpx.Response:
        body = {"challenge": challenge, "proof": proof}
        return await self.post("/api/v1/sessions", body, **options)

    async def signed_in_user(self, email: str = "ada@example.com", **more: Any) -> Tokens:
        """
        Make an account, prove its address and start a session.
        """
        await self.verified_user(email, **more)
        return await self.sign_in(email, more.get("password", PASSWORD))

    async def me(self, tokens: Tokens) -> dict[str, Any]:
        """
        Return who the token says we are.
        """
        user: dict[str, Any] = data_of(await self.get("/api/v1/users/me", access=tokens.access))
        return user

    async def refresh(self, tokens: Tokens | str) -> Tokens:
        """
        Spend a refresh token.
        """
        return Tokens(data_of(await self.try_refresh(tokens)))

    async def try_refresh(self, tokens: Tokens | str) -> httpx.Response:
        token = tokens if isinstance(tokens, str) else tokens.refresh
        return await self.post("/api/v1/sessions/refresh", {"refresh_token": token})

    async def try_sign_in(
        self, email: str = "ada@example.com", password: str = PASSWORD, **options: Any
    ) -> httpx.Response:
        body = {"email": email, "password": password}
        return await self.post("/api/v1/sessions", body, **options)

    async def sign_out(self, tokens: Tokens) -> None:
        data_of(await self.delete("/api/v1/sessions/current", access=tokens.access), 204)

    async def sessions(self, tokens: Tokens) -> list[dict[str, Any]]:
        """
        Return the caller's sessions.
        """
        answer = await self.get("/api/v1/users/me/sessions", access=tokens.access)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    async def reset_token(self, email: str = "ada@example.com") -> str:
        """
        Ask for a reset and return the secret that was mailed.
        """
        data_of(await self.post("/api/v1/password-resets", {"email": email}), 202)
        return await self.mailed_token(email, "/reset-password")

    async def reset(self, token: str, new_password: str = NEW_PASSWORD) -> httpx.Response:
        body = {"token": token, "new_password": new_password}
        return await self.post("/api/v1/password-resets/confirm", body)

    async def change_password(
        self, tokens: Tokens, current: str | None = PASSWORD, new: str = NEW_PASSWORD
    ) -> httpx.Response:
        body = {"new_password": new, **_given(current_password=current)}
        return await self.post("/api/v1/users/me/password", body, access=tokens.access)

    async def ask_to_move(
        self, tokens: Tokens, new_email: str, password: str | None = PASSWORD
    ) -> httpx.Response:
        body = {"new_email": new_email, **_given(password=password)}
        return await self.post("/api/v1/users/me/email", body, access=tokens.access)

    async def erase(self, tokens: Tokens, password: str | None = PASSWORD) -> httpx.Response:
        body = _given(password=password)
        return await self.delete("/api/v1/users/me", json=body, access=tokens.access)

    def device(self, **facts: Any) -> SoftPasskey:
        """
        Return a device that can hold a passkey, on a page of the service.
        """
        chosen: dict[str, Any] = {"origin": self.settings.public_url} | facts
        return SoftPasskey(**chosen)

    async def enrol_passkey(
        self, tokens: Tokens, device: SoftPasskey | None = None, *, name: str | None = None
    ) -> tuple[SoftPasskey, dict[str, Any]]:
        """
        Add a passkey; return its device, and what the service answered.
        """
        device = device or self.device()
        begun = data_of(await self.post("/api/v1/users/me/factors/passkeys", access=tokens.access))
        body = {
            "enrolment": begun["enrolment"],
            "credential": device.create(begun["options"]),
            "name": name,
        }
        confirm = "/api/v1/users/me/factors/passkeys/confirm"
        answer = await self.post(confirm, body, access=tokens.access)
        return device, data_of(answer, 201)

    async def try_sign_in_with(self, device: SoftPasskey, **more: Any) -> httpx.Response:
        begun = data_of(await self.post("/api/v1/passkeys/challenges"))
        proof = {"passkey": device.get(begun["options"])}
        body = {"challenge": begun["challenge"], "proof": proof, **more}
        return await self.post("/api/v1/sessions", body)

    async def sign_in_with(self, device: SoftPasskey) -> Tokens:
        """
        Start a session with nothing but a passkey.
        """
        return Tokens(data_of(await self.try_sign_in_with(device), 201))

    async def administrator(self, email: str = "root@example.com") -> Tokens:
        """
        Make an administrator as an operator does, and sign them in.
        """
        await self.container.service().accounts.create_user(
            principal=OPERATOR,
            email=email,
            password=PASSWORD,
            display_name=None,
            roles=["administrator"],
            verified=True,
            origin=NOWHERE,
        )
        return await self.sign_in(email)

    async def try_step_up(
        self, tokens: Tokens, proof: dict[str, Any], **more: Any
    ) -> httpx.Response:
        """
        Show a proof in a session, with its refresh token.
        """
        body = {"refresh_token": tokens.refresh, "proof": proof, **more}
        return await self.post("/api/v1/sessions/current/proofs", body, access=tokens.access)

    async def step_up(self, tokens: Tokens, proof: dict[str, Any], **more: Any) -> Tokens:
        return Tokens(data_of(await self.try_step_up(tokens, proof, **more)))

    # --- what no client can see --------------------------------------------------------------

    async def grow_old(self, tokens: Tokens, by: timedelta = timedelta(minutes=10)) -> None:
        """
        Have the session know its user for longer than that.
        """
        async with self.units() as unit:
            session = await unit.sessions.get(SessionId.parse(tokens.session_id))
            assert session is not None
            known = session.assurance
            session.assurance = Assurance(known.acr, known.amr, known.at - by)
            await unit.sessions.save(session)
            await unit.commit()

    @property
    def units(self) -> UnitOfWorkFactory[ServiceUnit]:
        factory: UnitOfWorkFactory[ServiceUnit] = self.container.unit_of_work()
        return factory

    async def user(self, email: str) -> User | None:
        """
        Return the account of the mailbox as the store has it.
        """
        async with self.units.read_only() as unit:
            return await unit.users.find_by_email(EmailAddress.parse(email))

    async def shows(self, tokens: Tokens, *methods: Method) -> Tokens:
        """
        Note that this was shown in the session as well; return the tokens that know of it.
        """
        async with self.units() as unit:
            session = await unit.sessions.get(SessionId.parse(tokens.session_id))
            assert session is not None
            now = self.container.clock().now()
            session.assurance = session.assurance.raised_by(Evidence.of(*methods), at=now)
            await unit.sessions.save(session)
            await unit.commit()
        return await self.refresh(tokens)

    async def suspend(self, email: str) -> None:
        """
        Do what an administrator will be able to.
        """
        async with self.units() as unit:
            user = await unit.users.find_by_email(EmailAddress.parse(email))
            assert user is not None
            user.suspend("a test said so", now=self.container.clock().now())
            await unit.users.save(user)
            await unit.commit()

    async def audit(self, user_id: str, *types: str) -> list[AuditEvent]:
        """
        Return the audit rows about a user, the oldest first, of these types or of all.
        """
        async with self.units.read_only() as unit:
            rows = await unit.audit.about(UserId.parse(user_id), limit=10_000)
        return [row for row in reversed(rows) if not types or row.type in types]

    async def settled(self) -> None:
        """
        Return when no connection is on loan any more; fail if one stays away.
        """
        if self.settings.in_memory:
            store = self.container.memory_store()
            async with asyncio.timeout(5):
                # A background round may be in the middle of its own work.
                while store.open_units or store.write_lock.locked():  # noqa: ASYNC110  # no event
                    await asyncio.sleep(0)
            return
        pool = cast(QueuePool, self.container.engine().pool)
        async with asyncio.timeout(5):
            while pool.checkedout():  # noqa: ASYNC110  # a pool has no event to wait for
                await asyncio.sleep(0.002)


@cache
def _contract(environment: str) -> Contract:
    """
    Return what an instance of this kind says of itself; the same for all settings here.
    """
    settings = settings_for("memory://", environment=environment)
    app = create_app(build_container(settings))
    return Contract(app.openapi(), app.state.catalogue)


@asynccontextmanager
async def running_api(
    settings: Settings,
    *,
    clock: Clock | None = None,
    hasher: PasswordHasher | None = None,
    mailer: Mailer | None = None,
    beside: Api | None = None,
    at_once: bool = False,
) -> AsyncIterator[Api]:
    """
    Start the service as its server would, and stop it. Whatever the test did, every connection
    has to be back in the pool at its end (DU-5).

    ``at_once`` takes it as it is when a server would listen: perhaps not ready yet.

    ``beside`` is another instance over the same store, which memory has to be told.
    """
    container = build_container(settings)
    if clock is not None:
        container.clock.override(clock)
    if hasher is not None:
        container.hasher.override(hasher)
    if mailer is not None:
        container.mailer.override(mailer)
    if beside is not None and settings.in_memory:
        container.memory_store.override(beside.container.memory_store())
        container.mailbox.override(beside.container.mailbox())
    app = create_app(container)
    async with app.router.lifespan_context(app):
        if not at_once:
            await _started()
        api = Api(app, container)
        async with api.http:
            yield api
            await api.settled()


async def _started() -> None:
    """
    Wait for a start that takes longer than a server waits for it before it listens.
    """
    starting = {task for task in asyncio.all_tasks() if task.get_name() == "start-up"}
    if starting:
        async with asyncio.timeout(60):
            await asyncio.wait(starting)


class Shift(Clock):
    """
    Another clock's time, and so much more or less: an instance whose host is wrong.
    """

    def __init__(self, clock: Clock, by: timedelta) -> None:
        self._clock, self._by = clock, by

    def now(self) -> datetime:
        return self._clock.now() + self._by


def _given(**values: str | None) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def code_of(app: pyotp.TOTP, *, steps: int = 0) -> str:
    """
    Return the code that an authenticator app shows now, or so many steps away.

    One that the service still takes some seconds later: where a step is about to end, of the next.
    """
    about_to_end = timedelta(seconds=10)
    return app.at(datetime.now(UTC) + about_to_end + steps * timedelta(seconds=30))


def data_of(answer: httpx.Response, status: int = 200) -> Any:
    """
    Return the data of a success, or fail.
    """
    assert answer.status_code == status, f"{answer.status_code} instead of {status}: {answer.text}"
    return answer.json()["data"] if answer.content else None


def refusal_of(answer: httpx.Response) -> tuple[int, str]:
    """
    Return the status and the code of a refusal.
    """
    assert answer.status_code >= 400, f"{answer.status_code}: {answer.text}"
    return answer.status_code, str(answer.json()["error"]["code"])


def reason_of(answer: httpx.Response) -> str:
    """
    Return why a session is over.
    """
    assert refusal_of(answer) == (401, "SESSION_ENDED"), answer.text
    return str(answer.json()["error"]["details"][0]["code"])


def details_of(answer: httpx.Response) -> set[tuple[str, str]]:
    """
    Return the fields that a refusal names, with what is wrong about each.
    """
    return {(each["field"], each["code"]) for each in answer.json()["error"]["details"]}


def without_request_id(answer: httpx.Response) -> tuple[int, dict[str, Any], Sequence[Any]]:
    """
    Return all that a caller could compare of two answers.
    """
    body = answer.json() if answer.content else {}
    for part in ("meta", "error"):
        body.get(part, {}).pop("request_id", None)
    ignored = {"x-request-id", "date"}
    headers = sorted(pair for pair in answer.headers.multi_items() if pair[0] not in ignored)
    return answer.status_code, body, headers
