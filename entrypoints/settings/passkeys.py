"""For which domain passkeys are made, and on which pages they work (WebAuthn, section 5.1.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from entrypoints.settings import addresses


@dataclass(frozen=True, slots=True)
class PasskeyPlace:
    """The domain (``rp_id``) and the origins."""

    rp_id: str
    origins: tuple[str, ...]

    @classmethod
    def of(
        cls, public_url: str, rp_id: str | None, origins: Sequence[str] | None
    ) -> "PasskeyPlace":
        """Return the place that settings name; what they leave out is that of ``public_url``.

        Raises ``ValueError`` for a domain that no browser would accept on any of the pages. Of
        public suffixes, such as ``co.uk``, nothing is known here, but for those of one word.
        """
        place = cls(rp_id or addresses.host(public_url), tuple(origins or [public_url]))
        if (rp_id or origins) and not any(map(place.has, place.origins)):
            given = "is not" if rp_id else "is left out, and the host of PUBLIC_URL is not"
            raise ValueError(
                f"PASSKEY_RP_ID: {given} the domain of any of PASSKEY_ORIGINS. "
                "Set it to the domain that their hosts have in common, such as example.com."
            )
        return place

    def has(self, origin: str) -> bool:
        """Tell whether the origin's pages are under the domain, so that browsers ask nobody."""
        host = addresses.host(origin)
        return host == self.rp_id or ("." in self.rp_id and host.endswith(f".{self.rp_id}"))

    @property
    def related(self) -> tuple[str, ...]:
        """The origins for which browsers ask ``https://{rp_id}/.well-known/webauthn``."""
        return tuple(origin for origin in self.origins if not self.has(origin))
