"""The 30,000 most common passwords, from the list that zxcvbn carries (PW-4).

No network is needed (ASVS 6.2.4). zxcvbn's scoring is not used: the domain's policy decides.
"""

import sys
from functools import cached_property

from application.ports.passwords import CommonPasswords


class ZxcvbnCommonPasswords(CommonPasswords):
    """Knows zxcvbn's list of passwords, and reads it when it is first asked."""

    def __contains__(self, password: object, /) -> bool:
        """Tell whether the lower-case password is on the list."""
        return password in self._passwords

    def __len__(self) -> int:
        """Return how many passwords are on the list."""
        return len(self._passwords)

    @cached_property
    def _passwords(self) -> frozenset[str]:
        already_there = set(sys.modules)
        from zxcvbn.frequency_lists import FREQUENCY_LISTS

        passwords = frozenset(word.lower() for word in FREQUENCY_LISTS["passwords"])
        # The package also loads names, surnames and the words of films and an encyclopaedia,
        # each of them ranked: several times the memory of the one list that is wanted.
        for name in set(sys.modules) - already_there:
            if name.partition(".")[0] == "zxcvbn":
                del sys.modules[name]
        return passwords
