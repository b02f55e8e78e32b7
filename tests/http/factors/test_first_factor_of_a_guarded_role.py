"""
The first factor of somebody whose role sleeps takes a mailed code as well (MF-2).
"""

import re
from typing import Any

import pyotp

from tests.http.client import Api, code_of, data_of
from tests.http.conftest import Start, every_store

FACTORS = "/api/v1/users/me/factors"


async def newest_code(api: Api) -> str:
    """
    Return the code of the newest mail that has one.
    """
    codes: list[list[str]] = [
        re.findall(r"^[0-9]{8}$", mail["text"], re.MULTILINE) for mail in await api.mails()
    ]
    return next(found[0] for found in codes if found)


@every_store
async def test_a_stolen_password_does_not_crown_its_thief(start: Start) -> None:
    api = await start(administrator_acr="aal2")
    tokens = await api.administrator()
    access = tokens.access
    begun = data_of(await api.post(f"{FACTORS}/totp", access=access))
    app = pyotp.parse_uri(begun["uri"])
    assert isinstance(app, pyotp.TOTP)

    async def confirm(**more: str) -> Any:
        body = {"enrolment": begun["enrolment"], "code": code_of(app, steps=-1), **more}
        return await api.post(f"{FACTORS}/totp/confirm", body, access=access)

    missing = await confirm()
    assert missing.status_code == 422
    assert missing.json()["error"]["details"][0]["field"] == "email_code"
    wrong = await confirm(email_code="00000000")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "INVALID_PROOF")
    assert data_of(await api.get(FACTORS, access=access)) == []
    assert (await confirm(email_code=await newest_code(api))).status_code == 201
    assert len(data_of(await api.get(FACTORS, access=access))) == 2
