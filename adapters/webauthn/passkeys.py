"""Passkeys over the library webauthn (MF-3).

It is loaded for the first response that comes in, and in a thread: no other request waits. The
rest of the adapter is loaded by the first ceremony that is begun.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from application.factors.ports import (
    ClaimedPasskey,
    Json,
    NewPasskey,
    PasskeyRefused,
    Passkeys,
    ShownPasskey,
)
from domain.factors.factor import Passkey
from domain.identifiers import UserId


class WebAuthnPasskeys(Passkeys):
    """Passkeys of one domain, for pages of these origins."""

    def __init__(self, *, rp_id: str, origins: Sequence[str]) -> None:
        self._rp_id, self._origins = rp_id, tuple(origins)
        self._is_loaded = False

    @property
    def rp_id(self) -> str:
        return self._rp_id

    @property
    def origins(self) -> Sequence[str]:
        return self._origins

    def creation_options(
        self,
        *,
        user_id: UserId,
        user_name: str,
        display_name: str,
        challenge: bytes,
        exclude: Sequence[Passkey],
    ) -> Json:
        from adapters.webauthn import options

        return options.creation_options(
            rp_id=self._rp_id,
            user_id=user_id,
            user_name=user_name,
            display_name=display_name,
            challenge=challenge,
            exclude=exclude,
        )

    async def created(self, response: Json, *, challenge: bytes) -> NewPasskey:
        await self._load()
        from adapters.webauthn import verification

        with _refusing():
            return verification.created(
                response, rp_id=self._rp_id, origins=self._origins, challenge=challenge
            )

    def request_options(self, *, challenge: bytes, allowed: Sequence[Passkey] = ()) -> Json:
        from adapters.webauthn import options

        return options.request_options(rp_id=self._rp_id, challenge=challenge, allowed=allowed)

    def claimed(self, response: Json) -> ClaimedPasskey:
        from adapters.webauthn.reading import Credential

        with _refusing():
            credential = Credential.read(response)
            return ClaimedPasskey(credential_id=credential.id, user_id=credential.user_id)

    async def shown(self, response: Json, *, challenge: bytes, passkey: Passkey) -> ShownPasskey:
        await self._load()
        from adapters.webauthn import verification

        with _refusing():
            return verification.shown(
                response,
                rp_id=self._rp_id,
                origins=self._origins,
                challenge=challenge,
                passkey=passkey,
            )

    async def _load(self) -> None:
        if not self._is_loaded:
            await asyncio.to_thread(_import)
            self._is_loaded = True


def _import() -> None:
    import adapters.webauthn.verification  # noqa: F401 - from now on it is there


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn whatever goes wrong with a response into the one error that says so.

    The library and what it stands on raise exceptions of many classes for input that they did not
    expect; none of them may become anything but a refusal.
    """
    try:
        yield
    except Exception:
        raise PasskeyRefused from None
