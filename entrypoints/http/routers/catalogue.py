"""The catalogue of errors: for anyone."""

from fastapi import APIRouter, Request, Response

from entrypoints.http.errors import catalogue
from entrypoints.http.presenters import answer
from entrypoints.http.schemas.answers import Envelope, ErrorCodeOut

router = APIRouter(prefix="/api/v1", tags=["Errors"])


@router.get("/errors", summary="Every error code", response_model=Envelope[list[ErrorCodeOut]])
async def list_errors(request: Request) -> Response:
    """Return every code with its status and meaning, and whether trying again may help."""
    headers = {"cache-control": "public, max-age=3600"}
    return answer(request, catalogue(), headers=headers)
