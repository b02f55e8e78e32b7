"""
Signing keys, rotated and revoked by an administrator.
"""

from tests.http.client import (
    Api,
    data_of,
    refusal_of,
)

KEYS = "/api/v1/signing-keys"
ROTATE = "/api/v1/signing-keys/rotate"


async def test_a_key_is_rotated_and_revoked_without_anything_else_to_do(api: Api) -> None:
    """
    TK-3, TK-4: the new one is published at once; a revoked one is refused at once.
    """
    admin = await api.administrator()
    [first] = data_of(await api.get(KEYS, access=admin.access))
    assert first["state"] == "active"
    successor = data_of(await api.post(ROTATE, access=admin.access), 202)
    assert successor["state"] == "published"
    again = data_of(await api.post(ROTATE, access=admin.access), 202)
    assert again["kid"] == successor["kid"]
    jwks = (await api.get("/.well-known/jwks.json")).json()["keys"]
    assert {key["kid"] for key in jwks} == {first["kid"], successor["kid"]}
    revoked = await api.post(f"{KEYS}/{first['kid']}/revoke", access=admin.access)
    assert revoked.status_code == 204
    refused = await api.get(KEYS, access=admin.access)
    assert refusal_of(refused) == (401, "ACCESS_TOKEN_INVALID")
    fresh = await api.sign_in("root@example.com")
    keys = data_of(await api.get(KEYS, access=fresh.access))
    assert "private" not in str(keys)
    assert sorted(key["state"] for key in keys) == ["active", "gone", "published"]
    unknown = await api.post(f"{KEYS}/nothing/revoke", access=fresh.access)
    assert refusal_of(unknown) == (404, "NOT_FOUND")
