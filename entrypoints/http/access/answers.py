"""Roles and decisions, as OpenAPI tells it."""

from pydantic import ConfigDict, Field

from entrypoints.http.edge.answers import AnswerModel, either, optional
from entrypoints.http.edge.parameters import Identifier, Instant
from entrypoints.http.users.answers import DormantRoleOut


class RoleOut(AnswerModel):
    """A role; a built-in one has no times."""

    name: str = Field(examples=["support"])
    description: str | None
    permissions: list[str] = Field(examples=[["orders:refund", "users:read"]])
    required_acr: str | None = Field(
        description="In sessions below `aal2` or `phr` the role is dormant. Null: it never is.",
        examples=[None],
    )
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


class GivingRoleOut(RoleRef):
    """A role by its name, and the level of the sessions in which it counts, if not in all."""

    model_config = ConfigDict(json_schema_extra=optional("required_acr"))

    required_acr: str = Field(description="`aal2` or `phr`.", examples=["aal2"])


class MissingOut(AnswerModel):
    """What is missing, and the roles that would give it."""

    permission: str
    would_be_granted_by: list[RoleRef]


class ExplanationOut(AnswerModel):
    """The roles that give the permission; else what is missing.

    `dormant_roles` are those of the user that give it in a session of a higher level than `acr`.
    """

    model_config = ConfigDict(json_schema_extra=optional("dormant_roles", "missing"))

    granted_by: list[RoleRef]
    dormant_roles: list[DormantRoleOut]
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
    granted_by: list[GivingRoleOut]


class EffectivePermissionsOut(AnswerModel):
    """What a user may do."""

    user_id: Identifier
    roles: list[str]
    permissions: list[GrantedPermissionOut]
