"""Where a database stands, by the names in its version table alone (DB-5)."""

import re

import pytest

from adapters.sqlalchemy.revisions import Revisions, Standing, new_revision_name

JANUARY, FEBRUARY, MARCH = (f"20260{month}01_0900_0000000{month}" for month in (1, 2, 3))

OURS = Revisions({"1": set(), "2": {"1"}, FEBRUARY: {"2"}})
BOTH = Revisions({"1": set(), "2": {"1"}, FEBRUARY: {"2"}, "docs1": {"2"}, "docs2": {"docs1"}})


def standing(known: Revisions, *present: str) -> Standing | None:
    difference = known.difference(set(present))
    return None if difference is None else difference.standing


def test_the_heads_are_what_no_other_revision_needs() -> None:
    assert OURS.heads == {FEBRUARY}
    assert BOTH.heads == {FEBRUARY, "docs2"}
    assert Revisions({"1": set(), "docs1": {"1"}}).heads == {"docs1"}


@pytest.mark.parametrize(
    ("known", "present"),
    [
        (OURS, {FEBRUARY}),
        (BOTH, {FEBRUARY, "docs2"}),
        # A revision that another one needs has been run, named or not.
        (Revisions({"1": set(), "docs1": {"1"}}), {"docs1"}),
        (Revisions({"1": set(), "docs1": {"1"}}), {"docs1", "1"}),
    ],
)
def test_where_it_should_be(known: Revisions, present: set[str]) -> None:
    assert known.difference(present) is None


@pytest.mark.parametrize(
    ("known", "present", "words"),
    [
        (OURS, {"2"}, f"is at revision 2, older than {FEBRUARY}"),
        (
            BOTH,
            {FEBRUARY, "docs1"},
            f"is at revision {FEBRUARY} and docs1, older than {FEBRUARY} and docs2",
        ),
        # What docs2 needs has been run, and nothing after that.
        (BOTH, {"docs2"}, f"is at revision docs2, older than {FEBRUARY} and docs2"),
        (BOTH, {FEBRUARY}, f"is at revision {FEBRUARY}, older than {FEBRUARY} and docs2"),
    ],
)
def test_behind(known: Revisions, present: set[str], words: str) -> None:
    difference = known.difference(present)
    assert difference is not None
    assert difference.standing is Standing.OLDER
    assert difference.can_be_migrated
    assert "`doorward migrate`" in difference.cure
    assert difference.words == words


def test_never_migrated() -> None:
    difference = OURS.difference(set())
    assert difference is not None
    assert difference.words == "was never migrated"
    assert difference.can_be_migrated


@pytest.mark.parametrize(
    ("known", "present"),
    [(OURS, {MARCH}), (BOTH, {MARCH, "docs2"}), (Revisions({"1": set()}), {JANUARY})],
)
def test_ahead(known: Revisions, present: set[str]) -> None:
    """An unknown revision in the place of ours, and made after ours."""
    difference = known.difference(present)
    assert difference is not None
    assert difference.standing is Standing.NEWER
    assert not difference.can_be_migrated
    assert "unknown here and newer than" in difference.words


@pytest.mark.parametrize(
    ("known", "present"),
    [
        (OURS, {JANUARY}),  # made before ours was, so not after it
        (OURS, {"3"}),  # ours are not numbered any more
        (OURS, {"0123456789ab"}),  # nor named by chance alone
        (OURS, {FEBRUARY, MARCH}),  # all of ours is there, and something else
        (BOTH, {FEBRUARY, "docs2", MARCH}),
    ],
)
def test_foreign(known: Revisions, present: set[str]) -> None:
    difference = known.difference(present)
    assert difference is not None
    assert difference.standing is Standing.FOREIGN
    assert not difference.can_be_migrated
    assert "unknown here and from another branch" in difference.words


@pytest.mark.parametrize(("known", "present"), [(OURS, {"2", MARCH}), (BOTH, {MARCH, "docs1"})])
def test_forked(known: Revisions, present: set[str]) -> None:
    """The unknown one stands beside one that this code has gone on from."""
    difference = known.difference(present)
    assert difference is not None
    assert difference.standing is Standing.FORKED
    assert not difference.can_be_migrated
    assert "has parted from this version" in difference.words
    assert f"it holds {MARCH}, unknown here" in difference.words


def test_a_difference_is_told_in_two_sentences() -> None:
    assert str(OURS.difference({"2"})) == (
        f"The database's schema is at revision 2, older than {FEBRUARY}. "
        "Run `doorward migrate` with the version that you want to serve."
    )


def test_a_new_name_tells_when_it_was_made_and_is_chosen_once() -> None:
    names = {new_revision_name() for _ in range(100)}
    assert len(names) == 100
    for name in names:
        assert re.fullmatch(r"20\d{6}_[0-2]\d[0-5]\d_[0-9a-f]{8}", name)
        assert standing(OURS, name) is Standing.NEWER
        assert len(name) <= 32, "the version table has no room for more"
