"""Roles and decisions, as OpenAPI tells it."""

from pydantic import ConfigDict, Field

from entrypoints.http.edge.answers import AnswerModel, either, optional
from entrypoints.http.edge.parameters import Identifier, Instant


class RoleOut(AnswerModel):
    """A role; a built-in one has no times."""

    name: str = Field(examples=["support"])
    description: str | None
    permissions: list[str] = Field(examples=[["orders:refund", "users:read"]])
    built_in: bool
    created_at: Instant | None
    updated_at: Instant | None


class PermissionOut(AnswerModel):
    """A permission: Doorward's own, or one of a product's that some role gives."""

    name: str = Field(examples=["users:read"])
    built_in: bool


class RoleRef(AnswerModel):
    """A role by its name."""

    role: str = Field(examples=["support"])


class MissingOut(AnswerModel):
    """What is missing, and the roles that would give it."""

    permission: str
    would_be_granted_by: list[RoleRef]


class ExplanationOut(AnswerModel):
    """The roles that give the permission; else what is missing."""

    model_config = ConfigDict(json_schema_extra=optional("missing"))

    granted_by: list[RoleRef]
    missing: MissingOut


class DecisionOut(AnswerModel):
    """Whether it is allowed, and why if that was asked."""

    model_config = ConfigDict(json_schema_extra=optional("explanation"))

    allowed: bool
    explanation: ExplanationOut


class CheckOut(DecisionOut):
    """The answer to one question; to a batch it is `results`, in the order of the questions."""

    model_config = ConfigDict(
        json_schema_extra=either(("allowed",), ("results",), others=("explanation",))
    )

    results: list[DecisionOut]


class GrantedPermissionOut(AnswerModel):
    """A permission, and the roles that give it."""

    permission: str
    granted_by: list[RoleRef]


class EffectivePermissionsOut(AnswerModel):
    """What a user may do."""

    user_id: Identifier
    roles: list[str]
    permissions: list[GrantedPermissionOut]
