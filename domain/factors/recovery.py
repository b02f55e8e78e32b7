"""Recovery codes: what a user printed for the day on which everything else is lost."""

import re

from domain.identifiers import Entropy

NUMBER_OF_CODES = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's Base32: no letter that looks like a digit."""
_LENGTH = 10
_CODE = re.compile(rf"[{_ALPHABET}]{{{_LENGTH}}}")
_READ_AS = str.maketrans("ILO", "110")


def fresh_recovery_code(entropy: Entropy) -> str:
    """Return a new code, ``xxxxx-xxxxx`` (50 random bits)."""
    number = int.from_bytes(entropy(7)) >> 6
    code = "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
    return f"{code[:5]}-{code[5:]}".lower()


def read_recovery_code(text: str) -> str | None:
    """Return the code in the one form that its digest is made of, or None for what is no code.

    Upper and lower case, spaces, hyphens and the letters that Crockford reads as digits are as
    people type them; every character has to be there (TK-2).
    """
    bare = text.replace("-", "").replace(" ", "").upper()
    if not bare.isascii():
        return None
    bare = bare.translate(_READ_AS)
    return bare if _CODE.fullmatch(bare) else None
