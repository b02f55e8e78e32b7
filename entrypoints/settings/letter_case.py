"""Words that settings may say in any case."""

from typing import Final

from pydantic import BeforeValidator


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


IN_ANY_CASE: Final = BeforeValidator(_lower)
"""Beside the words of a setting, in small letters: read in any case."""
