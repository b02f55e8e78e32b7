"""Rows and entities of what users do not own: signing keys, messages, the audit trail.

Rows are read by position: the tuple of columns above each function is what to select, in the
order in which the function takes it apart.
"""

from adapters.sqlalchemy.statements import Row, Written
from adapters.sqlalchemy.tables import audit_events, outbox_messages, signing_keys
from application.ports.outbox import HeldMessage, MessageKind, MessageStatus, OutboxMessage
from domain.audit import AuditEvent, Origin, Party
from domain.identifiers import AuditEventId, MessageId
from domain.signing_key import SigningAlgorithm, SigningKey

KEY = (
    signing_keys.c.kid,
    signing_keys.c.algorithm,
    signing_keys.c.public_jwk,
    signing_keys.c.sealed_private_key,
    signing_keys.c.published_at,
    signing_keys.c.activates_at,
    signing_keys.c.promoted_at,
    signing_keys.c.retires_at,
    signing_keys.c.gone_at,
    signing_keys.c.version,
)


def key_from(row: Row) -> SigningKey:
    """Return the signing key that a row of ``KEY`` tells of."""
    kid, algorithm, jwk, sealed, published_at, activates_at, promoted_at, *rest = row
    retires_at, gone_at, version = rest
    return SigningKey(
        kid=kid,
        algorithm=SigningAlgorithm(algorithm),
        public_jwk=jwk,
        sealed_private_key=sealed,
        published_at=published_at,
        activates_at=activates_at,
        promoted_at=promoted_at,
        retires_at=retires_at,
        gone_at=gone_at,
        version=version,
    )


def key_values(key: SigningKey) -> Written:
    """Return all that is written of a signing key."""
    return {
        "kid": key.kid,
        "algorithm": key.algorithm.value,
        "public_jwk": dict(key.public_jwk),
        "sealed_private_key": key.sealed_private_key,
        "published_at": key.published_at,
        "activates_at": key.activates_at,
        "promoted_at": key.promoted_at,
        "retires_at": key.retires_at,
        "gone_at": key.gone_at,
        "version": key.version,
    }


MESSAGE = (
    outbox_messages.c.id,
    outbox_messages.c.kind,
    outbox_messages.c.recipient,
    outbox_messages.c.parameters,
    outbox_messages.c.sealed_secret,
    outbox_messages.c.queued_at,
    outbox_messages.c.expires_at,
    outbox_messages.c.attempts,
)


def message_from(row: Row) -> OutboxMessage:
    """Return the message that a row of ``MESSAGE`` tells of."""
    id_, kind, to, parameters, sealed_secret, queued_at, expires_at, attempts = row
    return OutboxMessage(
        id=MessageId(id_),
        kind=MessageKind(kind),
        to=to,
        parameters=parameters,
        sealed_secret=sealed_secret,
        queued_at=queued_at,
        expires_at=expires_at,
        attempts=attempts,
    )


HELD_MESSAGE = (
    outbox_messages.c.id,
    outbox_messages.c.kind,
    outbox_messages.c.recipient,
    outbox_messages.c.status,
    outbox_messages.c.attempts,
    outbox_messages.c.queued_at,
    outbox_messages.c.due_at,
    outbox_messages.c.expires_at,
    outbox_messages.c.closed_at,
    outbox_messages.c.last_error,
)


def held_message_from(row: Row) -> HeldMessage:
    """Return what a row of ``HELD_MESSAGE`` tells of a message, without its content."""
    (id_, kind, to, status, attempts, queued_at, due_at, expires_at, closed_at,
     last_error) = row  # fmt: skip
    return HeldMessage(
        id=MessageId(id_),
        kind=MessageKind(kind),
        to=to,
        status=MessageStatus(status),
        attempts=attempts,
        queued_at=queued_at,
        due_at=due_at,
        expires_at=expires_at,
        closed_at=closed_at,
        last_error=last_error,
    )


def message_values(message: OutboxMessage) -> Written:
    """Return all that is written of a message that is due at once."""
    return {
        "id": message.id.value,
        "kind": message.kind.value,
        "recipient": message.to,
        "parameters": dict(message.parameters),
        "sealed_secret": message.sealed_secret,
        "queued_at": message.queued_at,
        "expires_at": message.expires_at,
        "attempts": message.attempts,
        "status": MessageStatus.WAITING.value,
        "due_at": message.queued_at,
        "leased_until": None,
        "closed_at": None,
        "last_error": None,
    }


AUDIT_EVENT = (
    audit_events.c.id,
    audit_events.c.occurred_at,
    audit_events.c.type,
    audit_events.c.outcome,
    audit_events.c.reason,
    audit_events.c.actor_kind,
    audit_events.c.actor_id,
    audit_events.c.target_kind,
    audit_events.c.target_id,
    audit_events.c.ip_address,
    audit_events.c.user_agent,
    audit_events.c.request_id,
    audit_events.c.data,
    audit_events.c.seal,
    audit_events.c.origin_seal,
)


def audit_event_from(row: Row) -> AuditEvent:
    """Return the audit row that a row of ``AUDIT_EVENT`` tells of."""
    (id_, occurred_at, type_, outcome, reason, actor_kind, actor_id, target_kind, target_id,
     ip_address, user_agent, request_id, data, seal, origin_seal) = row  # fmt: skip
    return AuditEvent(
        id=AuditEventId(id_),
        occurred_at=occurred_at,
        type=type_,
        outcome=outcome,
        reason=reason,
        actor=Party(actor_kind, actor_id),
        target=None if target_kind is None else Party(target_kind, target_id),
        origin=Origin(ip_address=ip_address, user_agent=user_agent, request_id=request_id),
        data=data,
        seal=seal,
        origin_seal=origin_seal,
    )


def user_of(event: AuditEvent) -> str | None:
    """Return whom the row happened to: it is found by that, and says it elsewhere, too."""
    named = event.data.get("user_id") if isinstance(event.data, dict) else None
    return named or (event.target.id if event.target else None)


def audit_event_values(event: AuditEvent) -> Written:
    """Return all that is written of an audit row.

    An event of a session has the session for its target and names the user in its data.
    """
    target, origin = event.target, event.origin
    return {
        "id": event.id.value,
        "occurred_at": event.occurred_at,
        "type": event.type,
        "outcome": event.outcome,
        "reason": event.reason,
        "actor_kind": event.actor.kind,
        "actor_id": event.actor.id,
        "target_kind": target.kind if target else None,
        "target_id": target.id if target else None,
        "user_id": user_of(event),
        "ip_address": origin.ip_address,
        "user_agent": origin.user_agent,
        "request_id": origin.request_id,
        "data": dict(event.data),
        "seal": event.seal,
        "origin_seal": event.origin_seal,
        "position": None,
        "link": None,
    }
