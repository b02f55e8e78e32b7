"""
The pages behind mailed links: what they let happen, and what they never do.
"""

import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
from starlette.responses import Response

from adapters.memory.credentials.hashing import FastPasswordHasher
from application.credentials.ports import Busy
from application.mail_texts import ENGLISH as MAILS
from domain.errors import DomainError, TooManyRequests
from entrypoints.http.app import create_app
from entrypoints.http.pages.flows import FIELDS, Flow, problems_in
from entrypoints.http.pages.rendering import form_page
from entrypoints.http.pages.routes import FORM_PATHS
from entrypoints.http.pages.texts import ENGLISH, Notice
from entrypoints.lifecycle import build_container
from tests.http.client import NEW_PASSWORD, PASSWORD, SECRET_KEY, Api, refusal_of, settings_for
from tests.http.conftest import Start
from tests.support.page_states import SECRET, page_states

VERIFY, RESET = "/verify-email", "/reset-password"
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HOSTILE = "\"><script>alert(1)</script><a href='https://evil.example'>{{ 7 * 7 }}"
STATES = page_states()


async def _press(api: Api, path: str, **form: str) -> httpx.Response:
    return await api.send("POST", path, data=form)


async def _set(api: Api, token: str, new: str, repeated: str | None = None) -> httpx.Response:
    again = new if repeated is None else repeated
    return await _press(api, RESET, token=token, new_password=new, repeated_password=again)


def _says(answer: httpx.Response, notice: Notice) -> bool:
    text = unescape(answer.text)
    return all(words in text for words in (notice.title, *notice.paragraphs))


def _check_headers(headers: Mapping[str, str]) -> None:
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-security-policy"] == CSP
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def _check_harmless(html: str) -> None:
    tags = set(re.findall(r"<([a-z0-9]+)", html))
    assert not tags & {"script", "style", "iframe", "object", "embed", "base", "img"}
    assert not re.search(r"<[^>]*\s(style|on\w+|srcdoc)\s*=", html)
    assert "://" not in html
    assert "//" not in re.sub(r"<!doctype html>", "", html)


# --- the same for all -------------------------------------------------------------------------


@pytest.mark.parametrize("page", STATES.values(), ids=STATES)
def test_no_page_runs_or_loads_anything_of_others(page: Response) -> None:
    """
    HD-1: no script, no inline style, no address but our own; and the headers say so too.
    """
    html = bytes(page.body).decode()
    _check_headers(page.headers)
    _check_harmless(html)
    assert set(re.findall(r'(?:href|src)="([^"#]+)"', html)) == {
        *re.findall(r'"(assets/[a-z]+-[0-9a-f]{16}\.(?:css|svg))"', html)
    }
    assert html.count("<h1>") == 1
    assert "{" not in html


@pytest.mark.parametrize("page", STATES.values(), ids=STATES)
def test_the_secret_is_in_a_hidden_field_and_nowhere_else(page: Response) -> None:
    """
    LG-1: it is not seen over a shoulder, or in a picture of the page.
    """
    html = bytes(page.body).decode()
    hidden = f'<input type="hidden" name="token" value="{SECRET}">'
    assert html.count(SECRET) == html.count(hidden) == html.count("<form ")


def test_every_field_of_every_page_has_words() -> None:
    for flow in Flow:
        text = ENGLISH.flows[flow]
        assert set(text.fields) == {field.name for field in FIELDS[flow]}
        for words in (text.title, text.intro, text.button, *text.done.paragraphs):
            assert words
            assert words.isprintable()


def test_every_mailed_link_leads_to_a_page() -> None:
    """
    AT-1: no mail with a secret has a link to a path that does not exist here.
    """
    assert {text.path for text in MAILS.values() if text.path} == FORM_PATHS | {"/sign-in"}


async def test_the_pages_are_there_wherever_links_point_to(start: Start) -> None:
    """
    HD-4: in production as well, and not in the description for clients.
    """
    api = await start(
        environment="production",
        secret_key=SECRET_KEY,
        link_base_url="https://app.example.com/account",
    )
    for path in FORM_PATHS:
        answer = await api.get(path, params={"token": SECRET})
        assert answer.status_code == 200
        _check_headers(answer.headers)
        assert path not in api.contract.document["paths"]


