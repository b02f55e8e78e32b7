"""
Changing one's own factor only if it is still what the caller saw (RFC 9110, section 13.1.1).
"""

import pytest

from tests.http.client import Api, Tokens, data_of, refusal_of

FACTORS = "/api/v1/users/me/factors"


async def test_a_factor_that_was_changed_meanwhile_is_neither_renamed_nor_removed(
    api: Api,
) -> None:
    tokens = await api.signed_in_user()
    device, added = await api.enrol_passkey(tokens)
    path = f"{FACTORS}/{added['factor']['id']}"
    access = Tokens(data_of(await api.try_sign_in_with(device), 201)).access
    first = await api.patch(path, {"name": "Mine"}, access=access)
    assert data_of(first)["name"] == "Mine"
    etag = first.headers["etag"]
    second = await api.patch(path, {"name": "Ours"}, access=access, headers={"if-match": etag})
    assert second.headers["etag"] != etag
    for stale in (etag, '"other"', f"W/{second.headers['etag']}", "no tag"):
        headers = {"if-match": stale}
        refused = await api.patch(path, {"name": "Theirs"}, access=access, headers=headers)
        assert refusal_of(refused) == (412, "PRECONDITION_FAILED")
        refused = await api.delete(path, access=access, headers=headers)
        assert refusal_of(refused) == (412, "PRECONDITION_FAILED")
    (kept, _) = (await api.get(FACTORS, access=access)).json()["data"]
    assert kept["name"] == "Ours"
    present = {"if-match": f'"other", {second.headers["etag"]}'}
    assert (await api.delete(path, access=access, headers=present)).status_code == 204


@pytest.mark.parametrize("tag", ["*", '"other"'])
async def test_a_factor_that_is_not_there_is_not_found_whatever_is_expected(
    api: Api, tag: str
) -> None:
    access = (await api.signed_in_user()).access
    path = f"{FACTORS}/{'0' * 8}-0000-7000-8000-{'0' * 12}"
    for answer in (
        await api.patch(path, {"name": "x"}, access=access, headers={"if-match": tag}),
        await api.delete(path, access=access, headers={"if-match": tag}),
    ):
        assert refusal_of(answer) == (404, "FACTOR_NOT_FOUND")
