"""
What takes a person, as every route really answers (``docs/api-keys.md`` has the list).
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from domain.permissions import PERMISSIONS
from entrypoints.http.edge.cookies import ACCESS_COOKIE
from entrypoints.http.edge.dependencies import person_of, user_of
from tests.http.api_keys.holders import key_of_user, program
from tests.http.client import Api, data_of, refusal_of

NOBODY = "01930000-0000-7000-8000-00000000000a"


def asking(api: Api, wanted: Callable[..., Any]) -> set[str]:
    """
    Return the routes that ask for the caller through this dependency.
    """
    return {
        f"{method} {context.path}"
        for context in iter_route_contexts(api.app.routes)
        if isinstance(context.original_route, APIRoute) and wanted in _calls(context.dependant)
        for method in context.methods or ()
    }


def _calls(dependant: Dependant) -> set[Any]:
    return {dependant.call}.union(*(_calls(each) for each in dependant.dependencies))


@pytest.mark.parametrize("of_a_program", [False, True])
async def test_a_key_with_every_permission_is_refused_there_and_nowhere_else(
    api: Api, of_a_program: bool
) -> None:
    """
    A key is refused by what is asked of it, whatever it is given, before a body is looked at.
    """
    admin = await api.administrator()
    if of_a_program:
        _, key = await program(api, *PERMISSIONS)
    else:
        key = await key_of_user(api, admin.user_id, *PERMISSIONS)
    sessions, users = asking(api, person_of), asking(api, user_of)
    refused, called = set(), 0
    for path, item in api.contract.document["paths"].items():
        concrete = re.sub(r"\{[^}]*\}", NOBODY, path)
        for method in (each.upper() for each in item):
            if (method, path) in api.app.state.public_routes:
                continue
            answer = await api.send(method, concrete, access=key)
            assert answer.status_code != 401, (method, path)
            called += 1
            # The trail, which is a good answer, names the code as well.
            if answer.is_error and "PERSON_REQUIRED" in answer.text:
                assert answer.status_code == 403
                refused.add(f"{method} {path}")
    assert called > len(sessions | users) + 30
    assert refused == (sessions | users if of_a_program else sessions)


async def test_a_key_counts_in_the_header_alone(api: Api) -> None:
    """
    SE-6: never in a cookie, where a page of others could send it along; in a header no proof of
    the page is asked for.
    """
    admin = await api.administrator()
    key = await key_of_user(api, admin.user_id, *PERMISSIONS)
    renamed = await api.patch("/api/v1/users/me", {"display_name": "Ada"}, access=key)
    assert renamed.status_code == 200
    cookie = {"cookie": f"{ACCESS_COOKIE}={key}"}
    assert (await api.get("/api/v1/users/me", headers=cookie)).status_code == 401


@pytest.mark.parametrize("of_a_program", [False, True])
async def test_what_takes_a_person_leaves_a_row_of_the_key_that_asked(
    api: Api, of_a_program: bool
) -> None:
    """
    LG-3: a key in wrong hands tries such things first.
    """
    admin = await api.administrator()
    if of_a_program:
        account, key = await program(api)
        actor = {"kind": "service", "id": str(account)}
    else:
        key, actor = await key_of_user(api, admin.user_id), {"kind": "user", "id": admin.user_id}
    refused = await api.post("/api/v1/users/me/api-keys", {}, access=key)
    assert refusal_of(refused) == (403, "PERSON_REQUIRED")
    query = {"type": "authorization.denied"}
    (row,) = data_of(await api.get("/api/v1/audit-events", params=query, access=admin.access))
    assert (row["outcome"], row["reason"]) == ("failure", "PERSON_REQUIRED")
    assert row["actor"].pop("key_id")
    assert row["actor"] == actor
