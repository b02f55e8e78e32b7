"""May this user do that: for products that ask instead of reading tokens."""

from fastapi import APIRouter, Request, Response

from application.authorization import Question
from domain.access import Permission
from domain.identifiers import UserId
from entrypoints.http.dependencies import Services, SignedIn, identified
from entrypoints.http.errors import responses
from entrypoints.http.presenters import answer
from entrypoints.http.schemas.answers import DecisionOut, DecisionsOut, Envelope
from entrypoints.http.schemas.requests import AnyCheckRequest, BatchCheckRequest, CheckRequest
from entrypoints.representations import decision_body

router = APIRouter(prefix="/api/v1/authorization", tags=["Authorization"])


@router.post(
    "/check",
    summary="May this user do that?",
    response_model=Envelope[DecisionOut | DecisionsOut],
    responses=responses(
        "NOT_AUTHENTICATED",
        "ACCESS_TOKEN_INVALID",
        "ACCESS_TOKEN_EXPIRED",
        "SESSION_ENDED",
        "MULTIPLE_CREDENTIALS",
        "PERMISSION_DENIED",
        "VALIDATION_ERROR",
    ),
)
async def check(
    request: Request,
    body: AnyCheckRequest,
    caller: SignedIn,
    services: Services,
) -> Response:
    """Answer one question, or a batch in its order (`authorization:check`).

    With `explain` the answer names the roles that give the permission, or what is missing and
    which roles would give it. Nobody is allowed anything who is unknown, suspended or unverified.
    """
    checks = body.checks if isinstance(body, BatchCheckRequest) else [body]
    decisions = await services.check_authorization()(
        principal=caller.principal, questions=[_question(each) for each in checks]
    )
    bodies = [decision_body(decision) for decision in decisions]
    if isinstance(body, BatchCheckRequest):
        return answer(request, {"results": bodies})
    return answer(request, bodies[0])


def _question(asked: CheckRequest) -> Question:
    return Question(
        subject_id=identified(UserId, asked.subject_id),
        permission=Permission.parse(asked.permission),
        explain=asked.explain,
    )
