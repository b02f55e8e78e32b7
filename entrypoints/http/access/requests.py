"""What goes in about access: exactly these fields, of exactly these types (IN-5)."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from entrypoints.http.edge.answers import either
from entrypoints.http.edge.requests import DescribedBy, StrictModel

type PermissionList = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(max_length=200, examples=[["orders:refund", "users:read"]]),
]
type RoleDescription = Annotated[
    str | None, Field(max_length=2000, examples=["Helps customers."], description="One line.")
]


type RequiredAcr = Annotated[
    Literal["aal2", "phr"] | None,
    Field(
        examples=["aal2"],
        description=(
            "In sessions below that level the role is dormant: it gives nothing, and stands in no"
            " token. Null: it counts in every session."
        ),
    ),
]


class RoleRequest(StrictModel):
    """Define a role."""

    name: Annotated[str, Field(max_length=100, examples=["support"])]
    description: RoleDescription = None
    permissions: PermissionList
    required_acr: RequiredAcr = None


class RoleChangeRequest(StrictModel):
    """Give a role another description and other permissions.

    `required_acr` stays as it is where it is left out; null takes it off.
    """

    description: RoleDescription = None
    permissions: PermissionList
    required_acr: RequiredAcr = None


type PermissionName = Annotated[str, Field(max_length=100, examples=["orders:refund"])]
type SubjectId = Annotated[
    str,
    Field(max_length=64, examples=["019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"], description="A user."),
]


class CheckRequest(StrictModel):
    """Ask whether a user may do something."""

    subject_id: SubjectId
    permission: PermissionName
    acr: Annotated[
        Literal["aal1", "aal2", "phr"],
        Field(description="What `acr` says in the user's access token: the level of the session."),
    ] = "aal1"
    explain: bool = False


class BatchCheckRequest(StrictModel):
    """Ask several questions at once."""

    checks: Annotated[
        list[CheckRequest],
        Field(
            max_length=100,
            examples=[
                [
                    {
                        "subject_id": "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a",
                        "permission": "orders:refund",
                    }
                ]
            ],
        ),
    ]


def _check_form(given: object) -> str:
    """Return which form of a check was meant; the tags are no names, and are never shown."""
    return "(batch)" if isinstance(given, Mapping) and "checks" in given else "(one)"


class AuthorizationCheckRequest(CheckRequest, BatchCheckRequest):
    """Ask one question, or with `checks` several at once."""

    model_config = ConfigDict(
        json_schema_extra=either(
            ("subject_id", "permission"), ("checks",), others=("acr", "explain")
        )
    )


type AnyCheckRequest = Annotated[
    Annotated[CheckRequest, Tag("(one)")] | Annotated[BatchCheckRequest, Tag("(batch)")],
    Discriminator(_check_form),
    DescribedBy(AuthorizationCheckRequest),
]
