"""What goes in about accounts: exactly these fields, of exactly these types (IN-5)."""

from typing import Annotated

from pydantic import Field

from entrypoints.http.edge.parameters import (
    LEFT_OUT,
    DisplayName,
    EmailInput,
    PasswordInput,
    PresentPassword,
    TokenInput,
)
from entrypoints.http.edge.requests import StrictModel


class SignUpRequest(StrictModel):
    """Make an account."""

    email: EmailInput
    password: PasswordInput = LEFT_OUT
    display_name: DisplayName = None


class ProfileRequest(StrictModel):
    """Change the profile; a field that is left out stays as it is."""

    display_name: DisplayName = None


class EmailChangeRequest(StrictModel):
    """Move to another address."""

    new_email: EmailInput
    password: PresentPassword = LEFT_OUT


class ErasureRequest(StrictModel):
    """Delete the account; the password says that it is really you, or a fresh session does."""

    password: PresentPassword = LEFT_OUT


class SuspensionRequest(StrictModel):
    """Suspend an account."""

    reason: Annotated[
        str, Field(max_length=2000, examples=["Chargeback"], description="Up to 500 characters.")
    ]


class UserEditRequest(StrictModel):
    """Change what an administrator may set; a field that is left out stays as it is."""

    display_name: DisplayName = None


class InvitationRequest(StrictModel):
    """An invitation to an address."""

    email: EmailInput
    roles: Annotated[
        list[Annotated[str, Field(max_length=64)]],
        Field(max_length=50, examples=[["user"]], description="Roles to have from the start."),
    ] = []  # noqa: RUF012 - pydantic copies it for each request


class AcceptanceRequest(StrictModel):
    """Accept an invitation."""

    token: TokenInput
    password: PasswordInput
    display_name: DisplayName = None
