"""
A real browser before the real service.

    browser    Chromium, started once
    served     the service as a process of its own, started once; each test signs up its own user
    visit      opens a window and watches everything that happens in it
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from tests.support.browser import running_browser
from tests.support.command_line import command
from tests.support.processes import free_port, started, wait_for_status

PASSWORD = "tea kettle under the violet moon"
ADMINISTRATOR = "root@example.com"
_numbers = itertools.count()


@dataclass(frozen=True)
class Served:
    """
    The service on its port, and its log.
    """

    url: str
    log: Path

    async def call(self, path: str, body: Any, status: int, *, access: str | None = None) -> Any:
        """
        Ask the API, as an application would.
        """
        headers = {} if access is None else {"authorization": f"Bearer {access}"}
        async with httpx.AsyncClient(base_url=self.url) as client:
            answer = await client.post(f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def sign_up(self) -> str:
        """
        Make an account of its own for the test and return its address.
        """
        email = f"ada{next(_numbers)}@example.com"
        await self.call("/users", {"email": email, "password": PASSWORD}, 201)
        return email

    async def link(self, email: str, path: str) -> str:
        """
        Return the newest link of this kind that was mailed there.
        """
        async with httpx.AsyncClient(base_url=self.url) as client:
            accept = {"accept": "application/json"}
            mails = (await client.get("/dev/mailbox", headers=accept)).json()["data"]
        return next(str(m["link"]) for m in mails if m["to"] == email and path in str(m["link"]))

    async def sign_in(self, email: str, password: str, status: int = 201) -> str | None:
        """
        Try to sign in; return the access token if that is what is expected.
        """
        answer = await self.call("/sessions", {"email": email, "password": password}, status)
        return str(answer["data"]["access_token"]) if status == 201 else None


@dataclass
class Visit:
    """
    One window, and what was seen in it.
    """

    page: Page
    context: BrowserContext
    home: str
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """
        Write down every request and whatever the browser complains about.
        """
        self.page.on("request", self._request)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _request(self, request: Request) -> None:
        self.requested.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        # That a page came with 4xx is said there as well; the tests look at statuses themselves.
        if not message.text.startswith("Failed to load resource: the server responded with"):
            self.complaints.append(message.text)

    def elsewhere(self) -> list[str]:
        """
        Return the requests that went to any server but ours.
        """
        ours = urlsplit(self.home)[:2]
        return [url for url in self.requested if urlsplit(url)[:2] != ours]


class Visitor(Protocol):
    """
    Opens a window; it is looked at and closed with the test. ``trusted=False``: the test itself
    looks at what was seen.
    """

    async def __call__(self, *, trusted: bool = True, **options: Any) -> Visit: ...


@pytest.fixture(scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with running_browser(tmp_path_factory.mktemp("browser")) as started_browser:
        yield started_browser


@contextmanager
def serving(folder: Path, *, host: str = "127.0.0.1") -> Iterator[Served]:
    """
    Start the service as a process that is known under this name.
    """
    port = free_port()
    url, database = f"http://{host}:{port}", f"sqlite:///{folder}/doorward.db"
    settings = {"DATABASE_URL": database, "PORT": str(port), "PUBLIC_URL": url}
    # No browser has passkeys on an IP address.
    passkeys = {"PASSKEY_RP_ID": "localhost", "PASSKEY_ORIGINS": f"http://localhost:{port}"}
    made = command(
        "users", "create", "--email", ADMINISTRATOR, "--role", "administrator", "--verified",
        "--password-stdin", folder=folder, stdin=PASSWORD, DATABASE_URL=database,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    settings |= passkeys | {
        "SIGN_IN_METHODS": "password,passkey,email",
        "TRUSTED_DEVICE_TTL": "3600",
    }
    with started("serve", folder=folder, RATE_LIMITS="false", **settings) as process:
        wait_for_status(f"{url}/health/ready", 200, process)
        yield Served(url, folder / "log")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as service:
        yield service


@pytest.fixture(scope="session")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """
    The same under a name, for what no browser does on an IP address.
    """
    with serving(tmp_path_factory.mktemp("named"), host="localhost") as service:
        yield service


@pytest.fixture
async def visit(browser: Browser, served: Served) -> AsyncIterator[Visitor]:
    async with AsyncExitStack() as stack:
        trusted_visits: list[Visit] = []

        async def open_window(*, trusted: bool = True, **options: Any) -> Visit:
            context = await stack.enter_async_context(await browser.new_context(**options))
            context.set_default_timeout(20_000)
            visited = Visit(await context.new_page(), context, served.url)
            visited.watch()
            if trusted:
                trusted_visits.append(visited)
            return visited

        yield open_window
        for visited in trusted_visits:
            assert visited.elsewhere() == []
            assert visited.complaints == []
