"""The catalogue of errors: for anyone."""

from dataclasses import asdict

from fastapi import Request, Response

from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.router import Router
from entrypoints.http.operations.answers import ErrorCodeOut

router = Router(prefix="/api/v1", tags=["Errors"])


@router.get("/errors", summary="Every error code", response_model=Envelope[list[ErrorCodeOut]])
async def list_errors(request: Request) -> Response:
    """Return every code with its status and meaning, and whether trying again may help."""
    headers = {"cache-control": "public, max-age=3600"}
    rows = [asdict(row) for row in request.app.state.catalogue]
    return answer(request, rows, headers=headers)
