"""The message that a mail is sent as: what is in it, and what is never written."""

import datetime as dt
import email
import re
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import compat32
from email.policy import default as modern
from email.utils import parseaddr

import pytest

from adapters.mime.composer import MimeComposer
from application.mail.ports import Mail, MailRefused

SENDER = "Doorward <no-reply@id.example.org>"
LINK = "https://id.example.org/verify-email?token=dwm_" + "x" * 43
MAIL = Mail(
    message_id="01930000-0000-7000-8000-00000000000a",
    to="jane@example.com",
    subject="Grüße: verify your address",
    text=f"Hello,\n\n{LINK}\n.\n..dots\n",
    html=f"<p>Grüße</p><a href='{LINK}'>Verify</a>",
    queued_at=dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC),
    link=LINK,
    token=LINK[-47:],
)
COMPOSER = MimeComposer(sender=SENDER)


def read(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content.replace(b"\r\n", b"\n"), policy=modern)
    assert isinstance(message, EmailMessage)
    return message


def body_of(content: bytes, kind: str) -> str:
    body = read(content).get_body((kind,))
    assert body is not None
    text = body.get_content()
    assert isinstance(text, str)
    return text


class TestComposition:
    def test_every_byte_of_the_message_is_known(self) -> None:
        """
        US-ASCII, CRLF, and nothing in it that was not meant to be; only the boundary is drawn.
        """
        content = COMPOSER.compose(replace(MAIL, subject="Verify your address"))
        boundary = read(content).get_boundary()
        assert boundary is not None
        assert content.decode("ascii").replace(boundary, "BOUNDARY").split("\r\n") == [
            "From: Doorward <no-reply@id.example.org>",
            "To: jane@example.com",
            "Subject: Verify your address",
            "Date: Sun, 01 Nov 2026 12:00:00 +0000",
            "Message-ID: <01930000-0000-7000-8000-00000000000a@id.example.org>",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: multipart/alternative;",
            ' boundary="BOUNDARY"',
            "",
            "--BOUNDARY",
            'Content-Type: text/plain; charset="utf-8"',
            "Content-Transfer-Encoding: 7bit",
            "",
            "Hello,",
            "",
            LINK,
            ".",
            "..dots",
            "",
            "--BOUNDARY",
            'Content-Type: text/html; charset="utf-8"',
            "Content-Transfer-Encoding: quoted-printable",
            "MIME-Version: 1.0",
            "",
            "<p>Gr=C3=BC=C3=9Fe</p><a href=3D'https://id.example.org/verify-email?token=3D=",
            "dwm_" + "x" * 43 + "'>Verify</a>",
            "",
            "--BOUNDARY--",
            "",
        ]

    def test_the_message_says_what_the_mail_says(self) -> None:
        """AT-3: to its one recipient, as text and as HTML."""
        content = COMPOSER.compose(MAIL)
        message = read(content)
        assert message["From"] == SENDER
        assert message["To"] == MAIL.to
        assert message["Subject"] == MAIL.subject
        assert message["Date"].datetime == MAIL.queued_at
        assert message["Auto-Submitted"] == "auto-generated"
        assert body_of(content, "plain") == MAIL.text
        assert body_of(content, "html").rstrip("\n") == MAIL.html
        assert message.get_content_type() == "multipart/alternative"

    def test_a_link_travels_as_one_word(self) -> None:
        """
        A plain text part is not encoded, so that every reader finds the link.
        """
        assert LINK.encode() in COMPOSER.compose(MAIL)

    @pytest.mark.parametrize("text", ["ünïcode 🚪\n", "x" * 5000 + "\n", "\n", ".\n"], ids=ascii)
    def test_any_text_can_be_sent(self, text: str) -> None:
        """
        Over a server that knows nothing but short lines of seven bits.
        """
        content = COMPOSER.compose(replace(MAIL, text=text))
        assert body_of(content, "plain").replace("\r\n", "\n") == text
        assert max(map(len, content.split(b"\r\n"))) <= 998
        assert content.isascii()
        assert b"\n" not in content.replace(b"\r\n", b"")
        assert b"\r" not in content.replace(b"\r\n", b"")

    def test_every_try_is_the_same_message(self) -> None:
        """OB-3: a receiver can drop the duplicate by its Message-ID."""
        first, second = read(COMPOSER.compose(MAIL)), read(COMPOSER.compose(MAIL))
        expected = f"<{MAIL.message_id}@id.example.org>"
        assert first["Message-ID"] == second["Message-ID"] == expected
        assert first["Date"] == second["Date"]

    def test_a_complete_message_id_is_kept(self) -> None:
        """OB-3."""
        message = read(COMPOSER.compose(replace(MAIL, message_id="one@elsewhere.example")))
        assert message["Message-ID"] == "<one@elsewhere.example>"


