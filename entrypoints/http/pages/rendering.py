"""Makes the pages: templates and words become an answer that a browser cannot be misled with.

Whatever is filled in is escaped. Jinja is imported with the first page that is opened, so
that start-up and memory do not pay for it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from application.mail.ports import Mail
from domain.errors import Violation
from entrypoints.http.pages.flows import FIELDS, TOKEN, Field, Flow, Form
from entrypoints.http.pages.texts import ENGLISH, Notice
from entrypoints.representations.formats import instant

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE: Final = Path(__file__).parent
TEMPLATES: Final = _HERE / "templates"
_MEDIA_TYPES: Final = {
    "pages.css": "text/css",
    "icon.svg": "image/svg+xml",
    "passkey.js": "text/javascript",
}
CSP: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "content-security-policy": CSP,
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def form_page(
    flow: Flow,
    form: Form,
    *,
    minimum: int,
    status: int = 200,
    problems: Sequence[Violation] = (),
    wait: int | None = None,
) -> Response:
    """Return the page that asks, with the token kept and passwords forgotten.

    ``minimum`` is the length of a password; ``problems`` are shown above the form and beside
    their fields. ``wait``: nothing could be done for so many seconds.
    """
    text = ENGLISH.flows[flow]
    problems = in_words(problems, ENGLISH.reasons)
    fields = [
        shown_field(
            field,
            label=text.fields[field.name].label,
            hint=text.fields[field.name].hint.format(minimum=minimum),
            value=form.get(field.name, ""),
            problems=problems,
        )
        for field in FIELDS[flow]
    ]
    later = ENGLISH.later.paragraphs[0].format(wait=span_in_words(wait)) if wait else None
    answer = page(
        "form.html",
        status,
        title=text.title,
        text=text,
        action=flow.value,
        token=form.get(TOKEN, ""),
        fields=fields,
        problems=problems,
        later=later,
    )
    if wait:
        answer.headers["retry-after"] = str(wait)
    return answer


def in_words(problems: Sequence[Violation], reasons: Mapping[str, str]) -> list[Violation]:
    """Return the problems in the words of a language, by code; by the rule's own where none are."""
    return [Violation(p.field, p.code, reasons.get(p.code, p.message)) for p in problems]


def shown_field(
    field: Field, *, label: str, hint: str, value: str, problems: Sequence[Violation]
) -> dict[str, Any]:
    """Return what a template needs to show a field; of a password no value comes back."""
    return {
        "name": field.name,
        "kind": field.kind,
        "autocomplete": field.autocomplete,
        "required": field.required,
        "mode": field.mode,
        "as_is": field.as_is,
        "label": label,
        "hint": hint,
        "value": "" if field.kind == "password" else value,
        "problems": [each.message for each in problems if each.field == field.name],
    }


def notice_page(notice: Notice, *, status: int = 200) -> Response:
    """Return the page that says what came of it."""
    return page("notice.html", status, title=notice.title, notice=notice, good=status < 400)


def mailbox_page(mails: Sequence[Mail]) -> Response:
    """Return the development mailbox; the link of a mail can be followed."""
    shown = [
        {"mail": mail, "queued_at": instant(mail.queued_at), "parts": _around_link(mail)}
        for mail in mails
    ]
    return page("mailbox.html", 200, up="../", title="Development mailbox", mails=shown)


def asset(name: str) -> Response | None:
    """Return a file that the pages load, if this is its name now; it may be kept for ever."""
    for file, media_type in _MEDIA_TYPES.items():
        if name == asset_name(file):
            kept = {"cache-control": "public, max-age=31536000, immutable"}
            return Response(_content(file), headers=kept, media_type=media_type)
    return None


def asset_name(file: str) -> str:
    """Return the name under which the file is served: it changes when the content does."""
    stem, _, suffix = file.partition(".")
    return f"{stem}-{hashlib.sha256(_content(file)).hexdigest()[:16]}.{suffix}"


def page(
    template: str, status: int, *, up: str = "", folder: Path = TEMPLATES, **facts: Any
) -> Response:
    """Return the template, filled in, of this folder or else of the one beside this module.

    ``up`` leads from the page's path to the root: every address is relative, since the service may
    stand behind a prefix that it never sees.
    """
    html = _environment(folder).get_template(template).render(texts=ENGLISH, up=up, **facts)
    return Response(html, status, _HEADERS, "text/html")


def _around_link(mail: Mail) -> tuple[str, str]:
    before, _, after = mail.text.partition(mail.link) if mail.link else (mail.text, "", "")
    return before.strip(), after.strip()


def span_in_words(seconds: int) -> str:
    """Return the time to wait, rounded up to minutes where there is more than one."""
    in_seconds, in_minutes = ENGLISH.spans
    count, (one, many) = (
        (seconds, in_seconds) if seconds < 60 else (-(-seconds // 60), in_minutes)
    )  # fmt: skip
    return one if count == 1 else many.format(count=count)


@cache
def _content(file: str) -> bytes:
    return (_HERE / "assets" / file).read_bytes()


@cache
def _environment(folder: Path) -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([folder, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset_name"] = asset_name
    return environment
