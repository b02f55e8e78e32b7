"""What goes in about credentials: exactly these fields, of exactly these types (IN-5)."""

from entrypoints.http.edge.parameters import PasswordInput, TokenInput
from entrypoints.http.edge.requests import StrictModel


class PasswordResetRequest(StrictModel):
    """Spend a mailed secret for a new password."""

    token: TokenInput
    new_password: PasswordInput


class PasswordChangeRequest(StrictModel):
    """Set a new password with the present one."""

    current_password: PasswordInput
    new_password: PasswordInput