async def test_what_a_page_loads_may_be_kept_for_ever(api: Api) -> None:
    """
    Under a name that changes with the content; any other name is nothing.
    """
    page = await api.get(VERIFY, params={"token": SECRET})
    names = re.findall(r'"(assets/[^"]+)"', page.text)
    assert len(names) == 2
    for name in names:
        for method in ("GET", "HEAD"):
            answer = await api.send(method, f"/{name}")
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["content-type"] in {
                "text/css; charset=utf-8",
                "image/svg+xml",
            }
            # The one address is the name of a format.
            assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", answer.text)
    for name in ("pages.css", "pages-0000000000000000.css", "..%2ftexts.py", "%2e%2e"):
        assert refusal_of(await api.get(f"/assets/{name}")) == (404, "NOT_FOUND")


def test_nothing_of_the_templates_is_loaded_at_the_start() -> None:
    """
    Start-up and idle memory do not pay for pages that were not opened.
    """
    code = "import sys, entrypoints.http.app; print('jinja2' in sys.modules)"
    folder = Path(__file__).resolve().parents[3]
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=folder, text=True)
    assert (ended.stdout, ended.returncode) == ("False\n", 0), ended.stderr


# --- opening ------------------------------------------------------------------------------------


async def test_opening_a_page_changes_nothing(api: Api) -> None:
    """
    AT-1: mail scanners open every link, some of them often.
    """
    user = await api.verified_user()
    await api.sign_up("bob@example.com")
    proof, reset = await api.mailed_token("bob@example.com"), await api.reset_token()
    before = await api.audit(user["id"])
    for _ in range(10):
        for method in ("GET", "HEAD"):
            for path, token in ((VERIFY, proof), (RESET, reset)):
                answer = await api.send(method, path, params={"token": token})
                assert answer.status_code == 200
                _check_headers(answer.headers)
    bob = await api.user("bob@example.com")
    assert bob is not None
    assert bob.email_verified_at is None
    assert await api.audit(user["id"]) == before
    assert (await _press(api, VERIFY, token=proof)).status_code == 200
    assert (await _set(api, reset, NEW_PASSWORD)).status_code == 200


async def test_opening_a_page_tells_nothing_about_the_secret(api: Api) -> None:
    """
    AT-1, IN-4: nothing is looked up, so a good one and a made-up one get the same page.
    """
    await api.sign_up()
    good = await api.mailed_token()
    pages = [await api.get(VERIFY, params={"token": token}) for token in (good, SECRET, "x")]
    texts = {
        page.text.replace(f'value="{token}"', "")
        for page, token in zip(pages, (good, SECRET, "x"), strict=True)
    }
    assert len(texts) == 1
    assert {page.status_code for page in pages} == {200}


@pytest.mark.parametrize("path", sorted(FORM_PATHS))
async def test_a_link_that_lost_its_secret_says_so(api: Api, path: str) -> None:
    for query in ("", "?token=", "?token=a&token=b", f"?token={'a' * 513}", "?Token=a"):
        answer = await api.get(path + query)
        assert answer.status_code == 400, query
        assert _says(answer, ENGLISH.flows[Flow(path[1:])].refused)
        _check_headers(answer.headers)
    for query in ("?token=%ff", "?token=%00", "?token=%zz"):
        assert refusal_of(await api.get(path + query))[0] == 400
    assert (await api.get(f"{path}?utm_source=mail&token={SECRET}")).status_code == 200


async def test_a_hostile_secret_stays_text(api: Api) -> None:
    """
    OP-2: in the page that asks, and in the one that asks again.
    """
    opened = await api.get(RESET, params={"token": HOSTILE})
    asked_again = await _set(api, HOSTILE, NEW_PASSWORD, "another")
    assert (opened.status_code, asked_again.status_code) == (200, 422)
    for answer in (opened, asked_again):
        (value,) = re.findall(r'name="token" value="([^"]*)"', answer.text)
        assert unescape(value) == HOSTILE
        assert not re.search("<script|<a href='|49", answer.text)
    refused = await _press(api, VERIFY, token=HOSTILE)
    assert refused.status_code == 400
    assert "evil" not in refused.text


def test_a_hostile_name_stays_text() -> None:
    """
    OP-2: what was typed comes back into its field and into nothing else.
    """
    form = {"token": SECRET, "display_name": HOSTILE, "password": PASSWORD}
    page = form_page(Flow.ACCEPT_INVITATION, form, minimum=12, status=422)
    html = bytes(page.body).decode()
    (value,) = re.findall(r'name="display_name" type="text" value="([^"]*)"', html)
    assert unescape(value) == HOSTILE
    assert PASSWORD not in html
    _check_harmless(html.replace(value, ""))


# --- the button -----------------------------------------------------------------------------


