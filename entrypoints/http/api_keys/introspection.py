"""Whether a token or key lives and what it gives, for products (RFC 7662)."""

import orjson
from fastapi import Request, Response

from entrypoints.http.api_keys.answers import IntrospectionOut
from entrypoints.http.edge.counted import Counted, count
from entrypoints.http.edge.dependencies import Known, Services
from entrypoints.http.edge.oauth import form_body, form_of, oauth_responses, required
from entrypoints.http.edge.router import Router
from entrypoints.representations.introspection import introspection_body

_EXAMPLE = "dwk_9xn7W68yLZsAxObQYPs1OHq9F4Y4aOGCTcVJBbDlEg8000tGL"

router = Router(prefix="/oauth2", tags=["API keys"])


@router.post(
    "/introspect",
    summary="Introspect a token or a key (RFC 7662)",
    response_model=IntrospectionOut,
    responses=oauth_responses(
        s400="`invalid_request`: the form has no `token`, or a parameter twice.",
        s401="`invalid_token`: the caller is not known.",
        s403="`insufficient_scope`: the caller is no service account with `tokens:introspect`.",
        s413="`invalid_request`: the form is too large.",
        s415="`invalid_request`: the body is no form.",
        s503="`temporarily_unavailable`.",
    ),
    openapi_extra={
        **form_body({"token": _EXAMPLE, "token_type_hint": "access_token"}, required=["token"]),
        "security": [{"bearer": []}],
    },
)
async def introspect_token(request: Request, caller: Known, services: Services) -> Response:
    """Return what an access token or an API key is worth now (`tokens:introspect`).

    The bearer is a key of a service account. Whatever is not live is `{"active": false}`.
    """
    token = required(form_of(request), "token")
    live = await services.api_keys.introspect(principal=caller.principal, token=token)
    count(request.scope, Counted.INTROSPECTION, "inactive" if live is None else "active")
    body = introspection_body(live, issuer=request.scope["state"]["public_url"])
    return Response(orjson.dumps(body), media_type="application/json")
