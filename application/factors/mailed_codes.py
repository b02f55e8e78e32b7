"""What is kept of a mailed code: a keyed digest, bound to the challenge that it answers (AT-4).

Eight digits would be found by trying. So the digest takes a key that is not in the database, and
the challenge, which only the client has that asked.
"""

import hashlib

from application.ports.crypto import Authenticator
from domain.credentials.one_time_token import Purpose
from domain.factors.challenge import Challenge


def binding_of(challenge: Challenge) -> str:
    """Return what a code is bound to, as text that may be kept: the challenge does not follow."""
    return hashlib.sha256(b"mailed-code:" + challenge.nonce).hexdigest()


def digest_of_code(
    authenticator: Authenticator, purpose: Purpose, *, binding: str, code: str
) -> bytes:
    """Return what is stored and looked up in the code's place."""
    return authenticator.tag(f"{binding}:{code}".encode(), purpose=f"code:{purpose.value}")
