"""What an operator may set of factors."""

from dataclasses import dataclass
from datetime import timedelta

from application.factors.methods import SignInMethods


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorPolicy:
    """What an operator may set of factors: how authenticator apps name this service.

    ``trusted_device_ttl`` is how long a device is trusted; zero for not at all.
    """

    issuer: str
    methods: SignInMethods
    sign_in_code_ttl: timedelta
    trusted_device_ttl: timedelta = timedelta(0)

    @property
    def trusted_device_seconds(self) -> int:
        """The same in whole seconds."""
        return int(self.trusted_device_ttl.total_seconds())
