"""
Times in queries, as RFC 3339 writes them (IN-1, IN-5).
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from entrypoints.representations.formats import instant, moment_of
from tests.http.client import Api, data_of, details_of, refusal_of

LAST = datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUERIES = [
    ("/api/v1/users", "created_after"),
    ("/api/v1/users", "created_before"),
    ("/api/v1/audit-events", "after"),
    ("/api/v1/audit-events", "before"),
]
TAKEN = {
    "2026-11-21T12:00:00Z": NOON,
    "2026-11-21t12:00:00z": NOON,
    "2026-11-21T12:00:00-00:00": NOON,
    "2026-11-21T12:00:00+00:00": NOON,
    "2026-11-22T11:59:00+23:59": NOON,
    "2026-11-20T12:01:00-23:59": NOON,
    "2026-11-21T12:00:00.0Z": NOON,
    "2026-11-21T12:00:00.5Z": NOON.replace(microsecond=500_000),
    "2026-11-21T12:00:00.1234567Z": NOON.replace(microsecond=123_456),
    "2026-11-21T12:00:00.123456789012345678901234567890Z": NOON.replace(microsecond=123_456),
    "2026-11-21t17:30:00.000000000+05:30": NOON,
    "2016-12-31T23:59:60Z": datetime(2017, 1, 1, tzinfo=UTC),
    "2016-12-31T23:59:60.999Z": datetime(2017, 1, 1, tzinfo=UTC),
    "1990-12-31T15:59:60-08:00": datetime(1991, 1, 1, tzinfo=UTC),
    "2024-02-29T00:00:00Z": datetime(2024, 2, 29, tzinfo=UTC),
    "0001-01-01T00:00:00Z": datetime(1, 1, 1, tzinfo=UTC),
    "9999-12-31T23:59:59.999999Z": LAST,
    "9999-12-31T23:59:59.9999999Z": LAST,
}
REFUSED = [
    "", "yesterday", "2026-11-21", "2026-11-21T12:00:00", "2026-11-21T12:00Z",
    "2026-11-21 12:00:00Z", "2026-11-21T12:00:00 00:00", "20261121T120000Z",
    "2026-11-21T12:00:00.Z", "2026-11-21T12:00:00,5Z", "2026-11-21T12:00:00+0000",
    "2026-11-21T12:00:00+00", "2026-11-21T12:00:00+24:00", "2026-11-21T12:00:00+10:60",
    "2026-11-21T24:00:00Z", "2026-11-21T12:60:00Z", "2026-11-21T12:00:61Z",
    "2026-11-21T12:00:60Z", "2016-12-30T23:59:60Z", "2016-12-31T23:59:60+01:00",
    "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-00-01T00:00:00Z",
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
    "9999-12-31T23:59:60Z", "٢٠٢٦-11-21T12:00:00Z", "2026-11-21T12:00:00Z\n",
    "2026-W47-6T12:00:00Z", "1795262400", "-026-11-21T12:00:00Z",
]  # fmt: skip


@pytest.mark.parametrize(("text", "moment"), TAKEN.items(), ids=TAKEN)
def test_rfc_3339_is_read_as_it_is_written(text: str, moment: datetime) -> None:
    assert moment_of(text) == moment
    assert moment_of(text).tzinfo is UTC


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_no_other_time_is_guessed(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any of its kinds
        moment_of(text)


def test_no_digit_is_lost_before_a_time() -> None:
    """
    A row of .123456 is earlier than .1234561, and no row is that is not.
    """
    finer = "2026-11-21T12:00:00.1234561Z"
    assert moment_of(finer, round_up=True) - moment_of(finer) == timedelta(microseconds=1)
    exact = "2026-11-21T12:00:00.12345600000Z"
    assert moment_of(exact, round_up=True) == moment_of(exact)


async def test_every_query_takes_every_such_time(api: Api) -> None:
    admin = await api.administrator()
    for path, name in QUERIES:
        for text in TAKEN:
            data_of(await api.get(path, params={name: text}, access=admin.access))
        for text in REFUSED[1:]:
            refused = await api.get(path, params={name: text}, access=admin.access)
            assert refusal_of(refused) == (422, "VALIDATION_ERROR"), (name, text)
            assert details_of(refused) == {(name, "INVALID_FORMAT")}


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 3, 1, 12, 0, tzinfo=UTC), "2026-03-01T12:00:00.000000Z"),
        (datetime(2026, 3, 1, 12, 0, 0, 50, tzinfo=UTC), "2026-03-01T12:00:00.000050Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000000Z"),
        (
            datetime(2026, 3, 1, 1, 30, 0, 1, tzinfo=timezone(timedelta(hours=2))),
            "2026-02-28T23:30:00.000001Z",
        ),
    ],
)
def test_a_time_is_written_to_the_microsecond_and_in_utc(moment: datetime, text: str) -> None:
    assert instant(moment) == text


def test_no_time_is_none() -> None:
    assert instant(None) is None
