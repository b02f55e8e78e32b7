"""The 30,000 most common passwords, from the file beside this module (PW-4).

No network is needed (ASVS 6.2.4). README.md in this folder says where the list comes from.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from application.credentials.ports import CommonPasswords

_LIST: Final = Path(__file__).with_name("common_passwords.txt")
_BEGINNING: Final = 2


class ListedCommonPasswords(CommonPasswords):
    """Knows the passwords of the list, and reads it when it is first asked."""

    def __contains__(self, password: object, /) -> bool:
        """Tell whether the lower-case password is on the list."""
        if not isinstance(password, str) or "\n" in password:
            return False
        return f"\n{password}\n" in self._lines.get(password[:_BEGINNING], "")

    # A set takes 3.5 MB; this takes 0.35 MB, 7 ms to be made, and a microsecond for each of the
    # few dozen questions that the policy has about one password.
    @cached_property
    def _lines(self) -> Mapping[str, str]:
        """The passwords with the same beginning as one text, a line each."""
        alike: dict[str, list[str]] = {}
        for password in _LIST.read_text(encoding="ascii").split():
            alike.setdefault(password[:_BEGINNING], []).append(password)
        return {beginning: "\n".join(["", *each, ""]) for beginning, each in alike.items()}
