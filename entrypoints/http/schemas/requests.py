"""What goes in: exactly these fields, of exactly these types (IN-5)."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from entrypoints.http.schemas.parameters import (
    TOKEN_INPUT,
    DisplayName,
    EmailInput,
    PasswordInput,
    TokenInput,
)


class StrictModel(BaseModel):
    """A request body: exactly these fields, of exactly these types."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class SignUpRequest(StrictModel):
    """Make an account."""

    email: EmailInput
    password: PasswordInput
    display_name: DisplayName = None


class EmailRequest(StrictModel):
    """Name a mailbox."""

    email: EmailInput


class TokenRequest(StrictModel):
    """Spend a mailed secret."""

    token: TokenInput


class PasswordResetRequest(StrictModel):
    """Spend a mailed secret for a new password."""

    token: TokenInput
    new_password: PasswordInput


class SignInRequest(StrictModel):
    """Start a session."""

    email: EmailInput
    password: PasswordInput
    transport: Literal["bearer", "cookie"] = Field(
        default="bearer", description="How the tokens travel: in the body, or in cookies."
    )


class RefreshRequest(StrictModel):
    """Spend a refresh token."""

    refresh_token: Annotated[
        str,
        Field(
            max_length=TOKEN_INPUT,
            examples=[
                "dwr_AZqlwn8-fEGbCi9tHoxLWgAAAAFkPq1Xr7m0vQ2b5nS8tYcKd3Wf6Hj9Lz4Gx7Rp0Ea2Ui5Oo8Tk1My3Nb6Vc9"
            ],
            description="The refresh token that came last.",
        ),
    ]


class ProfileRequest(StrictModel):
    """Change the profile; a field that is left out stays as it is."""

    display_name: DisplayName = None


class PasswordChangeRequest(StrictModel):
    """Set a new password with the present one."""

    current_password: PasswordInput
    new_password: PasswordInput


class EmailChangeRequest(StrictModel):
    """Move to another address."""

    new_email: EmailInput
    password: PasswordInput


class ErasureRequest(StrictModel):
    """Delete the account; the password says that it is really you."""

    password: PasswordInput


class SuspensionRequest(StrictModel):
    """Suspend an account."""

    reason: Annotated[
        str, Field(max_length=2000, examples=["Chargeback"], description="Up to 500 characters.")
    ]


type PermissionList = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(max_length=200, examples=[["orders:refund", "users:read"]]),
]
type RoleDescription = Annotated[
    str | None, Field(max_length=2000, examples=["Helps customers."], description="One line.")
]


class RoleRequest(StrictModel):
    """Define a role."""

    name: Annotated[str, Field(max_length=100, examples=["support"])]
    description: RoleDescription = None
    permissions: PermissionList


class RoleChangeRequest(StrictModel):
    """Give a role another description and other permissions."""

    description: RoleDescription = None
    permissions: PermissionList


class UserEditRequest(StrictModel):
    """Change what an administrator may set; a field that is left out stays as it is."""

    display_name: DisplayName = None


type PermissionName = Annotated[str, Field(max_length=100, examples=["orders:refund"])]
type SubjectId = Annotated[
    str,
    Field(max_length=64, examples=["019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"], description="A user."),
]


class CheckRequest(StrictModel):
    """Ask whether a user may do something."""

    subject_id: SubjectId
    permission: PermissionName
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
    """Return which form of a check was meant; the tags are no names, and told to nobody."""
    return "(batch)" if isinstance(given, Mapping) and "checks" in given else "(one)"


type AnyCheckRequest = Annotated[
    Annotated[CheckRequest, Tag("(one)")] | Annotated[BatchCheckRequest, Tag("(batch)")],
    Discriminator(_check_form),
]


class InvitationRequest(StrictModel):
    """Ask somebody to join."""

    email: EmailInput
    roles: Annotated[
        list[Annotated[str, Field(max_length=64)]],
        Field(max_length=50, examples=[["user"]], description="Roles to have from the start."),
    ] = []


class AcceptanceRequest(StrictModel):
    """Accept an invitation."""

    token: TokenInput
    password: PasswordInput
    display_name: DisplayName = None
