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
from tests.http.client import Api

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
            if "PERSON_REQUIRED" in answer.text:
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
