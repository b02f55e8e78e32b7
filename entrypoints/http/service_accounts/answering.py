"""A service account as an answer."""

import orjson
from fastapi import Request
from starlette.responses import Response

from domain.service_accounts.service_account import ServiceAccount
from entrypoints.http.edge.answering import etag, single_answer
from entrypoints.representations.service_accounts import service_account_body


def etag_of_account(account: ServiceAccount) -> str:
    """Return a strong validator of the account's representation."""
    return etag(orjson.dumps(service_account_body(account)))


def account_answer(request: Request, account: ServiceAccount) -> Response:
    """Return a single account with its ETag."""
    return single_answer(request, service_account_body(account), 200)


def new_account_answer(request: Request, account: ServiceAccount, *, below: str) -> Response:
    """Return an account that was just made; ``below`` is the path of all of them."""
    response = single_answer(request, service_account_body(account), 201)
    response.headers["location"] = f"{below}/{account.id}"
    return response
