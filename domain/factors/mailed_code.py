"""Codes that are mailed, to be typed where they were asked for."""

import re

from domain.identifiers import Entropy

DIGITS = 8
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}")


def fresh_mailed_code(entropy: Entropy) -> str:
    """Return a new code: eight digits, each as likely as any other."""
    # Of 2**64 numbers so few are above the last whole multiple that none is preferred by 1e-11.
    return f"{int.from_bytes(entropy(8)) % 10**DIGITS:0{DIGITS}d}"


def is_mailed_code(text: str) -> bool:
    """Tell whether the text has the form of a code: digits of ASCII and no others."""
    return _CODE.fullmatch(text) is not None
