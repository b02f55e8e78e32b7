"""Reading a proof out of a form."""

from collections.abc import Sequence

from application.factors.proofs import Proof, ProofKind
from domain.errors import ValidationFailed
from entrypoints.http.account_pages.places import CODE_INPUT, CREDENTIAL, PROOFS
from entrypoints.http.edge.errors import MalformedRequest
from entrypoints.http.edge.json_bytes import read_json
from entrypoints.http.pages.flows import Form, gaps_in


def proof_in(form: Form, methods: Sequence[str]) -> Proof:
    """Return what the form shows, if it is one of these kinds.

    Raises ValidationFailed, naming the field, where nothing is filled in or too much.
    """
    credential = form.get(CREDENTIAL)
    if credential and ProofKind.PASSKEY in methods:
        return Proof(ProofKind.PASSKEY, credential_in(credential))
    fields = {kind: PROOFS[kind] for kind in methods if kind in PROOFS}
    for kind, field in fields.items():
        if form.get(field.name):
            if gaps := gaps_in([field], form):
                raise ValidationFailed(details=gaps)
            return Proof(ProofKind(kind), _typed(kind, form[field.name]))
    first = next(iter(fields.values()), None)
    raise ValidationFailed.of(first.name if first else CREDENTIAL, "MISSING", "Show a proof.")


def field_of(proof: Proof) -> str:
    """Return the field in which such a proof is filled in."""
    return PROOFS[proof.kind].name if proof.kind in PROOFS else CREDENTIAL


def credential_in(text: str) -> dict[str, object]:
    """Return what the script of the passkeys wrote into the form; raise ValidationFailed."""
    refusal = ValidationFailed.of(CREDENTIAL, "WRONG_PASSKEY", "This is no passkey.")
    try:
        read = read_json(text.encode())
    except MalformedRequest:
        raise refusal from None
    if not isinstance(read, dict):
        raise refusal
    return read


def code_in(text: str) -> str:
    """Return a code without the spaces with which apps show it."""
    return "".join(text.split()) if len(text) <= CODE_INPUT else text


def _typed(kind: str, text: str) -> str:
    return text if kind == ProofKind.PASSWORD else code_in(text)
