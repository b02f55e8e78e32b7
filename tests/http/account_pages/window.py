"""
A browser that runs no script: it keeps cookies, reads forms, sends them with what they hide, and
follows where it is led.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

from tests.http.client import PUBLIC_URL, Api

ORIGIN = {"origin": PUBLIC_URL, "sec-fetch-site": "same-origin"}


@dataclass
class Form:
    """
    A form: where it is sent, and what it holds already.
    """

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """
    What a page shows.
    """

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.answer, self.address = answer, answer.request.url.path
        self.status, self.html = answer.status_code, answer.text
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            data = {name: value for name, value in given.items() if name.startswith("data-")}
            self.forms.append(Form(urljoin(self.address, given["action"]), data=data))
        elif tag == "input" and "name" in given:
            is_box = given.get("type") == "checkbox"  # and not ticked, unless a test does
            self.forms[-1].fields[given["name"]] = "" if is_box else given.get("value", "")
        elif tag == "a":
            self.links.append(urljoin(self.address, given["href"]))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def title(self) -> str:
        """
        The title, which comes first.
        """
        return self.texts[0].partition(" · ")[0]

    def says(self, words: str) -> bool:
        """
        Tell whether these words are on the page.
        """
        return words in " ".join(self.texts)

    def form(self, action: str, holding: str | None = None) -> Form:
        """
        Return the one form that is sent there (and has this field).
        """
        path = f"/account/{action}"
        (found,) = [
            form
            for form in self.forms
            if form.action == path and (holding is None or holding in form.fields)
        ]
        return found


class Window:
    """
    One browser.
    """

    def __init__(self, api: Api) -> None:
        self.api = api
        self.cookies: dict[str, str] = {}

    async def open(self, path: str) -> Page:
        """
        Follow a link, and whatever it leads to.
        """
        return Page(await self._follow(await self._send("GET", f"/account/{path}")))

    async def press(self, form: Form, **filled_in: str) -> Page:
        """
        Send a form, and follow where that leads.
        """
        return Page(await self._follow(await self.send(form, **filled_in)))

    async def send(self, form: Form, **filled_in: str) -> httpx.Response:
        """
        Send a form, as a browser does it, and stay.
        """
        assert filled_in.keys() <= form.fields.keys(), form
        data = {**form.fields, **filled_in}
        return await self._send("POST", form.action, data=data, headers=ORIGIN)

    async def _follow(self, answer: httpx.Response) -> httpx.Response:
        for _ in range(5):
            if answer.status_code != 303:
                return answer
            place = urljoin(str(answer.request.url), answer.headers["location"])
            answer = await self._send("GET", place)
        raise AssertionError(f"round in circles at {answer.request.url}")

    async def _send(
        self,
        method: str,
        path: str,
        *,
        data: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        headers = dict(headers or {})
        if self.cookies:
            pairs = (f"{name}={value}" for name, value in self.cookies.items())
            headers["cookie"] = "; ".join(pairs)
        answer = await self.api.send(method, path, data=data, headers=headers)
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return answer
