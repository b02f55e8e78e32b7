"""
What is mailed, and the development mailbox that shows it.
"""

import re
from typing import Any

import httpx

from domain.email_address import EmailAddress
from tests.contracts.samples import waiting_messages
from tests.http.client import PASSWORD, PUBLIC_URL, SECRET_KEY, Api, data_of, refusal_of
from tests.http.conftest import Start, every_store

JSON = {"accept": "application/json"}
LIES: list[dict[str, str]] = [
    {"host": "evil.example"},
    {"host": "evil.example", "x-forwarded-host": "evil.example"},
    {"x-forwarded-proto": "http", "x-forwarded-port": "81", "x-forwarded-prefix": "/evil"},
    {"x-forwarded-for": "6.6.6.6", "x-real-ip": "6.6.6.6"},
    {"forwarded": "for=6.6.6.6;host=evil.example;proto=http"},
    {"x-original-url": "/evil", "x-rewrite-url": "/evil"},
    {"origin": "https://evil.example", "referer": "https://evil.example/"},
]


async def test_no_header_changes_a_byte_of_a_mail_or_an_answer(api: Api) -> None:
    """
    AT-2: links are built from PUBLIC_URL and from nothing that a request says.
    """
    await api.verified_user("ada@example.com")
    seen = []
    for number, lies in enumerate([{}, *LIES]):
        email = f"user{number}@example.com"
        body = {"email": email, "password": PASSWORD}
        signed_up = await api.post("/api/v1/users", body, headers=lies)
        reset = await api.post(
            "/api/v1/password-resets", {"email": "ada@example.com"}, headers=lies
        )
        mails = [*await api.mails(email), (await api.mails("ada@example.com"))[0]]
        texts = [(mail["text"] + mail["html"]).replace(mail["token"], "TOKEN") for mail in mails]
        answers = [
            answer.text.replace(answer.headers["x-request-id"], "") for answer in (signed_up, reset)
        ]
        seen.append((texts, [a.replace(email, "EMAIL") for a in answers]))
    assert all(each == seen[0] for each in seen)
    assert "evil" not in str(seen)
    assert "6.6.6.6" not in str(seen)


async def test_no_header_changes_what_is_said_about_us(api: Api) -> None:
    """
    AT-2: nor the metadata, the description of the API, or an error's type.
    """
    paths = ["/.well-known/oauth-authorization-server", "/openapi.json", "/docs", "/nowhere"]
    for path in paths:
        accept = {"accept": "application/problem+json"}
        plain = await api.get(path, headers=accept)
        for lies in LIES:
            other = await api.get(path, headers={**accept, **lies})
            mine, theirs = [
                each.content.replace(each.headers["x-request-id"].encode(), b"")
                for each in (plain, other)
            ]
            assert theirs == mine, (path, lies)


async def test_a_secret_mail_has_one_link_and_it_ends_in_the_token(api: Api) -> None:
    """
    The text part has exactly one link, which ends in token=<secret> (256 bit, AT-4).
    """
    await api.sign_up()
    await api.post("/api/v1/password-resets", {"email": "ada@example.com"})
    mails = await api.mails()
    assert [mail["link"].partition("?")[0] for mail in mails] == [
        f"{PUBLIC_URL}/reset-password",
        f"{PUBLIC_URL}/verify-email",
    ]
    for mail in mails:
        links = re.findall(r"https?://\S+", mail["text"])
        assert links == [mail["link"]]
        assert mail["link"].endswith(f"?token={mail['token']}")
        assert re.fullmatch(r"dwm_[A-Za-z0-9_-]{43}", mail["token"])
        assert re.findall(r'href="([^"]*)"', mail["html"]) == [mail["link"]]


async def test_link_base_url_points_the_links_elsewhere(start: Start) -> None:
    api = await start(link_base_url="https://app.example.com/account")
    await api.sign_up()
    (mail,) = await api.mails()
    assert mail["link"] == f"https://app.example.com/account/verify-email?token={mail['token']}"


async def test_a_mail_repeats_nothing_that_a_stranger_typed(api: Api) -> None:
    """
    OP-2: a display name is no place for a link, since no mail shows it.
    """
    name = '<a href="https://evil.example">Click</a>'
    await api.sign_up(display_name=name)
    await api.confirm(await api.mailed_token())
    await api.sign_up(display_name="https://evil.example/win")
    await api.post("/api/v1/password-resets", {"email": "ada@example.com"})
    assert "evil" not in str(await api.mails())


