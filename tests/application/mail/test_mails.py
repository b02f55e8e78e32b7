"""The words that leave: one link with one secret, built from the configured origin alone."""

import importlib.util
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

import application
from application.accounts.mails import INVITATION
from application.credentials.mails import (
    CONFIRM_EMAIL_CHANGE,
    PASSWORD_CHANGED,
    RESET_PASSWORD,
    VERIFY_EMAIL,
)
from application.factors.mails import ENROLMENT_CODE, FIRST_FACTOR_ENROLLED, SIGN_IN_CODE
from application.mail.notifications import Notifications
from application.mail.ports import Mail
from application.mail.quoting import quoted
from application.mail.texts import MailText, Where, filled_in
from application.mail_texts import ENGLISH
from application.ports.crypto import SealBroken
from domain.email_address import EmailAddress
from domain.mail.code import code_of
from domain.mail.message import MessageKind
from tests.application.service import LINKS, MINUTE, SECOND
from tests.application.stories import ADA, PASSWORD, Service

SECRET = "dwm_" + "Aa0-_" * 8 + "xyz"
ADDRESS = EmailAddress.parse(ADA)
WITH_SECRET = {
    VERIFY_EMAIL: "/verify-email",
    RESET_PASSWORD: "/reset-password",
    CONFIRM_EMAIL_CHANGE: "/confirm-email-change",
    INVITATION: "/accept-invitation",
    FIRST_FACTOR_ENROLLED: "/undo-factor",
    SIGN_IN_CODE: "/sign-in",
}
URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"'<>]+")


def composed(
    kind: MessageKind, *, base: str = LINKS, ttl: timedelta = MINUTE, secret: str | None = SECRET
) -> Mail:
    """Return the mail of that kind."""
    service = Service()
    notifications = Notifications(
        secret_box=service.ports.secret_box,
        randomness=service.ports.randomness,
        link_base_url=base,
        texts=ENGLISH,
    )
    now = service.clock.now()
    if secret is None:
        parameters = {
            "role": "user",
            "change": "given to",
            "factor": "A passkey",
            "lifetime": "5 minutes",
            "code": "12345678",
            "hint": "dwk_PHfl",
            "end": "2026-12-05 10:00 UTC",
            "name": "Shop",
            "kind": "user",
            "owner": "0192",
            "api_keys": "2 API keys",
            "passkeys": "“My key”, added 2026-11-28\nA passkey without a name",
        }
        notice = notifications.notice(kind, ADDRESS, now=now, parameters=parameters)
        return notifications.compose(notice)
    return notifications.compose(
        notifications.secret(
            kind, ADDRESS, secret=secret, now=now, ttl=ttl, parameters={"factor": "A passkey"}
        )
    )


def _declared_kinds() -> Iterator[MessageKind]:
    """Yield the kinds that the capabilities declare, each in its ``mails``."""
    for room in pkgutil.iter_modules(application.__path__, "application."):
        if room.ispkg and importlib.util.find_spec(f"{room.name}.mails"):
            module = importlib.import_module(f"{room.name}.mails")
            yield from (each for each in vars(module).values() if isinstance(each, MessageKind))


KINDS = frozenset(_declared_kinds())
MAILS = sorted(kind for kind in KINDS if not kind.endswith("_requested"))


@pytest.mark.parametrize("kind", list(WITH_SECRET))
@pytest.mark.parametrize(
    "base", [LINKS, "https://app.example.org/account", "http://localhost:3000"]
)
def test_a_mail_with_a_secret_has_exactly_one_link_that_ends_with_it(
    kind: MessageKind, base: str
) -> None:
    """AT-2: configured origin, fixed path, secret; in the text, in the page, as a field."""
    mail = composed(kind, base=base)
    link = f"{base}{WITH_SECRET[kind]}?token={SECRET}"
    assert URL.findall(mail.text) == [link]
    assert [line for line in mail.text.splitlines() if SECRET in line] == [link]
    assert re.findall(r'href="([^"]*)"', mail.html) == [link]
    assert (mail.link, mail.token) == (link, SECRET)
    assert (mail.text.count(SECRET), mail.html.count(SECRET)) == (1, 2)


