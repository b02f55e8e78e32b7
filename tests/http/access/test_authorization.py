"""
A product asks what a user may do.
"""

from typing import Any

from tests.http.client import (
    Api,
    data_of,
    details_of,
    refusal_of,
)

USERS = "/api/v1/users"
CHECK = "/api/v1/authorization/check"


async def test_a_product_asks_and_is_told_why(api: Api) -> None:
    """
    AZ-1: one question or a batch in its order.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    role = {"name": "support", "permissions": ["orders:refund"]}
    await api.post("/api/v1/roles", role, access=admin.access)
    await api.send("PUT", f"{USERS}/{user.user_id}/roles/support", access=admin.access)
    question = {"subject_id": user.user_id, "permission": "orders:refund", "explain": True}
    answer = data_of(await api.post(CHECK, question, access=admin.access))
    assert answer == {"allowed": True, "explanation": {"granted_by": [{"role": "support"}]}}
    batch = {"checks": [
        {**question, "permission": "orders:void"},
        {"subject_id": "nobody", "permission": "orders:refund"},
        {"subject_id": admin.user_id, "permission": "orders:void"},
    ]}  # fmt: skip
    results = data_of(await api.post(CHECK, batch, access=admin.access))["results"]
    assert results == [
        {"allowed": False, "explanation": {"granted_by": [], "missing": {
            "permission": "orders:void", "would_be_granted_by": [{"role": "administrator"}]}}},
        {"allowed": False},
        {"allowed": True},
    ]  # fmt: skip
    wrong: list[dict[str, Any]] = [
        {}, {"checks": []}, {"subject_id": user.user_id}, {**question, "permission": "x"},
        {**question, "checks": []},
    ]  # fmt: skip
    for body in wrong:
        refused = await api.post(CHECK, body, access=admin.access)
        assert refusal_of(refused) == (422, "VALIDATION_ERROR"), body
    effective = await api.get(f"{USERS}/{user.user_id}/effective-permissions", access=admin.access)
    assert data_of(effective)["permissions"] == [
        {"permission": "orders:refund", "granted_by": [{"role": "support"}]}
    ]


async def test_a_check_that_is_none_says_which_field_and_names_nothing_of_ours(api: Api) -> None:
    """
    IN-4.
    """
    admin = await api.administrator()
    right = {"subject_id": admin.user_id, "permission": "users:read"}
    for body, expected in (
        ({}, {("subject_id", "MISSING"), ("permission", "MISSING")}),
        ({"checks": [right, {**right, "permission": 1}]}, {("checks.1.permission", "WRONG_TYPE")}),
        ({"checks": [], "explain": True}, {("explain", "UNKNOWN_FIELD")}),
        ([right], {("body", "WRONG_TYPE")}),
    ):  # fmt: skip
        refused = await api.post(CHECK, body, access=admin.access)
        assert refusal_of(refused) == (422, "VALIDATION_ERROR")
        assert details_of(refused) == expected
