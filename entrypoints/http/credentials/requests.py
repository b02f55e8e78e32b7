"""What goes in about credentials: exactly these fields, of exactly these types (IN-5)."""

from typing import Literal

from pydantic import Field

from entrypoints.http.edge.parameters import EmailInput, PasswordInput, TokenInput
from entrypoints.http.edge.requests import StrictModel


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


class PasswordChangeRequest(StrictModel):
    """Set a new password with the present one."""

    current_password: PasswordInput
    new_password: PasswordInput
