"""
How often each use case has PostgreSQL answer, held against `round_trips.json`.

A use case is what a capability gives out and a caller awaits, without a unit of work of the
caller's. It is counted at the driver, within a whole request or on its own, where it succeeds; of
several times the dearest one. Memory and SQLite have no trips to count.
"""

import inspect
import json
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from application.idempotency import Ticket
from application.service import Service
from domain.principal import OPERATOR
from entrypoints.lifecycle import drain_outbox
from tests.http.api_keys.holders import program
from tests.http.client import PASSWORD, WRONG_PASSWORD, Api, code_of, data_of
from tests.http.conftest import Start
from tests.http.test_every_operation import EVERY_METHOD, visit_every_operation
from tests.support.round_trips import asked, told_each_query

BUDGETS = Path(__file__).with_name("round_trips.json")

postgres_only = pytest.mark.parametrize("store", ["postgres"])


@dataclass(slots=True)
class Call:
    """
    One call of a use case, and how often the database was asked within it.
    """

    name: str
    round_trips: int = 0


class Counter:
    """
    Counts for every use case of a service, those within another one too.
    """

    def __init__(self, service: Service[Any]) -> None:
        self.calls: list[Call] = []
        self._running: ContextVar[tuple[Call, ...]] = ContextVar("running", default=())
        self._found = dict(_use_cases(service))

    @property
    def use_cases(self) -> set[str]:
        return set(self._found.values())

    @property
    def round_trips(self) -> dict[str, int]:
        return {
            name: max(call.round_trips for call in self.calls if call.name == name)
            for name in sorted({call.name for call in self.calls})
        }

    def listen(self, monkeypatch: pytest.MonkeyPatch, service: Service[Any]) -> None:
        for part in _parts(service).values():
            for method in _methods(part):
                if (original := getattr(type(part), method)).__name__ != "counted":
                    monkeypatch.setattr(type(part), method, self._counted(method, original))

    def forget(self, name: str) -> None:
        self.calls = [call for call in self.calls if call.name != name]

    def count(self, _query: str) -> None:
        for call in self._running.get():
            call.round_trips += 1

    def _counted(
        self, method: str, original: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        async def counted(part: Any, *given: Any, **named: Any) -> Any:
            call = Call(self._found.get((id(part), method), ""))
            token = self._running.set((*self._running.get(), call))
            try:
                answer = await original(part, *given, **named)
            finally:
                self._running.reset(token)
            if call.name:
                self.calls.append(call)
            return answer

        return counted


def _parts(service: Service[Any]) -> dict[str, Any]:
    """
    Return what the capabilities give out, by name.
    """
    found: dict[str, Any] = {}
    for name in sorted(name for name in dir(Service) if not name.startswith("_")):
        capability = getattr(service, name)
        if given_out := _given_out(capability):
            found |= {f"{name}.{part}": getattr(capability, part) for part in given_out}
        else:
            found[name] = capability
    return {
        name: part
        for name, part in found.items()
        if type(part).__module__.startswith("application.")
    }


def _given_out(capability: Any) -> list[str]:
    """
    Return what a capability has, by name; nothing for one that is a use case itself.
    """
    if is_dataclass(capability):
        return [field.name for field in fields(capability)]
    found = inspect.getmembers(type(capability), lambda each: isinstance(each, cached_property))
    return [name for name, _ in found if not name.startswith("_")]


def _methods(part: Any) -> Iterator[str]:
    for name, method in inspect.getmembers(type(part), inspect.iscoroutinefunction):
        is_private = name.startswith("_") and name != "__call__"
        if not is_private and "unit" not in inspect.signature(method).parameters:
            yield name


def _use_cases(service: Service[Any]) -> Iterator[tuple[tuple[int, str], str]]:
    for name, part in _parts(service).items():
        for method in _methods(part):
            yield (id(part), method), name if method == "__call__" else f"{name}.{method}"


@postgres_only
async def test_each_use_case_keeps_to_its_round_trips(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    One that makes more was made slower; one that makes fewer lowers its budget for good.
    """
    api = await start(rate_limits=True, sign_in_methods=EVERY_METHOD)
    service = api.container.service()
    counter = Counter(service)
    counter.listen(monkeypatch, service)
    async with told_each_query(api.container.engine(), counter.count):
        await visit_every_operation(api)
        await _see_to_what_no_operation_does(api)
        await drain_outbox(service)
        counter.forget("relay")
        await _relay_one_message(api)
    counted = counter.round_trips
    assert counter.use_cases == counted.keys(), "a use case is visited neither here nor by a route"
    budgets: dict[str, int] = json.loads(BUDGETS.read_text(encoding="utf-8"))
    assert counted.keys() == budgets.keys(), f"name it in {BUDGETS.name}, or take it out there"
    dearer = {name: trips for name, trips in counted.items() if trips > budgets[name]}
    assert dearer == {}, "makes more round trips than its budget"
    cheaper = {name: trips for name, trips in counted.items() if trips < budgets[name]}
    assert cheaper == {}, f"makes fewer: lower its budget in {BUDGETS.name}"


@postgres_only
async def test_to_sign_in_without_a_second_factor_takes_three(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The budget of the use case is that of an account with one, on a device that is to be trusted.
    """
    api = await start(rate_limits=True)
    service = api.container.service()
    tokens = await api.signed_in_user()
    counter = Counter(service)
    counter.listen(monkeypatch, service)
    async with told_each_query(api.container.engine(), counter.count):
        await api.sign_in()
    assert counter.round_trips["factors.sign_in"] == 3
    app, _ = await api.enrol_totp(tokens)
    body = {"email": "ada@example.com", "password": PASSWORD, "proof": {"totp": code_of(app)}}
    counter.forget("factors.sign_in")
    async with told_each_query(api.container.engine(), counter.count):
        data_of(await api.post("/api/v1/sessions", body), 201)
    assert counter.round_trips["factors.sign_in"] == 6


@postgres_only
async def test_a_wrong_mailed_code_takes_as_many_whether_or_not_there_is_an_account(
    start: Start,
) -> None:
    """
    EN-1: each is time that whoever guesses could measure.
    """
    api = await start(sign_in_methods="password,email")
    await api.signed_in_user()
    trips = []
    for email in ("ada@example.com", "none@example.com"):
        asked_for = await api.post("/api/v1/sign-in-codes", {"email": email})
        await drain_outbox(api.container.service())
        challenge = data_of(asked_for, 202)["challenge"]
        async with asked(api.container.engine()) as queries:
            guess = await api.try_complete(challenge, {"email_code": "00000000"})
        assert guess.status_code == 401
        trips.append(queries)
    assert trips[0] == trips[1]


async def _see_to_what_no_operation_does(api: Api) -> None:
    """
    The worker's rounds, the operator's commands, and what is only done when it is needed.
    """
    service = api.container.service()
    await api.signed_in_user("grace@example.com")
    await service.accounts.find_user(principal=OPERATOR, subject="grace@example.com")
    assert (await api.try_sign_in("grace@example.com", WRONG_PASSWORD)).status_code == 401
    tokens = await api.sign_in("grace@example.com")
    await api.enrol_totp(tokens)
    challenge = (await api.challenge("grace@example.com"))["token"]
    assert (await api.try_complete(challenge, {"totp": "000000"})).status_code == 401
    begun = data_of(await api.post("/api/v1/sign-in-codes", {"email": "none@example.com"}), 202)
    guess = await api.try_complete(begun["challenge"], {"email_code": "00000000"})
    assert guess.status_code == 401
    assert (await api.get("/api/v1/users", access=tokens.access)).status_code == 403
    await service.sessions.authenticate(access_token=tokens.access)
    _, key = await program(api, name="Counted")
    found = await service.api_keys.authenticate(key)
    token = await service.api_keys.issue_token(caller=found)
    await service.api_keys.authenticate.by_token(
        await service.sessions.authenticate.verified(token.text)
    )
    await service.service_accounts.show.named(principal=OPERATOR, name="Counted")
    async with api.units() as unit:
        ending = (await service.api_keys.authenticate(key)).key
        ending.expires_at = service.ports.clock.now() + timedelta(days=1)
        await unit.api_keys.save(ending)
        await unit.commit()
    assert await service.api_keys.tell_of_expiry() == 1
    service.api_keys.uses.saw(found.key, ip_address=None)
    await service.api_keys.uses.write()
    await service.factors.count_orphaned_passkeys()
    await service.audit.chain.begin()
    await service.audit.chain()
    await service.audit.verify(principal=OPERATOR)
    await service.audit.verify.read(principal=OPERATOR, after=0)
    await service.keys.secret_key.ensure_right()
    await service.keys.secret_key.signing_keys()
    await service.keys.secret_key.previous()
    await service.keys.change_secret_key()
    await service.keys.keyring.prepare()
    await service.keys.keyring.keep_up()
    service.keys.keyring._asked_at = None  # else it may be too soon
    await service.keys.keyring.reload_for_unknown_key()
    requests = service.kernel.idempotent_requests
    ticket = await requests.begin(caller="", key="kept", request=b"")
    assert isinstance(ticket, Ticket)
    await requests.keep(ticket, b"done")
    ticket = await requests.begin(caller="", key="not kept", request=b"")
    assert isinstance(ticket, Ticket)
    await requests.forget(ticket)
    await requests.purge(limit=9)
    await service.mail.circuit.missed()
    await service.mail.circuit.left_open()
    await service.mail.circuit.answered()
    await service.mail.list_outbox()
    await service.mail.list_outbox.census()
    await service.mail.redrive_outbox(message_ids=None)
    await drain_outbox(service)
    await service.mail.renew_secrets()
    await service.mail.renew_secrets.outstanding()
    await service.factors.renew_sealed()
    await service.factors.renew_sealed.outstanding()
    await service.factors.renew_sealed.unreadable()
    await service.purge_expired()


async def _relay_one_message(api: Api) -> None:
    data_of(await api.post("/api/v1/password-resets", {"email": "nobody@example.com"}), 202)
    relay = api.container.service().relay
    assert relay is not None
    assert (await relay()).claimed == 1
    await relay.sent()
    await relay.settle()
