"""Codes that are mailed, to be typed where they were asked for."""

import hashlib
import re

DIGITS = 8
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}")


def code_of(secret: str) -> str:
    """Return the code that stands in the mail beside, or in place of, this mailed secret.

    Eight digits, each as likely as any other. The secret does not follow from them.
    """
    number = int.from_bytes(hashlib.sha256(b"code:" + secret.encode()).digest())
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def is_code(text: str) -> bool:
    """Tell whether the text has the form of a code: digits of ASCII and no others."""
    return _CODE.fullmatch(text) is not None
