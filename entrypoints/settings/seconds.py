"""Lengths of time, as settings say them."""

from typing import Annotated

from pydantic import Field

_CENTURY = 100 * 366 * 24 * 3600

type Seconds = Annotated[int, Field(ge=1, le=_CENTURY)]
type SecondsOrNone = Annotated[int, Field(ge=0, le=_CENTURY)]
"""Zero switches off what it is about."""
