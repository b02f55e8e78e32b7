"""API keys as answers."""

from collections.abc import Sequence

import orjson
from fastapi import Request
from starlette.responses import Response

from application.api_keys.listing import ShownKey
from application.api_keys.making import NewKey
from application.paging import Page
from entrypoints.http.edge.answering import answer, etag, page_answer, single_answer
from entrypoints.representations.api_keys import api_key_body, new_key_body


def etag_of_key(shown: ShownKey) -> str:
    """Return a strong validator of the key's representation."""
    return etag(orjson.dumps(api_key_body(shown)))


def key_answer(request: Request, shown: ShownKey) -> Response:
    """Return a single key with its ETag."""
    return single_answer(request, api_key_body(shown), 200)


def keys_answer(request: Request, keys: Sequence[ShownKey]) -> Response:
    """Return all keys of an account, which are few: there is no second page."""
    return page_answer(request, Page(list(keys), limit=max(1, len(keys))), api_key_body)


def new_key_answer(request: Request, new: NewKey, *, below: str) -> Response:
    """Return a key with its text, this once; ``below`` is the path of the account's keys."""
    headers = {"location": f"{below}/{new.shown.key.id}", "cache-control": "no-store"}
    return answer(request, new_key_body(new), status=201, headers=headers)
