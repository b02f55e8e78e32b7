"""May this user do that: for products that ask instead of reading tokens."""

from fastapi import Request, Response

from application.access.authorization import Question
from domain.assurance import Level
from domain.errors import ValidationFailed
from domain.identifiers import UserId
from domain.principal import Permission, PermissionDenied
from entrypoints.http.access.answers import CheckOut
from entrypoints.http.access.requests import AnyCheckRequest, BatchCheckRequest, CheckRequest
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.dependencies import CALLER_ERRORS, Known, Services, identified
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.router import Router
from entrypoints.representations.access import decision_body

router = Router(prefix="/api/v1/authorization", tags=["Authorization"])


@router.post(
    "/check",
    summary="May this user do that?",
    response_model=Envelope[CheckOut],
    responses=responses(
        *CALLER_ERRORS,
        PermissionDenied,
        ValidationFailed,
    ),
)
async def check_authorization(
    request: Request,
    body: AnyCheckRequest,
    caller: Known,
    services: Services,
) -> Response:
    """Answer one question, or a batch in its order (`authorization:check`).

    With `explain` the answer names the roles that give the permission, or what is missing and
    which roles would give it. An unknown, suspended or unverified user is allowed nothing.

    Say in `acr` what the user's access token says there: roles that ask for a higher level do not
    count, and are named in `dormant_roles`. Without it they are judged as in a session of `aal1`.
    """
    checks = body.checks if isinstance(body, BatchCheckRequest) else [body]
    decisions = await services.access.check(
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
        acr=Level(asked.acr),
        explain=asked.explain,
    )
