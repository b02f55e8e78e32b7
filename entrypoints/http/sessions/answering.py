"""Token answers."""

from collections.abc import Mapping

from fastapi import Request
from starlette.responses import Response

from application.sessions.token_grants import TokenGrant
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.cookies import give_cookies
from entrypoints.representations.sessions import token_body


def token_answer(
    request: Request,
    grant: TokenGrant,
    *,
    csrf: str | None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    also: Mapping[str, object] | None = None,
) -> Response:
    """Return both tokens in the body; or, with a CSRF token for the body, both in cookies.

    ``also`` is what the body has beside that.
    """
    body = {**token_body(grant), **(also or {})}
    if csrf is None:
        return answer(request, body, status=status, headers=headers)
    del body["access_token"], body["refresh_token"]
    response = answer(request, {**body, "csrf_token": csrf}, status=status, headers=headers)
    give_cookies(
        response,
        access=grant.access_token,
        access_seconds=grant.expires_in,
        refresh=grant.refresh_token,
        refresh_seconds=grant.refresh_expires_in,
    )
    return response
