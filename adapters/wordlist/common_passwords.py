"""The 30,000 most common passwords, from the file beside this module (PW-4).

No network is needed (ASVS 6.2.4). README.md in this folder says where the list comes from.
"""

from functools import cached_property
from pathlib import Path
from typing import Final

from application.credentials.ports import CommonPasswords

_LIST: Final = Path(__file__).with_name("common_passwords.txt")


class ListedCommonPasswords(CommonPasswords):
    """Knows the passwords of the list, and reads it when it is first asked."""

    def __contains__(self, password: object, /) -> bool:
        """Tell whether the lower-case password is on the list."""
        return password in self._passwords

    # A set takes 4 MB. Searching in the sorted text would take 1 MB and, for each of the many
    # questions that the policy has about one password, ninety times as long.
    @cached_property
    def _passwords(self) -> frozenset[str]:
        return frozenset(_LIST.read_text(encoding="ascii").split())
