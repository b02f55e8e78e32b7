"""
One's own profile: seeing and changing it, under its ETag.
"""

import asyncio
from typing import Any

from tests.http.client import (
    Api,
    data_of,
    details_of,
    refusal_of,
)
from tests.http.conftest import every_store

ME = "/api/v1/users/me"


@every_store
async def test_the_profile_can_be_changed(api: Api) -> None:
    tokens = await api.signed_in_user(display_name="Ada")
    before = await api.get(ME, access=tokens.access)

    changed = await api.patch(ME, {"display_name": "Countess  "}, access=tokens.access)
    assert data_of(changed)["display_name"] == "Countess"
    assert data_of(changed)["updated_at"] > before.json()["data"]["updated_at"]
    seen = await api.get(ME, access=tokens.access)
    assert seen.json()["data"] == changed.json()["data"]
    assert seen.headers["etag"] == changed.headers["etag"] != before.headers["etag"]

    same = await api.patch(ME, {}, access=tokens.access)
    assert same.json()["data"] == changed.json()["data"]
    for nothing in (None, "", "   "):
        await api.patch(ME, {"display_name": "x"}, access=tokens.access)
        emptied = await api.patch(ME, {"display_name": nothing}, access=tokens.access)
        assert data_of(emptied)["display_name"] is None


async def test_a_name_that_is_none_is_refused(api: Api) -> None:
    """
    IN-5, LG-2
    """
    tokens = await api.signed_in_user(display_name="Ada")
    for name in (1, True, ["Ada"], {"a": 1}, "a" * 101, "a" * 401, "a\u2028b", "\u202egnp.exe"):
        refused = await api.patch(ME, {"display_name": name}, access=tokens.access)
        assert refusal_of(refused) == (422, "VALIDATION_ERROR"), name
        assert {field for field, _ in details_of(refused)} == {"display_name"}
    nonsense: list[Any] = [None, [], "x", 1]
    for body in nonsense:
        refused = await api.send("PATCH", ME, json=body, access=tokens.access)
        assert refusal_of(refused) == (422, "VALIDATION_ERROR"), body
    assert (await api.me(tokens))["display_name"] == "Ada"


async def test_a_name_that_shows_nothing_is_none_and_a_flag_is_shown(api: Api) -> None:
    """
    OP-2: at every door of the API that takes a name.
    """
    england = "Ada \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    password = "walnut tangent ceiling"
    admin = await api.administrator()
    for number, (given, kept) in enumerate([("\u3164\u200d\u2800", None), (england, england)]):
        email = f"new{number}@example.com"
        body = {"email": email, "password": password, "display_name": given}
        assert data_of(await api.post("/api/v1/users", body), 201)["display_name"] == kept
        me = await api.signed_in_user(email=f"me{number}@example.com", display_name="Ada")
        own = await api.patch(ME, {"display_name": given}, access=me.access)
        assert data_of(own)["display_name"] == kept
        user_path = f"/api/v1/users/{data_of(own)['id']}"
        await api.patch(user_path, {"display_name": "Ada"}, access=admin.access)
        edited = await api.patch(user_path, {"display_name": given}, access=admin.access)
        assert data_of(edited)["display_name"] == kept


async def test_if_match_is_honoured(api: Api) -> None:
    """
    412 unless one of the named states is the present one, by the strong comparison.
    """
    tokens = await api.signed_in_user()
    etag = (await api.get(ME, access=tokens.access)).headers["etag"]
    matching = [etag, f'"other", {etag}', f'{etag},"other"', "*", f' {etag} ,\t"x"']
    for number, value in enumerate(matching):
        body = {"display_name": f"name {number}"}
        headers = {"if-match": value.replace(etag, etag)}
        answer = await api.patch(ME, body, access=tokens.access, headers=headers)
        assert data_of(answer)["display_name"] == f"name {number}", value
        # What matched before is old now.
        stale = {"if-match": etag}
        refused = await api.patch(ME, {"display_name": "lost"}, access=tokens.access, headers=stale)
        assert refusal_of(refused) == (412, "PRECONDITION_FAILED")
        before, etag = etag, answer.headers["etag"]
        matching[number + 1 :] = [v.replace(before, etag) for v in matching[number + 1 :]]
    for value in (f"W/{etag}", '"other"', '"other", "another"', etag.strip('"'), '""', ""):
        headers = {"if-match": value}
        answer = await api.patch(
            ME, {"display_name": "lost"}, access=tokens.access, headers=headers
        )
        assert refusal_of(answer) == (412, "PRECONDITION_FAILED"), value
    assert (await api.me(tokens))["display_name"] == f"name {len(matching) - 1}"


async def test_two_if_match_lines_are_one_list(api: Api) -> None:
    """
    RFC 9110, 5.3: a list may be spread over several lines.
    """
    tokens = await api.signed_in_user()
    etag = (await api.get(ME, access=tokens.access)).headers["etag"]
    lines = [("authorization", f"Bearer {tokens.access}"), ("if-match", '"x"'), ("if-match", etag)]
    answer = await api.send("PATCH", ME, json={"display_name": "Ada"}, headers=lines)
    assert data_of(answer)["display_name"] == "Ada"


@every_store
async def test_of_two_who_saw_the_same_state_one_changes_it(api: Api) -> None:
    """
    No lost update: parallel changes of one ETag have one winner.
    """
    tokens = await api.signed_in_user()
    etag = (await api.get(ME, access=tokens.access)).headers["etag"]
    answers = await asyncio.gather(
        *(
            api.patch(
                ME, {"display_name": f"{n}"}, access=tokens.access, headers={"if-match": etag}
            )
            for n in range(8)
        )
    )
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {refusal_of(a) for a in answers if a not in won} == {(412, "PRECONDITION_FAILED")}
    assert (await api.me(tokens))["display_name"] == won[0].json()["data"]["display_name"]
