"""The strict reader of CBOR: what authenticators write, and nothing that costs more than it is."""

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.webauthn.cbor import DEEPEST, NotStrict, read_map

numbers = st.integers(-(2**64), 2**64 - 1)
names = numbers | st.text(max_size=8)
leaves = numbers | st.text(max_size=30) | st.binary(max_size=300) | st.booleans() | st.none()
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@given(members=st.dictionaries(names, values, max_size=4), behind=st.binary(max_size=5))
@settings(deadline=None, max_examples=100)
def test_it_reads_what_others_write(members: dict[object, object], behind: bytes) -> None:
    written = cbor2.dumps(members)
    try:
        read = read_map(written + behind)
    except NotStrict:
        assert _depth(members) > DEEPEST
    else:
        assert read == (members, len(written))


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


@given(st.binary(max_size=80))
@settings(deadline=None, max_examples=300)
def test_whatever_it_takes_means_the_same_to_others(data: bytes) -> None:
    try:
        read, length = read_map(data)
    except NotStrict:
        return
    assert cbor2.loads(data[:length]) == read
    assert cbor2.dumps(read) == data[:length], "another spelling"


REFUSED = {
    "nothing": "",
    "a number": "01",
    "an array": "80",
    "a text": "6161",
    "cut off": "a1",
    "cut off in a name": "a162",
    "cut off in a value": "a10158",
    "cut off in bytes": "a10142ff",
    "a long way of writing 1": "a1180101",
    "a long way of writing 255": "a11900ff01",
    "a long way of writing 65535": "a11a0000ffff01",
    "a long way of writing 2**32 - 1": "a11b00000000ffffffff01",
    "a map without an end": "bf0101ff",
    "bytes without an end": "a1015f4101ff",
    "an array without an end": "a1019f01ff",
    "a name twice": "a201010102",
    "a text twice": "a2616101616102",
    "0 and false": "a20001f402",
    "a name that is an array": "a18001",
    "a name that is a map": "a1a001",
    "a name that is bytes": "a1410101",
    "undefined": "a101f7",
    "another simple value": "a101e0",
    "a simple value in two bytes": "a101f818",
    "a short number with a fraction": "a101f93c00",
    "a number with a fraction": "a101fb3ff0000000000000",
    "not UTF-8": "a10162c328",
    "a date": "a101c074323031332d30332d32315432303a30343a30305a",
    "a large number": "a101c2420100",
    "a fraction of 2**2**40": "a101c5821b0000010000000000" + "01",
    "a shared value": "a101d81c80",
    "a reference": "a101d81d00",
    "a pattern": "a101d8236161",
    "an address": "a101d9010444c0a80001",
    "a tag around the whole": "d9d9f7a0",
    "2**64 members": "bb" + "ff" * 8,
    "2**64 elements": "a1019b" + "ff" * 8 + "01",
    "2**64 bytes": "a1015b" + "ff" * 8,
}


@pytest.mark.parametrize("what", sorted(REFUSED))
def test_anything_else_is_refused(what: str) -> None:
    with pytest.raises(NotStrict):
        read_map(bytes.fromhex(REFUSED[what]))


@pytest.mark.parametrize("opening", [b"\x81", b"\xa1\x01", b"\x9f", b"\xd8\x1c\x81"])
def test_depth_has_an_end(opening: bytes) -> None:
    with pytest.raises(NotStrict):
        read_map(b"\xa1\x01" + opening * 10_000 + b"\x01")
    nested = b"\x81" * (DEEPEST - 1) + b"\x01"
    assert read_map(b"\xa1\x01" + nested)[1] == 2 + len(nested)
