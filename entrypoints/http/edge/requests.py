"""What goes in: exactly these fields, of exactly these types (IN-5)."""

from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue

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


class DescribedBy:
    """An annotation: OpenAPI describes what is annotated as this model."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __get_pydantic_json_schema__(
        self, _: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(self._model.__pydantic_core_schema__)