async def test_the_button_proves_the_address_once(api: Api) -> None:
    """
    AT-1: the second press finds the secret spent, and says what to do.
    """
    await api.sign_up()
    token = await api.mailed_token()
    first = await _press(api, VERIFY, token=token)
    assert first.status_code == 200
    assert _says(first, ENGLISH.flows[Flow.VERIFY_EMAIL].done)
    await api.sign_in()
    second = await _press(api, VERIFY, token=token)
    assert second.status_code == 400
    assert _says(second, ENGLISH.flows[Flow.VERIFY_EMAIL].refused)
    for answer in (first, second):
        _check_headers(answer.headers)
        _check_harmless(answer.text)
        assert token not in answer.text


async def test_a_contested_address_is_told_to_set_a_password(api: Api) -> None:
    """
    AT-7: two passwords were offered; the page says that a mail is on its way, and it is.
    """
    await api.sign_up()
    await api.sign_up(password=NEW_PASSWORD)
    answer = await _press(api, VERIFY, token=await api.mailed_token())
    assert answer.status_code == 200
    assert _says(answer, ENGLISH.password_needed)
    assert (await _set(api, await api.mailed_token(path=RESET), NEW_PASSWORD)).status_code == 200
    await api.sign_in(password=NEW_PASSWORD)


async def test_two_passwords_that_differ_spend_nothing(api: Api) -> None:
    """
    AT-1: nor does a gap; the secret is kept for the next try.
    """
    await api.verified_user()
    token = await api.reset_token()
    for new, repeated, words in (
        (NEW_PASSWORD, f"{NEW_PASSWORD}!", "The two passwords differ."),
        (NEW_PASSWORD, "", "Fill in this field."),
        ("", "", "Fill in this field."),
    ):
        answer = await _set(api, token, new, repeated)
        assert answer.status_code == 422
        assert words in answer.text
        assert f'value="{token}"' in answer.text
        assert NEW_PASSWORD not in answer.text
        _check_harmless(answer.text)
    await api.sign_in()
    done = await _set(api, token, NEW_PASSWORD)
    assert _says(done, ENGLISH.flows[Flow.RESET_PASSWORD].done)
    await api.sign_in(password=NEW_PASSWORD)
    assert refusal_of(await api.try_sign_in())[0] == 401


async def test_what_is_longer_than_json_may_be_is_not_looked_at(api: Api) -> None:
    """IN-2: a page's form takes no more than the route does."""
    await api.verified_user()
    token = await api.reset_token()
    endless = "walnut tangent ceiling " * 200
    answer = await _set(api, token, endless)
    assert answer.status_code == 422
    assert "Use at most 4096 characters." in answer.text
    name = problems_in(
        Flow.ACCEPT_INVITATION,
        {"display_name": "n" * 401, "password": NEW_PASSWORD, "repeated_password": NEW_PASSWORD},
    )
    assert [(each.field, each.code) for each in name] == [("display_name", "TOO_LONG")]
    done = await _set(api, token, NEW_PASSWORD)
    assert _says(done, ENGLISH.flows[Flow.RESET_PASSWORD].done)


async def test_a_rejected_password_is_explained_with_every_reason(api: Api) -> None:
    """
    AT-1, IN-4: beside the field and above the form, never with the password itself.
    """
    await api.verified_user()
    token = await api.reset_token()
    by_api = (await api.reset(token, "password")).json()["error"]["details"]
    assert len(by_api) > 1
    answer = await _set(api, token, "password")
    assert answer.status_code == 422
    (reasons,) = re.findall(r'id="new_password-problems">(.*?)</ul>', answer.text, re.DOTALL)
    assert [unescape(each) for each in re.findall("<li>(.*?)</li>", reasons)] == [
        each["message"] for each in by_api
    ]
    assert answer.text.count('aria-invalid="true"') == 1
    assert 'value="password"' not in answer.text
    assert (await _set(api, token, NEW_PASSWORD)).status_code == 200


async def test_whatever_is_wrong_with_a_secret_the_answer_is_one(api: Api) -> None:
    """
    AT-1, EN-1: made up, cut, of another purpose, of a suspended user, replaced, missing.
    """
    await api.verified_user()
    await api.verified_user("eve@example.com")
    await api.sign_up("bob@example.com")
    suspended = await api.reset_token("eve@example.com")
    await api.suspend("eve@example.com")
    replaced, good = await api.reset_token(), await api.reset_token()
    other = await api.mailed_token("bob@example.com")
    wrong = [SECRET, good[:-1], f"{good} ", good.swapcase(), "", "null", "x" * 600]
    answers = [
        await _set(api, token, NEW_PASSWORD) for token in (*wrong, suspended, replaced, other)
    ]
    missing = {"new_password": NEW_PASSWORD, "repeated_password": NEW_PASSWORD}
    answers += [await _press(api, RESET, **missing), await api.send("POST", RESET)]
    assert {answer.status_code for answer in answers} == {400}
    assert len({answer.text for answer in answers}) == 1
    assert _says(answers[0], ENGLISH.flows[Flow.RESET_PASSWORD].refused)
    await api.sign_in()
    assert (await _press(api, VERIFY, token=good)).status_code == 400
    assert (await _set(api, good, NEW_PASSWORD)).status_code == 200


