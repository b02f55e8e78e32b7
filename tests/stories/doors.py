"""
Three doors to the same use cases, with the same verbs: a story is told once and goes through each.

    UseCases      on the memory adapters, without a database
    Http          the real service, over its API
    CommandLine   an operator at the shell for what operators do, on the same SQLite file as a
                  service, through which its users come in
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from application.access.authorization import Question
from application.sessions.token_grants import TokenGrant
from domain.errors import DomainError
from domain.identifiers import UserId
from domain.principal import OPERATOR, Permission
from tests.application.stories import ORIGIN, Service
from tests.http.client import PASSWORD, SECRET_KEY, Api, Tokens, data_of
from tests.support.command_line import Done, command


class Door(ABC):
    """
    What users and an administrator do. Refusals are the codes of the contract, as text.
    """

    @abstractmethod
    async def sign_up(self, email: str) -> None: ...

    @abstractmethod
    async def confirm(self, email: str) -> None: ...

    @abstractmethod
    async def sign_in(self, email: str) -> str:
        """
        Return ``ok``, or the code of the refusal.
        """

    @abstractmethod
    async def who_am_i(self, email: str) -> str:
        """
        Return the address that the newest session of the user belongs to, or the refusal.
        """

    @abstractmethod
    async def sign_out(self, email: str) -> None: ...

    @abstractmethod
    async def suspend(self, email: str, reason: str) -> None: ...

    @abstractmethod
    async def reinstate(self, email: str) -> None: ...

    @abstractmethod
    async def define_role(self, name: str, permissions: Sequence[str]) -> None: ...

    @abstractmethod
    async def grant(self, email: str, role: str) -> None: ...

    @abstractmethod
    async def revoke(self, email: str, role: str) -> None: ...

    @abstractmethod
    async def may(self, email: str, permission: str) -> bool: ...

    @abstractmethod
    async def trail(self, email: str) -> list[str]:
        """
        Return the types of what happened to the user, the oldest first.
        """


class UseCases(Door):
    """
    The use cases themselves.
    """

    def __init__(self) -> None:
        self._service = Service()
        self._grants: dict[str, TokenGrant] = {}

    async def sign_up(self, email: str) -> None:
        await self._service.sign_up(email)

    async def confirm(self, email: str) -> None:
        await self._service.confirm(await self._service.mailed_token(email))

    async def sign_in(self, email: str) -> str:
        try:
            self._grants[email] = await self._service.sign_in(email)
        except DomainError as refusal:
            return refusal.code
        return "ok"

    async def who_am_i(self, email: str) -> str:
        try:
            caller = await self._service.authenticate(self._grants[email])
        except DomainError as refusal:
            return refusal.code
        return caller.user.email.value

    async def sign_out(self, email: str) -> None:
        await self._service.sign_out(self._grants[email])

    async def suspend(self, email: str, reason: str) -> None:
        await self._service.accounts.suspend_user(
            principal=OPERATOR, user_id=self._id(email), reason=reason, origin=ORIGIN
        )

    async def reinstate(self, email: str) -> None:
        await self._service.accounts.reinstate_user(
            principal=OPERATOR, user_id=self._id(email), origin=ORIGIN
        )

    async def define_role(self, name: str, permissions: Sequence[str]) -> None:
        await self._service.access.define_role(
            principal=OPERATOR, name=name, description=None, permissions=permissions, origin=ORIGIN
        )

    async def grant(self, email: str, role: str) -> None:
        await self._set_role(email, role, held=True)

    async def revoke(self, email: str, role: str) -> None:
        await self._set_role(email, role, held=False)

    async def may(self, email: str, permission: str) -> bool:
        question = Question(subject_id=self._id(email), permission=Permission(permission))
        [decision] = await self._service.access.check(principal=OPERATOR, questions=[question])
        return decision.allowed

    async def trail(self, email: str) -> list[str]:
        identifier = str(self._id(email))
        return [row.type for row in self._service.audited() if identifier in repr(row)]

    async def _set_role(self, email: str, role: str, *, held: bool) -> None:
        await self._service.access.set_role(
            principal=OPERATOR, user_id=self._id(email), role=role, held=held, origin=ORIGIN
        )

    def _id(self, email: str) -> UserId:
        return self._service.user(email).id


class Http(Door):
    """
    The API. What an administrator does, one does who is signed in as one.
    """

    def __init__(self, api: Api) -> None:
        self.api = api
        self._tokens: dict[str, Tokens] = {}
        self._admin: Tokens | None = None

    async def sign_up(self, email: str) -> None:
        await self.api.sign_up(email)

    async def confirm(self, email: str) -> None:
        await self.api.confirm(await self.api.mailed_token(email))

    async def sign_in(self, email: str) -> str:
        answer = await self.api.try_sign_in(email, PASSWORD)
        if not answer.is_success:
            return str(answer.json()["error"]["code"])
        self._tokens[email] = Tokens(data_of(answer, 201))
        return "ok"

    async def who_am_i(self, email: str) -> str:
        answer = await self.api.get("/api/v1/users/me", access=self._tokens[email].access)
        body = answer.json()
        return str(body["data"]["email"] if answer.is_success else body["error"]["code"])

    async def sign_out(self, email: str) -> None:
        await self.api.sign_out(self._tokens[email])

    async def suspend(self, email: str, reason: str) -> None:
        await self._do("POST", f"{await self._path(email)}/suspend", {"reason": reason})

    async def reinstate(self, email: str) -> None:
        await self._do("POST", f"{await self._path(email)}/reinstate")

    async def define_role(self, name: str, permissions: Sequence[str]) -> None:
        await self._do("POST", "/api/v1/roles", {"name": name, "permissions": list(permissions)})

    async def grant(self, email: str, role: str) -> None:
        await self._do("PUT", f"{await self._path(email)}/roles/{role}")

    async def revoke(self, email: str, role: str) -> None:
        await self._do("DELETE", f"{await self._path(email)}/roles/{role}")

    async def may(self, email: str, permission: str) -> bool:
        subject = (await self._path(email)).rpartition("/")[2]
        question = {"subject_id": subject, "permission": permission}
        return bool((await self._do("POST", "/api/v1/authorization/check", question))["allowed"])

    async def trail(self, email: str) -> list[str]:
        subject = (await self._path(email)).rpartition("/")[2]
        rows = await self._do("GET", f"/api/v1/audit-events?target={subject}")
        return [row["type"] for row in reversed(rows)]

    async def _do(self, method: str, path: str, body: Any = None) -> Any:
        if self._admin is None:
            self._admin = await self.api.administrator()
        answer = await self.api.send(method, path, json=body, access=self._admin.access)
        assert answer.is_success, answer.text
        return answer.json()["data"] if answer.content else None

    async def _path(self, email: str) -> str:
        [user] = await self._do("GET", f"/api/v1/users?email={email}")
        return f"/api/v1/users/{user['id']}"


class CommandLine(Http):
    """
    Operators at the shell, beside a service on the same file; users come in through that.
    """

    def __init__(self, api: Api, folder: Path, url: str) -> None:
        super().__init__(api)
        self._folder, self._url = folder, url

    async def suspend(self, email: str, reason: str) -> None:
        self._run("users", "suspend", email, "--reason", reason)

    async def reinstate(self, email: str) -> None:
        self._run("users", "reinstate", email)

    async def define_role(self, name: str, permissions: Sequence[str]) -> None:
        given = [part for each in permissions for part in ("--permission", each)]
        self._run("roles", "define", name, *given)

    async def grant(self, email: str, role: str) -> None:
        self._run("roles", "grant", email, role)

    async def revoke(self, email: str, role: str) -> None:
        self._run("roles", "revoke", email, role)

    async def may(self, email: str, permission: str) -> bool:
        roles = json.loads(self._run("users", "show", email, "--json").stdout)["roles"]
        defined = json.loads(self._run("roles", "list", "--json").stdout)
        return any(r["name"] in roles and permission in r["permissions"] for r in defined)

    async def trail(self, email: str) -> list[str]:
        user = json.loads(self._run("users", "show", email, "--json").stdout)
        listed = self._run("audit", "list", "--target", user["id"], "--json")
        return [row["type"] for row in reversed(json.loads(listed.stdout))]

    def _run(self, *arguments: str) -> Done:
        settings = {"DATABASE_URL": self._url, "SECRET_KEY": SECRET_KEY}
        done = command(*arguments, folder=self._folder, **settings)
        assert done.returncode == 0, done.stderr
        return done
