"""
A browser as far as cookie mode needs one: it keeps cookies and names its page's origin.
"""

from http.cookies import SimpleCookie
from typing import Any

import httpx

from tests.http.client import PASSWORD, PUBLIC_URL, Api, data_of

ME = "/api/v1/users/me"
SIGN_IN = "/api/v1/sessions"
REFRESH = "/api/v1/sessions/refresh"
MOST_OF_A_COOKIE = 4096
"""With name and attributes: the lowest limit that a browser has (RFC 6265, 6.1)."""


class Browser:
    """
    Keeps cookies as a browser would, none above 4,096 bytes, and sends them with its own page's
    origin.
    """

    def __init__(self, api: Api, *, origin: str = PUBLIC_URL) -> None:
        self.api, self.origin = api, origin
        self.cookies: dict[str, str] = {}
        self.csrf = ""

    async def sign_in(self, email: str = "ada@example.com", **more: Any) -> dict[str, Any]:
        body = {"email": email, "password": PASSWORD, "transport": "cookie", **more}
        answer = await self.send("POST", SIGN_IN, json=body)
        found: dict[str, Any] = data_of(answer, 201)
        return found

    async def send(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """
        Send what such a page's fetch() would: cookies, origin, and the token that it was told.
        """
        sent = {"sec-fetch-site": "same-origin"}
        if method != "GET":
            sent |= {"origin": self.origin, "x-csrf-token": self.csrf}
        if self.cookies:
            pairs = (f"{name}={value}" for name, value in self.cookies.items())
            sent["cookie"] = "; ".join(pairs)
        answer = await self.api.send(method, path, headers={**sent, **(headers or {})}, **options)
        self._keep(answer)
        return answer

    def _keep(self, answer: httpx.Response) -> None:
        for line in answer.headers.get_list("set-cookie"):
            if len(line.encode()) > MOST_OF_A_COOKIE:
                continue
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        if answer.is_success and answer.content:
            data = answer.json()["data"]
            if isinstance(data, dict) and "csrf_token" in data:
                self.csrf = data["csrf_token"]