@pytest.mark.parametrize("kind", [kind for kind in MAILS if kind not in WITH_SECRET])
def test_a_notice_has_no_link_at_all(kind: MessageKind) -> None:
    """AT-2: there is nothing in it to be sent to the wrong place."""
    mail = composed(kind, secret=None)
    assert (mail.link, mail.token) == (None, None)
    assert URL.findall(mail.text) == []
    assert "href" not in mail.html
    assert "token=" not in mail.text + mail.html


def test_a_mail_with_a_code_has_no_link() -> None:
    """AT-2, OP-2: the code stands in both parts once, and opens nothing by itself."""
    mail = composed(ENROLMENT_CODE)
    assert (mail.link, mail.token) == (None, None)
    assert URL.findall(mail.text) == []
    assert "href" not in mail.html
    code = code_of(SECRET)
    assert (mail.text.count(code), mail.html.count(code)) == (1, 1)
    assert SECRET not in mail.text + mail.html


def test_every_kind_of_mail_has_words() -> None:
    """OB-4: no message is poison for want of a text; subjects are of one line."""
    service = Service()
    requests = {
        *service.credentials.answers,
        *service.factors.answers,
        *service.accounts.answers,
    }
    assert requests == KINDS - set(MAILS)
    assert set(MAILS) == set(ENGLISH)
    for text in ENGLISH.values():
        assert text.subject.isprintable()
        assert text.before
        assert (text.path is None) == (text.action is None)


@pytest.mark.parametrize("kind", MAILS)
def test_a_mail_says_the_same_as_text_and_as_a_page(kind: MessageKind) -> None:
    """OP-2: no placeholder is left over, and the page says nothing more than the text."""
    mail = composed(kind, secret=SECRET if kind in WITH_SECRET else None)
    assert not re.search(r"\{\w*\}", mail.text + mail.html)
    found = re.findall(r"<p\b[^>]*>(.*?)</p>", mail.html)
    paragraphs = [unescape(p) for p in found if "href" not in p]
    assert paragraphs == mail.text.strip().split("\n\n")


@pytest.mark.parametrize("kind", MAILS)
def test_the_page_of_a_mail_loads_nothing(kind: MessageKind) -> None:
    """OP-2: no picture, no script, nothing that tells a third party that it was read."""
    mail = composed(kind, secret=SECRET if kind in WITH_SECRET else None)
    assert not re.search(r"<(img|script|link|iframe|form)\b|\bsrc=|url\(|@import", mail.html)
    assert set(URL.findall(mail.html)) == ({mail.link} if mail.link else set())


def test_what_is_filled_in_is_escaped_in_the_page() -> None:
    """OP-2: user text becomes neither a tag nor a link, nor a second placeholder."""
    service = Service()
    texts = {PASSWORD_CHANGED: MailText(subject="A <b> & 'c'", before=("Hello {name}: hi",))}
    notifications = Notifications(
        secret_box=service.ports.secret_box,
        randomness=service.ports.randomness,
        link_base_url=LINKS,
        texts=texts,
    )
    evil = "<a href=\"https://evil.example\">x</a> & {time} 'q'"
    message = notifications.notice(
        PASSWORD_CHANGED, ADDRESS, now=service.clock.now(), parameters={"name": evil}
    )
    mail = notifications.compose(message)
    assert evil in mail.text
    assert "<a " not in mail.html
    assert "<b>" not in mail.html
    assert "{time}" in mail.html


