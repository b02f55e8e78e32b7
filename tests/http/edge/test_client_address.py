from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.http.edge.client_address import client_address, rate_key

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("127.0.0.1/32"))
ADDRESSES = st.ip_addresses().map(str)


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", [b"6.6.6.6"], "203.0.113.9"),  # a stranger's word does not count
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [b"6.6.6.6"], "6.6.6.6"),
        ("10.0.0.1", [b"1.1.1.1, 6.6.6.6"], "6.6.6.6"),  # the left one is the caller's invention
        ("10.0.0.1", [b"1.1.1.1, 6.6.6.6, 10.9.9.9"], "6.6.6.6"),
        ("10.0.0.1", [b"1.1.1.1", b"6.6.6.6,\t10.9.9.9 "], "6.6.6.6"),  # one list in two lines
        ("10.0.0.1", [b"10.3.3.3, 10.2.2.2"], "10.3.3.3"),
        ("10.0.0.1", [b"2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", [b"::ffff:6.6.6.6"], "6.6.6.6"),
        ("::ffff:10.0.0.1", [b"6.6.6.6"], "6.6.6.6"),
        ("::ffff:203.0.113.9", [b"6.6.6.6"], "203.0.113.9"),
        ("fd00::1", [b"6.6.6.6"], "6.6.6.6"),
        ("10.0.0.1", [b"6.6.6.6, unknown"], "10.0.0.1"),
        ("10.0.0.1", [b"evil, 6.6.6.6"], "6.6.6.6"),
        ("10.0.0.1", [b"203.0.113.7:51008"], "203.0.113.7"),  # Azure's gateways add the port
        ("10.0.0.1", [b"1.1.1.1:1, 203.0.113.7:51008,10.2.2.2:80"], "203.0.113.7"),
        ("10.0.0.1", [b"[2001:db8::1]:443"], "2001:db8::1"),
        ("10.0.0.1", [b"[2001:db8::1]"], "2001:db8::1"),
        ("10.0.0.1", [b'"[2001:db8::1]:443"'], "2001:db8::1"),
        ("10.0.0.1", [b'"6.6.6.6"'], "6.6.6.6"),
        ("10.0.0.1", [b"[::ffff:6.6.6.6]:80"], "6.6.6.6"),
        ("10.0.0.1", [b"[fd00::5]:80, 10.2.2.2"], "fd00::5"),
        ("10.0.0.1", [b"2001:db8::1%eth0"], "2001:db8::1"),
        ("10.0.0.1", [b"[fe80::1%25eth0]:80"], "fe80::1"),
        ("fd00::1%eth0", [b"6.6.6.6"], "6.6.6.6"),
        ("fe80::1%eth0", [b"6.6.6.6"], "fe80::1"),  # a stranger, and one with an address
        ("10.0.0.1", [b"6.6.6.6,"], "6.6.6.6"),  # an empty member is none (RFC 9110, 5.6.1)
        ("10.0.0.1", [b"", b" ,\t,6.6.6.6 , ", b""], "6.6.6.6"),
        ("10.0.0.1", [b"6.6.6.6" + b"," * 500], "6.6.6.6"),
        ("10.0.0.1", [b"6.6.6.6, " * 500 + b"7.7.7.7"], "7.7.7.7"),
        ("10.0.0.1", [b"6.6.6.6, _hidden"], "10.0.0.1"),
        ("10.0.0.1", [b"6.6.6.6:"], "10.0.0.1"),
        ("10.0.0.1", [b"6.6.6.6:http"], "10.0.0.1"),
        ("10.0.0.1", [b"6.6.6.6:1234567"], "10.0.0.1"),
        ("10.0.0.1", [b"6.6.6.6%eth0"], "10.0.0.1"),
        ("10.0.0.1", [b"[6.6.6.6"], "10.0.0.1"),
        ("10.0.0.1", [b"2001:db8::1]:443"], "10.0.0.1"),
        ("10.0.0.1", [b"6.6.6.6 7.7.7.7"], "10.0.0.1"),
        ("10.0.0.1", [b"for=6.6.6.6"], "10.0.0.1"),
        ("10.0.0.1", [b"9" * 30_000], "10.0.0.1"),
        ("10.0.0.1", [b"06.6.6.6"], "10.0.0.1"),
        ("10.0.0.1", [b""], "10.0.0.1"),
        ("10.0.0.1", [b"\xff\xfe"], "10.0.0.1"),
        ("10.0.0.1", [b"\xd9\xa6.6.6.6"], "10.0.0.1"),
        (None, [b"6.6.6.6"], None),
        ("/run/doorward.sock", [b"6.6.6.6"], None),
    ],
)
def test_the_address_is_one_that_no_client_can_choose(
    peer: str | None, headers: list[bytes], expected: str | None
) -> None:
    """
    RL-3
    """
    assert client_address(peer, headers, TRUSTED) == expected


@given(ADDRESSES, st.lists(st.binary(max_size=60), max_size=4))
def test_without_trusted_proxies_the_header_is_ignored(peer: str, headers: list[bytes]) -> None:
    """
    RL-3
    """
    assert client_address(peer, headers, ()) == client_address(peer, [], ())


@given(st.lists(ADDRESSES, max_size=5), ADDRESSES.filter(lambda a: not ip_address(a).is_private))
def test_nothing_left_of_the_client_counts(invented: list[str], real: str) -> None:
    """
    RL-3: whatever the client writes, the proxy appends where it came from.
    """
    header = ", ".join([*invented, real]).encode()
    expected = client_address(real, [], ())
    assert client_address("10.0.0.1", [header], TRUSTED) == expected


@given(st.binary(max_size=200))
def test_garbage_never_fails(header: bytes) -> None:
    """
    IN-1
    """
    address = client_address("10.0.0.1", [header], TRUSTED)
    assert address is not None
    ip_address(address)


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_one_household_is_one_key(address: IPv6Address, interface: int) -> None:
    """
    RL-3: an IPv6 customer has 2**64 addresses and still counts once.
    """
    neighbour = IPv6Address(int(address) >> 64 << 64 | interface)
    if address.ipv4_mapped is None and neighbour.ipv4_mapped is None:
        assert rate_key(str(address)) == rate_key(str(neighbour))


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (None, "unknown"),
    ],
)
def test_keys(address: str | None, key: str) -> None:
    """
    RL-3
    """
    assert rate_key(address) == key


@given(st.ip_addresses(), st.integers(0, 65535))
def test_a_port_makes_no_other_client(address: IPv4Address | IPv6Address, port: int) -> None:
    """
    RL-3: else every client behind a proxy that writes ports shares the proxy's limit.
    """
    bare = f"[{address}]" if address.version == 6 else str(address)
    header = f"1.1.1.1, {bare}:{port}".encode()
    expected = client_address(str(address), [], ())
    assert client_address("10.0.0.1", [header], (ip_network("10.0.0.1"),)) == expected
