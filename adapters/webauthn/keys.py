"""The public keys of passkeys that are taken (COSE, RFC 9053): EdDSA, ES256 and RS256."""

from adapters.webauthn.cbor import read_map

ALGORITHMS = (-8, -7, -257)
"""In the order in which devices are asked for them."""
_KIND, _ALGORITHM, _CURVE, _X, _Y = 1, 3, -1, -2, -3
_N, _E = -1, -2
_CURVES = {-8: (1, 6), -7: (2, 1)}
_POINT = 32
_MODULUS = range(256, 513)
"""Bytes of an RSA modulus: 2,048 to 4,096 bits."""
_EXPONENT = range(1, 5)
"""Bytes of an RSA exponent; a longer one only costs time."""


def ensure_taken(key: bytes) -> None:
    """Return for a key of a form that is taken; raise ``ValueError`` for any other.

    Exactly the members that the algorithm asks for (WebAuthn, section 6.5.1.1). Whether the key
    is a point on its curve is not looked at here.
    """
    members, length = read_map(key)
    algorithm = members.get(_ALGORITHM)
    if length != len(key) or type(algorithm) is not int or not _is_well_formed(members, algorithm):
        raise ValueError("not a key that is taken")


def _is_well_formed(members: dict[object, object], algorithm: int) -> bool:
    kind = members.get(_KIND)
    if algorithm == -257:
        n, e = members.get(_N), members.get(_E)
        return (
            members.keys() == {_KIND, _ALGORITHM, _N, _E}
            and kind == 3
            and _is_number(n, _MODULUS)
            and _is_number(e, _EXPONENT)
        )
    if algorithm not in _CURVES:
        return False
    coordinates = (_X,) if algorithm == -8 else (_X, _Y)
    return (
        members.keys() == {_KIND, _ALGORITHM, _CURVE, *coordinates}
        and (kind, members[_CURVE]) == _CURVES[algorithm]
        and all(_is_of(members[each], _POINT) for each in coordinates)
    )


def _is_of(value: object, size: int) -> bool:
    return isinstance(value, bytes) and len(value) == size


def _is_number(value: object, sizes: range) -> bool:
    """Tell whether these are the bytes of an odd number without zeros in front."""
    return isinstance(value, bytes) and len(value) in sizes and value[0] > 0 and value[-1] & 1 == 1
