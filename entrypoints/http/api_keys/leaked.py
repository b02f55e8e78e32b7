"""Reporting a key that was found where it should not be: for anyone."""

from fastapi import Depends, Request, Response

from application.api_keys.leaks import LEAK_REPORT
from domain.errors import TooManyRequests, ValidationFailed
from entrypoints.http.api_keys.requests import LeakedKeyRequest
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Accepted, Envelope
from entrypoints.http.edge.counted import Counted, count
from entrypoints.http.edge.dependencies import From, Services, limited
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import RATE_LIMIT, with_headers
from entrypoints.http.edge.router import Router

router = Router(prefix="/api/v1/leaked-keys", tags=["API keys"])


@router.post(
    "",
    status_code=202,
    summary="Report a leaked key",
    response_model=Envelope[Accepted],
    responses=responses(ValidationFailed, TooManyRequests) | with_headers(202, *RATE_LIMIT),
    dependencies=[Depends(limited(LEAK_REPORT))],
)
async def report_leaked_key(
    request: Request, body: LeakedKeyRequest, services: Services, origin: From
) -> Response:
    """Always 202. A key that lives is revoked: to have it is all the proof that it takes.

    Its owner and the administrators get a mail.
    """
    revoked = await services.api_keys.report_leak(
        key=body.key, found_at=body.found_at, origin=origin
    )
    count(request.scope, Counted.LEAK_REPORT, "revoked" if revoked else "nothing")
    return answer(request, None, status=202)
