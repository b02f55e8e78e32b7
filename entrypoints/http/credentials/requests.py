"""What goes in about credentials: exactly these fields, of exactly these types (IN-5)."""

from entrypoints.http.edge.parameters import LEFT_OUT, PasswordInput, PresentPassword, TokenInput
from entrypoints.http.edge.requests import StrictModel


class PasswordResetRequest(StrictModel):
    """Spend a mailed secret for a new password."""

    token: TokenInput
    new_password: PasswordInput


class PasswordChangeRequest(StrictModel):
    """Set a new password."""

    current_password: PresentPassword = LEFT_OUT
    new_password: PasswordInput
