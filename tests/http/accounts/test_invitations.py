"""
Inviting people: who may, what they may promise, and what becomes of it.
"""

import asyncio

from tests.http.client import NEW_PASSWORD, Api, data_of, refusal_of
from tests.http.conftest import every_store

PATH = "/api/v1/invitations"
ACCEPT = "/api/v1/invitations/accept"
BOB = "bob@example.com"


@every_store
async def test_an_invited_person_has_a_verified_account_with_the_roles(api: Api) -> None:
    """
    AT-4: the one who proves the mailbox, once.
    """
    admin = await api.administrator()
    body = {"email": BOB, "roles": ["administrator"]}
    made = data_of(await api.post(PATH, body, access=admin.access), 201)
    assert made.keys() == {"id", "email", "roles", "invited_by", "created_at", "expires_at"}
    assert (made["invited_by"], made["roles"]) == (admin.user_id, ["administrator"])
    assert data_of(await api.get(PATH, access=admin.access)) == [made]

    token = await api.mailed_token(BOB, "/accept-invitation")
    accept = {"token": token, "password": NEW_PASSWORD, "display_name": "Bob"}
    answers = await asyncio.gather(*(api.post(ACCEPT, accept) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400]
    (user,) = [data_of(answer, 201) for answer in answers if answer.status_code == 201]
    assert (user["status"], user["display_name"]) == ("active", "Bob")
    assert user["roles"] == ["administrator", "user"]
    bob = await api.sign_in(BOB, NEW_PASSWORD)
    assert data_of(await api.get(PATH, access=bob.access)) == []


async def test_without_the_permission_there_is_nothing_to_do_or_see(api: Api) -> None:
    """
    AZ-1, AZ-2: with a real id or not.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    made = data_of(await api.post(PATH, {"email": BOB}, access=admin.access), 201)
    for answer in (
        await api.post(PATH, {"email": "eve@example.com"}, access=user.access),
        await api.get(PATH, access=user.access),
        await api.delete(f"{PATH}/{made['id']}", access=user.access),
        await api.delete(f"{PATH}/{admin.user_id}", access=user.access),
    ):
        assert refusal_of(answer) == (403, "PERMISSION_DENIED")
    assert len(data_of(await api.get(PATH, access=admin.access))) == 1


async def test_an_invitation_that_was_withdrawn_or_replaced_is_dead(api: Api) -> None:
    """
    AT-4.
    """
    admin = await api.administrator()
    await api.post(PATH, {"email": BOB}, access=admin.access)
    first = await api.mailed_token(BOB, "/accept-invitation")
    made = data_of(await api.post(PATH, {"email": BOB}, access=admin.access), 201)
    second = await api.mailed_token(BOB, "/accept-invitation")
    assert (await api.delete(f"{PATH}/{made['id']}", access=admin.access)).status_code == 204
    for token in (first, second):
        refused = await api.post(ACCEPT, {"token": token, "password": NEW_PASSWORD})
        assert refusal_of(refused) == (400, "INVALID_TOKEN")
    for identifier in (made["id"], "no-id", admin.user_id):
        answer = await api.delete(f"{PATH}/{identifier}", access=admin.access)
        assert refusal_of(answer) == (404, "NOT_FOUND")


async def test_what_cannot_be_promised_is_refused(api: Api) -> None:
    """
    AZ-3, AT-3: and no mail is sent.
    """
    admin = await api.administrator()
    await api.verified_user()
    for body, expected in (
        ({"email": "ada@example.com"}, (409, "EMAIL_ALREADY_REGISTERED")),
        ({"email": BOB, "roles": ["nobody"]}, (404, "ROLE_NOT_FOUND")),
        ({"email": BOB, "roles": ["Not A Role"]}, (422, "VALIDATION_ERROR")),
        ({"email": BOB, "roles": "user"}, (422, "VALIDATION_ERROR")),
        ({"email": "a@x.example,b@x.example"}, (422, "VALIDATION_ERROR")),
        ({"roles": []}, (422, "VALIDATION_ERROR")),
    ):
        assert refusal_of(await api.post(PATH, body, access=admin.access)) == expected
    assert await api.mails(BOB) == []


async def test_a_weak_password_leaves_the_invitation_good(api: Api) -> None:
    """
    PW-3.
    """
    admin = await api.administrator()
    await api.post(PATH, {"email": BOB}, access=admin.access)
    token = await api.mailed_token(BOB, "/accept-invitation")
    refused = await api.post(ACCEPT, {"token": token, "password": "short"})
    assert refusal_of(refused) == (422, "PASSWORD_REJECTED")
    accepted = await api.post(ACCEPT, {"token": token, "password": NEW_PASSWORD})
    assert accepted.status_code == 201
