"""Undoing the first factor: for anyone who holds the secret that was mailed about it."""

from fastapi import Response

from domain.credentials.one_time_token import InvalidToken
from domain.errors import ConcurrentChange, ValidationFailed
from entrypoints.http.edge.dependencies import From, Services
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.requests import TokenRequest
from entrypoints.http.edge.router import Router

router = Router(prefix="/api/v1/factor-undos", tags=["My factors"])


@router.post(
    "/confirm",
    status_code=204,
    summary="Undo the first factor with the mailed secret",
    response_class=Response,
    responses=responses(InvalidToken, ValidationFailed, ConcurrentChange),
)
async def undo_first_factor(body: TokenRequest, services: Services, origin: From) -> Response:
    """Remove the first factor of the account, and all that came after it.

    All sessions end, and a mail to set a new password follows. The secret is mailed with the first
    factor, and is good for seven days, once, as long as the account has a factor.
    """
    await services.factors.undo_first(token=body.token, origin=origin)
    return Response(status_code=204)