def test_words_for_what_there_is_not_are_left_out() -> None:
    """A message that an older version has queued says nothing of it; each line is a paragraph."""
    said = MailText(subject="S", before=("First.", Where("things", "There are:")), after=("Last.",))
    whole = ["First.", "Last."]
    for given in ({}, {"things": ""}):
        assert [*filled_in(said.before, given), *filled_in(said.after, given)] == whole
    given = {"things": "one {time}\ntwo"}
    assert list(filled_in(said.before, given)) == ["First.", "There are:", "one {time}", "two"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("My key", "My key"),
        ("Zoë's phone (2)", "Zoë's phone (2)"),
        ("日本語の鍵", "日本語の鍵"),
        ("🔑 blue", "🔑 blue"),
        ("https://evil.example/x?a=b", "https evil example x a b"),
        ("evil\uff0eexample \u3002com", "evil example com"),
        ("mail me@evil.example", "mail me evil example"),
        ("<a href=x>\u201d & {time}", "a href x & time"),
        ("one\r\nBcc: two\u2028three\x00", "one Bcc two three"),
        ("\u202egnp.exe", "gnp exe"),
        ("x" * 41, "x" * 39 + "\u2026"),
        ("x" * 40, "x" * 40),
        ("...", None),
        ("- ' &", None),
        ("", None),
    ],
)
def test_a_users_words_in_a_mail_are_no_link_and_stay_in_their_quotes(
    text: str, shown: str | None
) -> None:
    """OP-2, LG-1: a mail is taken for our word; dots, colons, slashes and the @ make links."""
    assert quoted(text) == (None if shown is None else f"\u201c{shown}\u201d")


def test_a_link_is_escaped_in_the_page_too() -> None:
    """OP-2: whatever the configured base holds."""
    mail = composed(VERIFY_EMAIL, base='https://x.example/"><script>&')
    assert "<script>" not in mail.html
    assert unescape(re.findall(r'href="([^"]*)"', mail.html)[0]) == mail.link


async def test_nothing_that_a_request_says_is_in_a_mail() -> None:
    """AT-2, AT-3, LG-1: neither names, passwords, user agents nor addresses of the sender."""
    service = Service()
    await service.sign_up(name="Evil https://evil.example")
    await service.sign_up(name="Evil https://evil.example")
    await service.confirm(await service.mailed_token())
    await service.sign_up(name="Evil https://evil.example")
    await service.reset_password(await service.forgotten_password())
    await service.deliver()
    assert len(service.mailbox.mails) == 5
    for mail in service.mailbox.mails:
        everything = mail.text + mail.html + mail.subject + mail.to
        for foreign in ("evil", "Evil", "curl/8", "192.0.2.7", PASSWORD):
            assert foreign not in everything
        assert mail.to == ADA


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (90, "90 seconds"),
     (1800, "30 minutes"),
     (3600, "1 hour"), (7200, "2 hours"), (86_400, "1 day"), (172_800, "2 days"),
     (86_401, "86401 seconds"), (90_000, "25 hours")],
)  # fmt: skip
def test_how_long_a_link_works_is_said_in_words(seconds: int, words: str) -> None:
    """AT-4: the mail tells the truth about the secret's life."""
    mail = composed(RESET_PASSWORD, ttl=seconds * SECOND)
    assert f"The link works once, for {words}." in mail.text


def test_a_message_of_another_key_or_purpose_is_not_composed() -> None:
    """AT-5, OB-5: the seal is for mailed secrets under this service's key."""
    service = Service()
    for sealed_by, purpose in (
        (Service(secret_key=b"x" * 32), "mailed-secret"),
        (service, "other"),
    ):
        foreign = sealed_by.ports.secret_box.seal(SECRET.encode(), purpose=purpose)
        message = service.mail.notifications.secret(
            VERIFY_EMAIL, ADDRESS, secret="", now=service.clock.now(), ttl=MINUTE
        )
        with pytest.raises(SealBroken):
            service.mail.notifications.compose(replace(message, sealed_secret=foreign))


def test_a_mail_shows_nothing_where_it_is_printed() -> None:
    """LG-1: not the secret, not the address."""
    mail = composed(RESET_PASSWORD)
    assert SECRET not in repr(mail)
    assert ADA not in repr(mail)
