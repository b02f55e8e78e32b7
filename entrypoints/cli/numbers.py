"""Whole numbers as options."""

import re
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter, Token


def _whole_number(_: object, tokens: Sequence[Token]) -> int:
    """Return the number; what cyclopts would round or take for hexadecimal is refused."""
    if not re.fullmatch(r"-?[0-9]{1,99}", tokens[0].value):
        raise ValueError("it is no whole number")
    return int(tokens[0].value)


type WholeNumber = Annotated[int, Parameter(converter=_whole_number)]