class TestInjection:
    @pytest.mark.parametrize(
        "subject",
        ["x\r\nBcc: eve@evil.example", "x\nBcc: eve@evil.example", "x\r", "x\n", "x\0",
         "x\u2028Bcc: eve@evil.example", "x\x85y", "x\x0by", "\ud800"],
        ids=ascii,
    )  # fmt: skip
    def test_a_subject_is_one_line(self, subject: str) -> None:
        """OP-2, AT-3."""
        self.refused(replace(MAIL, subject=subject))

    @pytest.mark.parametrize(
        "to",
        ["", "jane", "@example.com", "jane@", "a@example.com,b@example.com",
         "a@example.com b@example.com", "a@example.com\r\nBcc: b@example.com",
         "a@example.com\n", "Jane <jane@example.com>", "<jane@example.com>",
         "a@b@example.com", "a@example.com> SIZE=1", "jané@example.com", "jane@exämple.com",
         "group:a@example.com;", '"a b"@example.com', "a(comment)@example.com", "a\0@example.com"],
        ids=ascii,
    )  # fmt: skip
    def test_a_mail_has_exactly_one_recipient(self, to: str) -> None:
        """AT-3 (CVE-2023-7028)."""
        self.refused(replace(MAIL, to=to))

    @pytest.mark.parametrize(
        "message_id", ["", "a b", "a>b", "a\r\nBcc: b@example.com", "a\n", "<a@b>", "é"], ids=ascii
    )
    def test_a_message_id_is_one_word(self, message_id: str) -> None:
        """OP-2."""
        self.refused(replace(MAIL, message_id=message_id))

    def test_a_body_that_cannot_be_written_is_refused(self) -> None:
        """OB-4: it never will be; the queue goes on."""
        self.refused(replace(MAIL, text="\ud800"))
        self.refused(replace(MAIL, html="\ud800"))

    @staticmethod
    def refused(mail: Mail) -> None:
        with pytest.raises(MailRefused) as raised:
            COMPOSER.compose(mail)
        assert "@" not in str(raised.value)
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__ or raised.value.__context__ is None


class TestSenders:
    @pytest.mark.parametrize(
        "sender", ["", "nobody", "a@b, c@d", "a@b.example\r\nBcc: x@y.example", "ü@example.org"]
    )
    def test_a_wrong_sender_is_refused(self, sender: str) -> None:
        """At the start, not at the first mail."""
        with pytest.raises(ValueError, match=r"mailbox|control|local part"):
            MimeComposer(sender=sender)

    @pytest.mark.parametrize(
        "sender", [SENDER, "no-reply@id.example.org", '"Doorward, Inc." <no-reply@id.example.org>']
    )
    def test_a_transport_gets_the_bare_address(self, sender: str) -> None:
        composer = MimeComposer(sender=sender)
        assert (composer.sender, composer.domain) == ("no-reply@id.example.org", "id.example.org")
        assert read(composer.compose(MAIL))["From"] == sender

    @pytest.mark.parametrize(
        "name",
        ["Doorward: Accounts", "Doorward, Inc.", "a@b", "x (y)", "O'Brien", "semi;colon", "<tag>",
         'say "hi"', "back\\slash", "[x]", "dot.name", '"', "\\", 'a"b\\c, d', "=?utf-8?q?x?=",
         "word, " * 30 + "end", "x" * 200, "x:" * 100, "word " * 39 + "end", "Grüße: Team",
         "日本語 サービス, 株式会社", "ü, " * 60 + "e", "Ω " * 99 + "Ω", "a, " + "ü " * 90 + "e",
         "🚪 Doorward", "\u0645\u0631\u062d\u0628\u0627: x"],
        ids=ascii,
    )  # fmt: skip
    def test_any_name_arrives_as_it_is_meant(self, name: str) -> None:
        """OP-2, RFC 5322 3.4: quoted where it has to be, and never another mailbox."""
        quoted = re.sub(r'(["\\\\])', r"\\\1", name)
        composer = MimeComposer(sender=f'"{quoted}" <id@example.org>')
        content = composer.compose(MAIL)
        assert content.startswith(b"From: ")
        assert content.isascii()
        raw = email.message_from_bytes(content, policy=compat32)["From"]
        shown, address = parseaddr(re.sub(r"\r?\n", "", raw))
        assert (str(make_header(decode_header(shown))), address) == (name, "id@example.org") or (
            "=?" in name
        )
        addresses = read(content)["From"].addresses
        assert [each.addr_spec for each in addresses] == ["id@example.org"]
        assert addresses[0].display_name.replace(" ", "") == name.replace(" ", "")
        lines = content.split(b"\r\n")
        assert max(len(line) for line in lines[: lines.index(b"")]) <= 998

    @pytest.mark.parametrize(
        ("sender", "header"),
        [
            ("Doorward: Accounts <id@example.org>", '"Doorward: Accounts" <id@example.org>'),
            ("Doorward, Inc. <id@example.org>", '"Doorward, Inc." <id@example.org>'),
            ("Doorward <id@example.org>", "Doorward <id@example.org>"),
            ("<id@example.org>", "id@example.org"),
            ("Tür <id@bücher.example>", "=?utf-8?q?T=C3=BCr?= <id@xn--bcher-kva.example>"),
            ("=?utf-8?q?T=C3=BCr?= <id@example.org>", "=?utf-8?q?T=C3=BCr?= <id@example.org>"),
        ],
    )
    def test_the_header_of_a_sender(self, sender: str, header: str) -> None:
        """OP-2: also where the operator did not think of quotes."""
        first = MimeComposer(sender=sender).compose(MAIL).split(b"\r\n")[0]
        assert first == f"From: {header}".encode()

    def test_an_international_domain_travels_in_ascii(self) -> None:
        """RFC 5891: in the envelope, in the header and in the identity of the message."""
        composer = MimeComposer(sender="id@bücher.example")
        assert composer.sender == "id@xn--bcher-kva.example"
        assert read(composer.compose(MAIL))["Message-ID"].endswith("@xn--bcher-kva.example>")
