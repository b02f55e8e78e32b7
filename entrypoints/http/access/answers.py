"""Roles and decisions, as OpenAPI tells it."""

from pydantic import BaseModel, Field

from entrypoints.http.edge.parameters import Identifier, Instant


class RoleOut(BaseModel):
    """A role; a built-in one has no times."""

    name: str = Field(examples=["support"])
    description: str | None
    permissions: list[str] = Field(examples=[["orders:refund", "users:read"]])
    built_in: bool
    created_at: Instant | None
    updated_at: Instant | None


class PermissionOut(BaseModel):
    """A permission: Doorward's own, or one of a product's that some role gives."""

    name: str = Field(examples=["users:read"])
    built_in: bool


class RoleRef(BaseModel):
    """A role by its name."""

    role: str = Field(examples=["support"])


class MissingOut(BaseModel):
    """What is missing, and the roles that would give it."""

    permission: str
    would_be_granted_by: list[RoleRef]


class ExplanationOut(BaseModel):
    """The roles that give the permission; else what is missing."""

    granted_by: list[RoleRef]
    missing: MissingOut | None = None


class DecisionOut(BaseModel):
    """Whether it is allowed, and why if that was asked."""

    allowed: bool
    explanation: ExplanationOut | None = None


class DecisionsOut(BaseModel):
    """The answers to a batch, in the order of the questions."""

    results: list[DecisionOut]


class GrantedPermissionOut(BaseModel):
    """A permission, and the roles that give it."""

    permission: str
    granted_by: list[RoleRef]


class EffectivePermissionsOut(BaseModel):
    """What a user may do."""

    user_id: Identifier
    roles: list[str]
    permissions: list[GrantedPermissionOut]
