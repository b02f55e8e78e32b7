"""``doorward-documents documents …``: what users wrote, on an operator's word."""

import sys

from cyclopts import App

from domain.origin import NOWHERE
from domain.principal import OPERATOR
from entrypoints.cli.printing import print_json, print_table
from entrypoints.cli.service import Services, in_service
from entrypoints.cli.subject import Subject, found
from entrypoints.cli.whole_lists import every
from examples.documents.application.service import documents_in
from examples.documents.domain.document import Document, DocumentNotFound
from examples.documents.domain.events import DocumentId
from examples.documents.entrypoints.representation import document_body

documents = App(name="documents")
_COLUMNS = ("id", "title", "created_at", "updated_at", "expires_at")


@documents.command(name="list")
def list_documents(subject: Subject, *, json: bool = False) -> None:
    """List a user's documents.

    Parameters
    ----------
    json:
        Print JSON, with the texts.
    """
    rows = [document_body(each) for each in in_service(lambda services: _all(services, subject))]
    if json:
        print_json(rows)
    else:
        print_table(rows, _COLUMNS)


async def _all(services: Services, subject: str) -> list[Document]:
    user, use = await found(services, subject), documents_in(services)
    return await every(
        lambda asked: use.list(principal=OPERATOR, user_id=user.id, asked=asked), unit="documents"
    )


@documents.command
def create(subject: Subject, *, title: str, json: bool = False) -> None:
    """Write a document for a user; its text is read from standard input.

    Parameters
    ----------
    title:
        What it is called.
    json:
        Print the document as JSON.
    """
    text = sys.stdin.read()

    async def do(services: Services) -> Document:
        user = await found(services, subject)
        return await documents_in(services).create(
            principal=OPERATOR, user_id=user.id, title=title, text=text, origin=NOWHERE
        )

    document = in_service(do)
    if json:
        print_json(document_body(document))
    else:
        print(f"{document.id}  {document.title}")


@documents.command
def remove(subject: Subject, document: str) -> None:
    """Remove a document of a user. It does not come back."""

    async def do(services: Services) -> None:
        user = await found(services, subject)
        await documents_in(services).remove(
            principal=OPERATOR, user_id=user.id, document_id=_identified(document), origin=NOWHERE
        )

    in_service(do)
    print(f"{document} removed.")


def _identified(text: str) -> DocumentId:
    try:
        return DocumentId.parse(text)
    except ValueError:
        raise DocumentNotFound from None
