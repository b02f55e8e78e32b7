"""What goes in: exactly these fields, of exactly these types (IN-5)."""

from pydantic import BaseModel, ConfigDict

from entrypoints.http.edge.parameters import EmailInput, TokenInput


class StrictModel(BaseModel):
    """A request body: exactly these fields, of exactly these types."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class EmailRequest(StrictModel):
    """Name a mailbox."""

    email: EmailInput


class TokenRequest(StrictModel):
    """Spend a mailed secret."""

    token: TokenInput
