"""What every store of documents promises: each sentence of the port, on each of them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from domain.users.user import User
from entrypoints.container import close
from entrypoints.lifecycle import build_container
from examples.documents.application.service import DocumentsServiceUnit
from examples.documents.domain.document import Document
from examples.documents.domain.events import DocumentId
from examples.documents.entrypoints.container import DocumentsContainer
from examples.documents.tests.samples import DAY, NOW, SECOND, a_document
from tests.contracts.samples import a_user
from tests.http.client import settings_for

type Units = UnitOfWorkFactory[DocumentsServiceUnit]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty, migrated store."""
    # Synchronous on purpose: an async fixture could not ask for another one by name.
    kind = str(request.param)
    return "memory://" if kind == "memory" else str(request.getfixturevalue(f"{kind}_url"))


@pytest.fixture
async def units(store_url: str) -> AsyncIterator[Units]:
    """Opens units of work over the store, as the composition root chooses them."""
    container = build_container(settings_for(store_url), DocumentsContainer)
    yield container.unit_of_work()
    await close(container)


@pytest.fixture
async def ada(units: Units) -> User:
    """A user who is kept."""
    return await keep_user(units)


async def keep_user(units: Units) -> User:
    """Add a user and commit."""
    user = a_user()
    async with units() as unit:
        await unit.users.add(user)
        await unit.commit()
    return user


async def keep(units: Units, document: Document) -> Document:
    """Add the document and commit."""
    async with units() as unit:
        await unit.documents.add(document)
        await unit.commit()
    return document


async def load(units: Units, document_id: DocumentId) -> Document | None:
    """Return the document as every reader sees it."""
    async with units.read_only() as unit:
        return await unit.documents.get(document_id)


async def some(units: Units, user: User, count: int) -> list[Document]:
    """Keep that many documents, one a second, and return them, the newest first."""
    documents = [
        await keep(units, a_document(user.id, f"Number {number}", now=NOW + number * SECOND))
        for number in range(count)
    ]
    return documents[::-1]


def values_of(document: Document | None) -> dict[str, Any]:
    """Return every field by name."""
    assert document is not None
    return {field.name: getattr(document, field.name) for field in fields(document)}


def ids_of(documents: list[Document]) -> list[DocumentId]:
    """Return the identifiers in their order."""
    return [document.id for document in documents]


async def test_a_document_comes_back_as_it_was_kept(units: Units, ada: User) -> None:
    for document in (a_document(ada.id), a_document(ada.id, expires_at=NOW + DAY)):
        await keep(units, document)
        assert values_of(await load(units, document.id)) == values_of(document)


async def test_a_document_that_is_not_there_is_none(units: Units, ada: User) -> None:
    assert await load(units, a_document(ada.id).id) is None


async def test_a_document_that_is_over_is_still_found_by_its_id(units: Units, ada: User) -> None:
    over = await keep(units, a_document(ada.id, expires_at=NOW + SECOND))
    assert await load(units, over.id) is not None


async def test_what_was_not_committed_is_not_kept(units: Units, ada: User) -> None:
    document = a_document(ada.id)
    async with units() as unit:
        await unit.documents.add(document)
        assert await load(units, document.id) is None
        assert await unit.documents.get(document.id) is not None
    assert await load(units, document.id) is None


async def test_a_document_of_a_user_who_is_gone_cannot_be_kept(units: Units) -> None:
    document = a_document(a_user().id)
    with pytest.raises(ConcurrentChange):
        await keep(units, document)
    assert await load(units, document.id) is None


async def test_the_list_shows_the_newest_first_and_no_other_users(units: Units, ada: User) -> None:
    newest, middle, oldest = await some(units, ada, 3)
    await keep(units, a_document((await keep_user(units)).id))
    async with units.read_only() as unit:
        found = await unit.documents.list_living(ada.id, now=NOW, limit=50)
        limited = await unit.documents.list_living(ada.id, now=NOW, limit=2)
        behind = await unit.documents.list_living(ada.id, now=NOW, limit=2, before=middle.id)
    assert ids_of(found) == ids_of([newest, middle, oldest])
    assert ids_of(limited) == ids_of([newest, middle])
    assert ids_of(behind) == [oldest.id]
    assert values_of(found[0]) == values_of(newest)


async def test_a_list_goes_on_behind_a_document_that_was_removed(units: Units, ada: User) -> None:
    _, middle, oldest = await some(units, ada, 3)
    async with units() as unit:
        await unit.documents.remove(middle.id)
        await unit.commit()
    async with units.read_only() as unit:
        living = await unit.documents.list_living(ada.id, now=NOW, limit=50, before=middle.id)
        kept = await unit.documents.list_kept(ada.id, limit=50, before=middle.id)
    assert ids_of(living) == ids_of(kept) == [oldest.id]


