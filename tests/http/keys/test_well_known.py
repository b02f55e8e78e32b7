"""
The documents that other services find the keys by.
"""

from tests.http.client import (
    PUBLIC_URL,
    Api,
)


async def test_the_well_known_documents_have_the_shapes_of_their_rfcs(api: Api) -> None:
    """
    RFC 8414 and RFC 7517, without an envelope.
    """
    metadata = await api.get("/.well-known/oauth-authorization-server")
    assert metadata.headers["content-type"] == "application/json"
    body = metadata.json()
    assert body["issuer"] == PUBLIC_URL
    assert body["jwks_uri"] == f"{PUBLIC_URL}/.well-known/jwks.json"
    assert isinstance(body["response_types_supported"], list)
    assert set((await api.get("/.well-known/jwks.json")).json()) == {"keys"}


async def test_the_jwks_holds_public_members_only(api: Api) -> None:
    """
    TK-3: and says how long it may be kept.
    """
    answer = await api.get("/.well-known/jwks.json")
    assert answer.headers["cache-control"] == "public, max-age=300"
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