async def test_the_mailbox_shows_the_newest_first(api: Api) -> None:
    """
    As JSON with exactly the members of the contract; a notice has no link and no token.
    """
    await api.verified_user()
    await api.sign_up()
    mails = await api.mails()
    assert [mail["subject"] for mail in mails] == [
        "You already have an account",
        "Confirm your e-mail address",
    ]
    members = {"to", "subject", "text", "html", "link", "token", "queued_at"}
    assert all(set(mail) == members for mail in mails)
    assert mails[0]["queued_at"] > mails[1]["queued_at"]
    assert (mails[0]["link"], mails[0]["token"]) == (None, None)
    answer = await api.get("/dev/mailbox", headers=JSON)
    assert set(answer.json()) == {"data"}
    assert answer.headers["cache-control"] == "no-store"


async def test_the_mailbox_is_a_page_for_people(api: Api) -> None:
    await api.sign_up("o'hara&co@example.com")
    (mail,) = await api.mails()
    for accept in ("text/html", "text/html,application/xhtml+xml,*/*;q=0.8"):
        page = await api.get("/dev/mailbox", headers={"accept": accept})
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert mail["token"] in page.text
        assert "o&#39;hara&amp;co@example.com" in page.text
    for headers in (JSON, {"accept": "*/*"}, {}):
        answer = await api.get("/dev/mailbox", headers=headers)
        assert answer.headers["content-type"] == "application/json"


@every_store
async def test_with_the_worker_inside_a_mail_is_there_at_the_next_look(start: Start) -> None:
    """
    RUN_WORKER: a look at the mailbox does not have to wait for a round.
    """
    api = await start(run_worker=True)
    await api.sign_up()
    (mail,) = (await api.get("/dev/mailbox", headers=JSON)).json()["data"]
    assert (await api.confirm(mail["token"]))["status"] == "active"


PRODUCTION: dict[str, Any] = {"environment": "production", "secret_key": SECRET_KEY}


async def test_in_production_there_is_no_mailbox_and_no_description(start: Start) -> None:
    """
    HD-4: neither the mails nor the documentation can be reached, by any method.
    """
    api = await start(**PRODUCTION)
    for path in ("/dev/mailbox", "/dev", "/openapi.json", "/docs", "/redoc", "/metrics", "/debug"):
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            answer = await api.http.request(method, path, headers=JSON)
            assert answer.status_code == 404, (method, path)
    await api.sign_up()
    assert (await api.user("ada@example.com")) is not None


async def test_the_description_can_be_switched_on_in_production(start: Start) -> None:
    """
    HD-4: DOCS=on; everything it needs is served by us.
    """
    api = await start(**PRODUCTION, docs=True)
    for path in ("/openapi.json", "/docs", "/redoc"):
        answer = await api.get(path)
        assert answer.status_code == 200
        assert not re.findall(r"(?:src|href)=\"https?:", answer.text)
    assert (await api.get("/dev/mailbox")).status_code == 404


async def test_a_mail_waits_where_there_is_no_way_out(start: Start) -> None:
    """
    In production without SMTP_URL nothing is lost and nothing is sent.
    """
    api = await start(**PRODUCTION, run_worker=True)
    assert api.container.mailer() is None
    await api.sign_up()
    async with api.units.read_only() as unit:
        assert await waiting_messages(unit) == 1
        assert await unit.users.find_by_email(EmailAddress.parse("ada@example.com")) is not None


async def test_a_request_that_is_refused_sends_no_mail(api: Api) -> None:
    """
    OB-1: no mail for a change that did not happen.
    """
    refused: list[httpx.Response] = [
        await api.post("/api/v1/users", {"email": "ada@example.com", "password": "short"}),
        await api.post("/api/v1/users", {"email": "ada@example.com"}),
        await api.post("/api/v1/email-verifications", {"email": "ada@example.com", "x": 1}),
        await api.post("/api/v1/password-resets", {"email": None}),
    ]
    assert {refusal_of(answer)[0] for answer in refused} == {422}
    assert await api.mails() == []
    assert data_of(await api.get("/api/v1/errors"))