async def test_what_is_over_is_kept_but_neither_listed_nor_counted(units: Units, ada: User) -> None:
    good = await keep(units, a_document(ada.id))
    short = await keep(units, a_document(ada.id, expires_at=NOW + DAY, now=NOW + SECOND))
    moments = {NOW + DAY - SECOND: [short.id, good.id], NOW + DAY: [good.id]}
    for now, expected in moments.items():
        async with units.read_only() as unit:
            found = await unit.documents.list_living(ada.id, now=now, limit=50)
            assert ids_of(found) == expected
            assert await unit.documents.count_living(ada.id, now=now) == len(expected)
            assert ids_of(await unit.documents.list_kept(ada.id, limit=50)) == [short.id, good.id]


async def test_what_is_kept_is_listed_in_the_same_order_and_bounds(units: Units, ada: User) -> None:
    newest, middle, oldest = await some(units, ada, 3)
    stranger = await keep_user(units)
    await keep(units, a_document(stranger.id))
    async with units.read_only() as unit:
        first = await unit.documents.list_kept(ada.id, limit=2)
        rest = await unit.documents.list_kept(ada.id, limit=2, before=middle.id)
        assert await unit.documents.count_living(ada.id, now=NOW) == 3
        assert await unit.documents.count_living(stranger.id, now=NOW) == 1
    assert ids_of(first) == ids_of([newest, middle])
    assert ids_of(rest) == [oldest.id]


async def test_a_save_writes_every_field_and_raises_the_version(units: Units, ada: User) -> None:
    document = await keep(units, a_document(ada.id))
    document.change(title="Other", text="Other\ntext", now=NOW + SECOND)
    document.expires_at = NOW + DAY
    async with units() as unit:
        await unit.documents.save(document)
        await unit.commit()
    assert document.version == 1
    assert values_of(await load(units, document.id)) == values_of(document)


async def test_of_two_saves_of_the_same_state_one_is_refused(units: Units, ada: User) -> None:
    document = await keep(units, a_document(ada.id))

    async def save(title: str) -> str:
        loaded = await load(units, document.id)
        assert loaded is not None
        loaded.change(title=title, text="", now=NOW + SECOND)
        await ready.wait()
        async with units() as unit:
            await unit.documents.save(loaded)
            await unit.commit()
        return title

    ready = asyncio.Barrier(2)
    ended = await asyncio.gather(save("One"), save("Two"), return_exceptions=True)
    (winner,) = [each for each in ended if isinstance(each, str)]
    assert [type(each) for each in ended if not isinstance(each, str)] == [ConcurrentChange]
    kept = await load(units, document.id)
    assert kept is not None
    assert (kept.title, kept.version) == (winner, 1)


async def test_a_document_that_was_removed_cannot_be_saved(units: Units, ada: User) -> None:
    document = a_document(ada.id)
    async with units() as unit:
        with pytest.raises(ConcurrentChange):
            await unit.documents.save(document)
    assert document.version == 0


async def test_of_two_who_remove_one_is_told_that_it_was_there(units: Units, ada: User) -> None:
    document = await keep(units, a_document(ada.id))

    async def remove() -> bool:
        async with units() as unit:
            was_there = await unit.documents.remove(document.id)
            await unit.commit()
        return was_there

    assert sorted(await asyncio.gather(remove(), remove())) == [False, True]
    assert await load(units, document.id) is None
    assert await remove() is False


async def test_a_purge_removes_a_bounded_number_of_those_that_are_over(
    units: Units, ada: User
) -> None:
    good = await keep(units, a_document(ada.id))
    later = await keep(units, a_document(ada.id, expires_at=NOW + DAY + SECOND))
    over = [await keep(units, a_document(ada.id, expires_at=NOW + DAY)) for _ in range(3)]

    async def purge(limit: int) -> int:
        async with units() as unit:
            removed = await unit.documents.purge(now=NOW + DAY, limit=limit)
            await unit.commit()
        return removed

    assert await purge(2) == 2
    assert sum([await load(units, document.id) is not None for document in over]) == 1
    assert await purge(2) == 1
    assert await purge(2) == 0
    assert await load(units, good.id) is not None
    assert await load(units, later.id) is not None


async def test_documents_go_with_their_user(units: Units, ada: User) -> None:
    hers = await keep(units, a_document(ada.id))
    others = await keep(units, a_document((await keep_user(units)).id))
    async with units() as unit:
        await unit.users.remove(ada.id)
        await unit.commit()
    assert await load(units, hers.id) is None
    assert await load(units, others.id) is not None


async def test_one_unit_holds_documents_and_all_of_doorward(units: Units, ada: User) -> None:
    """All of it is undone together: a document, and what happens to its user."""
    document = a_document(ada.id, now=NOW + timedelta(hours=1))
    async with units() as unit:
        await unit.documents.add(document)
        ada.rename("Ada Lovelace", now=NOW)
        await unit.users.save(ada)
    async with units.read_only() as unit:
        user = await unit.users.find_by_email(EmailAddress.parse(ada.email.value))
        assert user is not None
        assert user.version == 0
        assert await unit.documents.get(document.id) is None