async def test_what_no_form_of_ours_sends_is_refused_and_spends_nothing(api: Api) -> None:
    """
    AT-1, IN-5: another field, one twice, another type, a bad encoding, too much.
    """
    await api.sign_up()
    token = await api.mailed_token()
    form = {"content-type": "application/x-www-form-urlencoded"}
    for content in (
        f"token={token}&email=eve%40example.com",
        f"token={token}&token={SECRET}",
        f"token={SECRET}&token={token}",
        f"token={token}&" + "&".join(f"f{number}=1" for number in range(500)),
    ):
        answer = await api.send("POST", VERIFY, content=content, headers=form)
        assert answer.status_code == 400
        assert _says(answer, ENGLISH.unreadable)
        _check_headers(answer.headers)
        assert token not in answer.text
    for content in (  # no more fields than the form has, and still not the form
        f"token={SECRET}&new_password={PASSWORD}&email=eve%40example.com",
        f"token={SECRET}&new_password={PASSWORD}&new_password={PASSWORD}",
        f"token={SECRET}&token={SECRET}",
        f"Token={SECRET}",
    ):
        answer = await api.send("POST", RESET, content=content, headers=form)
        assert (answer.status_code, _says(answer, ENGLISH.unreadable)) == (400, True), content
    for content_type in ("application/json", "text/plain", "multipart/form-data; boundary=x", ""):
        headers = {"content-type": content_type}
        answer = await api.send("POST", VERIFY, content=f'{{"token":"{token}"}}', headers=headers)
        assert refusal_of(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")
    for content, status in ((f"token={token}&a=%ff", 400), ("token=" + "x" * 3_000_000, 413)):
        answer = await api.send("POST", VERIFY, content=content, headers=form)
        assert refusal_of(answer)[0] == status
    assert (
        await api.send("PUT", VERIFY, content=f"token={token}", headers=form)
    ).status_code == 405
    assert (await _press(api, VERIFY, token=token)).status_code == 200


# --- not now ----------------------------------------------------------------------------------


class Refusing(FastPasswordHasher):
    """
    Hashes until it is given a reason not to.
    """

    reason: DomainError | None = None

    async def hash(self, password: str) -> str:
        if self.reason is not None:
            raise self.reason
        return await super().hash(password)


@pytest.mark.parametrize(
    ("reason", "status", "seconds", "words"),
    [
        (Busy(), 503, 1, "Try again in a second."),
        (TooManyRequests(retry_after=timedelta(seconds=59.5)), 429, 60, "Try again in a minute."),
        (TooManyRequests(retry_after=timedelta(seconds=61)), 429, 61, "Try again in 2 minutes."),
        (TooManyRequests(retry_after=timedelta(seconds=30)), 429, 30, "Try again in 30 seconds."),
    ],
)
async def test_who_has_to_wait_is_told_so_and_keeps_the_form(
    start: Start, reason: DomainError, status: int, seconds: int, words: str
) -> None:
    """
    RL-4: in words and in Retry-After; the secret is still good afterwards.
    """
    hasher = Refusing()
    api = await start(hasher=hasher)
    await api.verified_user()
    token = await api.reset_token()
    hasher.reason = reason
    answer = await _set(api, token, NEW_PASSWORD)
    assert (answer.status_code, answer.headers["retry-after"]) == (status, str(seconds))
    assert words in answer.text
    assert f'value="{token}"' in answer.text
    assert NEW_PASSWORD not in answer.text
    _check_headers(answer.headers)
    hasher.reason = None
    assert (await _set(api, token, NEW_PASSWORD)).status_code == 200


async def test_before_the_service_is_ready_the_button_says_later() -> None:
    """
    DB-5: schema and keys are not known yet; opening the page works all the same.
    """
    app = create_app(build_container(settings_for("memory://")))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://doorward.test") as client:
        assert (await client.get(VERIFY, params={"token": SECRET})).status_code == 200
        answer = await client.post(VERIFY, data={"token": SECRET})
    assert answer.status_code == 503
    assert ENGLISH.later.title in answer.text
    assert answer.headers["retry-after"] == "1"
