"""
What all kinds of factors have in common.
"""

from inspect import isabstract

import pytest

from domain.factors.factor import Factor, Passkey, RecoveryCodes, Totp


def test_a_factor_is_always_of_some_kind() -> None:
    """
    A kind that does not say which it is cannot be made, so none is found out when it is stored.
    """
    assert isabstract(Factor)


@pytest.mark.parametrize("kind", [Totp, Passkey, RecoveryCodes])
def test_every_kind_says_which_it_is(kind: type[Factor]) -> None:
    assert not isabstract(kind)
