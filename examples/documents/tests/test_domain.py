"""What a document is, without any store."""

import secrets
from datetime import datetime
from uuid import UUID

import pytest

from domain.errors import NotFound, ValidationFailed
from domain.identifiers import UserId
from domain.principal import Permission
from examples.documents.domain.document import Document, DocumentNotFound
from examples.documents.domain.permissions import PERMISSIONS
from examples.documents.tests.samples import DAY, NOW, SECOND, a_document

ADA = UserId(UUID(int=7))


def write(*, title: str = "Notes", text: str = "", expires_at: datetime | None = None) -> Document:
    document, _ = Document.write(
        user_id=ADA,
        title=title,
        text=text,
        expires_at=expires_at,
        now=NOW,
        entropy=secrets.token_bytes,
    )
    return document


def test_a_new_document_is_its_writers() -> None:
    document, created = Document.write(
        user_id=ADA,
        title="  Notes ",
        text="Line one\nline two\r\n\tindented",
        expires_at=None,
        now=NOW,
        entropy=secrets.token_bytes,
    )
    assert (document.user_id, document.title, document.version) == (ADA, "Notes", 0)
    assert document.text == "Line one\nline two\r\n\tindented"
    assert document.created_at == document.updated_at == NOW
    assert document.id.value.version == 7
    assert (created.name, created.occurred_at) == ("document.created", NOW)
    assert created.target == ("document", document.id)


def test_events_say_whose_document_it_is_and_nothing_of_what_stands_in_it() -> None:
    document = write(title="Secret plans", text="Take the pearls")
    changed = document.change(title="Other plans", text="Leave the pearls", now=NOW + SECOND)
    assert changed is not None
    removed = document.removed(now=NOW + DAY)
    assert [changed.name, removed.name] == ["document.changed", "document.removed"]
    for event in (changed, removed):
        assert event.target == ("document", document.id)
        assert event.data() == {"document_id": str(document.id), "user_id": str(ADA)}


def test_a_change_to_the_same_is_none() -> None:
    document = write(title="Notes", text="same")
    assert document.change(title=" Notes", text="same", now=NOW + SECOND) is None
    assert document.updated_at == NOW
    assert document.change(title="Notes", text="other", now=NOW + SECOND) is not None
    assert (document.text, document.updated_at) == ("other", NOW + SECOND)


@pytest.mark.parametrize("title", ["", "   ", "x" * 201, "two\nlines", "a\u202egnp.exe", "a\x00b"])
def test_a_title_is_one_printable_line(title: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        write(title=title)
    assert [(v.field, v.code) for v in refusal.value.details] == [("title", "INVALID_TITLE")]
    assert write(title="x" * 200).title == "x" * 200


@pytest.mark.parametrize("text", ["x" * 20_001, "a\x00b", "\x1b[2J"])
def test_a_text_is_bounded_and_can_be_stored_everywhere(text: str) -> None:
    document = write()
    for attempt in (
        lambda: write(text=text),
        lambda: document.change(title="Notes", text=text, now=NOW),
    ):
        with pytest.raises(ValidationFailed) as refusal:
            attempt()
        assert [(v.field, v.code) for v in refusal.value.details] == [("text", "INVALID_TEXT")]
    assert document.text == ""
    assert write(text="x" * 20_000).text == "x" * 20_000


def test_a_document_is_over_from_its_time_on() -> None:
    document = a_document(ADA, expires_at=NOW + DAY)
    assert not document.is_over(NOW + DAY - SECOND)
    assert document.is_over(NOW + DAY)
    assert not a_document(ADA).is_over(datetime.max.replace(tzinfo=NOW.tzinfo))


@pytest.mark.parametrize("late", [NOW, NOW - DAY])
def test_a_document_cannot_be_over_before_it_is_written(late: datetime) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        write(expires_at=late)
    assert [v.field for v in refusal.value.details] == ["expires_at"]


def test_the_words_that_others_store() -> None:
    """Permissions stand in roles, codes in clients: they are added and never changed."""
    assert PERMISSIONS == ("documents:read", "documents:write")
    assert [Permission.parse(text) for text in PERMISSIONS] == list(PERMISSIONS)
    assert (DocumentNotFound.code, DocumentNotFound.__mro__[1]) == ("DOCUMENT_NOT_FOUND", NotFound)
