"""Which passkeys open an account, in the words of a mail to its owner (AT-6)."""

from dataclasses import dataclass

from application.factors.mails import NAMELESS_PASSKEY, PASSKEY
from application.factors.ports import FactorsUnit
from application.mail.quoting import quoted
from domain.factors.factor import Passkey
from domain.users.user import User


@dataclass(frozen=True, slots=True)
class PasskeysLeft:
    """Tells them. ``rp_id`` is the domain of today: what was made for another one opens nothing."""

    rp_id: str

    async def __call__(self, unit: FactorsUnit, user: User, /) -> str:
        """Return each on a line of its own, the oldest first; empty where there is none.

        The store is asked in the caller's unit of work, after the user was saved there: one that
        is added or removed meanwhile is a conflict.
        """
        if not user.has_second_factor:
            return ""
        factors = await unit.factors.list_of(user.id)
        passkeys = [each for each in factors if isinstance(each, Passkey)]
        return "\n".join(_line(each) for each in passkeys if each.rp_id == self.rp_id)


def _line(passkey: Passkey) -> str:
    name, day = quoted(passkey.name or ""), f"{passkey.created_at:%Y-%m-%d}"
    words = NAMELESS_PASSKEY if name is None else PASSKEY
    return words.format(name=name, day=day)
