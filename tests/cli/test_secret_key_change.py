"""
SECRET_KEY is changed as docs/operating.md says: real processes, HTTP and the command line.
"""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyotp
import pytest

from domain.identifiers import UserId
from domain.origin import NOWHERE
from domain.principal import OPERATOR
from domain.users.events import UserSuspended
from entrypoints.container import close
from entrypoints.lifecycle import build_container
from tests.cli.conftest import as_typed
from tests.cli.operator import Operator
from tests.http.client import code_of, settings_for
from tests.support.command_line import Done, command
from tests.support.forked import Forked, Parent
from tests.support.processes import PATIENCE, free_port, wait_for_line, wait_for_status

A = "v7Yq2m9Zt4Lw8Rk1Xs6Bn3Hf5Jd0GpCa"
B = "kX2mQ8vB4nL7pR1tY5wZ9cF3hJ6sD0gA"
C = "tN5rW1yK8eU3oM6xQ4zV9bS7dH2jG0fL"
PASSWORD = "violet kettle hums softly"
WITHOUT_MAIL = {
    "ENVIRONMENT": "production", "PUBLIC_URL": "http://127.0.0.1", "SMTP_URL": "",
    "ARGON2_MEMORY_KIB": "19456", "ARGON2_TIME_COST": "2",
}  # fmt: skip


class Installation:
    """
    One database, and the processes that are started over it under one key or another.
    """

    def __init__(self, parent: Parent, folder: Path, url: str) -> None:
        self.folder, self._parent = folder, parent
        self._settings = {"DATABASE_URL": url, "PORT": str(free_port())}
        self._base = f"http://127.0.0.1:{self._settings['PORT']}"
        self._process: Forked | None = None

    def serve(
        self, key: str, previous: str = "", *, worker: bool = True, more: Mapping[str, str] = {}
    ) -> Forked:
        """
        End the process that there is, and return when another one is ready.
        """
        self.stop()
        settings = {**self._settings, **keys(key, previous), "RUN_WORKER": str(worker), **more}
        self._process = self._parent.fork("serve", folder=self.folder, **settings)
        wait_for_status(f"{self._base}/health/ready", 200, self._process)
        return self._process

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    def work(self, key: str) -> Forked:
        settings = {**self._settings, **keys(key)}
        return self._parent.fork("worker", folder=self.folder, log="worker", **settings)

    def run(self, *arguments: str, key: str, previous: str = "") -> Done:
        settings = {**self._settings, **keys(key, previous)}
        return command(*arguments, folder=self.folder, **settings)

    def await_sending(self, key: str) -> None:
        """
        Return when no mail waits: a worker that is killed with one in hand keeps it for minutes.
        """
        deadline = time.monotonic() + PATIENCE
        while json.loads(self.run("outbox", "list", "--json", key=key).stdout):
            assert time.monotonic() < deadline

    def is_intact(self, key: str, previous: str = "") -> bool:
        done = self.run("audit", "verify", "--json", key=key, previous=previous)
        return bool(json.loads(done.stdout)["intact"])

    def said(self, key: str, previous: str, setting: str = "SECRET_KEY_PREVIOUS") -> dict[str, Any]:
        """
        Return what ``doorward check`` says of the setting.
        """
        done = self.run("check", "--json", key=key, previous=previous)
        [found] = [each for each in json.loads(done.stdout) if each["setting"] == setting]
        return dict(found)

    def ask(self, method: str, path: str, body: object = None, access: str = "") -> Any:
        """
        Return the data of the answer, or its status if it is a refusal.
        """
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        headers |= {"Authorization": f"Bearer {access}"} if access else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.loads(answer.read())["data"]
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code

    def sign_up(self, email: str) -> None:
        body = {"email": email, "password": PASSWORD}
        assert self.ask("POST", "/api/v1/users", body)["status"] == "unverified"

    def enrol_app(self, access: str) -> pyotp.TOTP:
        """
        Add an authenticator app, by the code of the step before this one.
        """
        begun = self.ask("POST", "/api/v1/users/me/factors/totp", access=access)
        app = pyotp.parse_uri(begun["uri"])
        assert isinstance(app, pyotp.TOTP)
        body = {"enrolment": begun["enrolment"], "code": code_of(app, steps=-1)}
        added = self.ask("POST", "/api/v1/users/me/factors/totp/confirm", body, access=access)
        assert len(added["recovery_codes"]) == 10
        return app

    def await_renewal(self, key: str, previous: str) -> None:
        """
        Return when a worker has sealed anew what is sealed for longer.
        """
        deadline = time.monotonic() + PATIENCE
        while any(word in self.said(key, previous)["message"] for word in ("waiting", "factor")):
            assert time.monotonic() < deadline

    def confirm_by_mail(self, email: str) -> None:
        """
        Wait for the mail, and follow its link.
        """
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for mail in self.ask("GET", "/dev/mailbox"):
                if mail["to"] == email:
                    proof = {"token": mail["token"]}
                    user = self.ask("POST", "/api/v1/email-verifications/confirm", proof)
                    assert user["status"] == "active"
                    return
            time.sleep(0.05)
        raise TimeoutError(email)

    def goes_on(self, session: dict[str, Any]) -> dict[str, Any]:
        """
        Return the session refreshed, after its access token from before was accepted.
        """
        me = self.ask("GET", "/api/v1/users/me", access=session["access_token"])
        assert me["email"] == "ada@example.com"
        spent = {"refresh_token": session["refresh_token"]}
        answer = self.ask("POST", "/api/v1/sessions/refresh", spent)
        assert answer["refresh_outcome"] == "rotated"
        return dict(answer)


def keys(key: str, previous: str = "") -> dict[str, str]:
    return {"SECRET_KEY": key, "SECRET_KEY_PREVIOUS": previous}


@pytest.fixture(scope="module")
def parent() -> Iterator[Parent]:
    with Parent() as parent:
        yield parent


@pytest.fixture
def installation(operator: Operator, parent: Parent) -> Iterator[Installation]:
    installation = Installation(parent, operator.folder, operator.url)
    yield installation
    installation.stop()


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_a_key_is_changed_twice_and_nothing_is_lost(
    request: pytest.FixtureRequest, tmp_path: Path, parent: Parent, store: str
) -> None:
    """
    TK-4, LG-3, OB-5: sessions, signing keys, waiting mail, factors and the proof of the trail
    outlast each change, also where the key before is taken away at once.
    """
    url = as_typed(str(request.getfixturevalue(f"{store}_url")))
    it = Installation(parent, tmp_path, url)
    it.serve(A)
    it.sign_up("ada@example.com")
    it.confirm_by_mail("ada@example.com")
    it.await_sending(A)
    credentials = {"email": "ada@example.com", "password": PASSWORD}
    session = it.ask("POST", "/api/v1/sessions", credentials)
    app = it.enrol_app(session["access_token"])
    it.await_sending(A)
    it.serve(A, worker=False)
    for name in ("bob", "cy"):
        it.sign_up(f"{name}@example.com")
    published = it.run("keys", "list", "--json", key=A).stdout
    it.stop()
    assert "the next start goes over" in it.said(B, A)["message"]

    it.serve(B, A, worker=False)
    session = it.goes_on(session)
    assert it.is_intact(B, A)
    assert it.run("keys", "list", "--json", key=B, previous=A).stdout == published
    needed = it.said(B, A)["message"]
    assert "2 waiting mails (run a worker), 2 factors of users (run a worker)" in needed
    # Without a mail server mail goes on waiting, and is sealed anew all the same.
    it.serve(B, A, more=WITHOUT_MAIL)
    it.await_renewal(B, A)
    still = it.said(B, A)
    assert (still["level"], "pages of sessions in cookie mode" in still["message"]) == (
        "note",
        True,
    )

    it.serve(B)
    session = it.goes_on(session)
    it.confirm_by_mail("bob@example.com")
    it.await_sending(B)
    assert it.is_intact(B)
    it.serve(B, worker=False)
    it.sign_up("dee@example.com")
    it.stop()

    it.serve(C, B)
    session = it.goes_on(session)
    for name in ("cy", "dee"):
        it.confirm_by_mail(f"{name}@example.com")
    it.await_sending(C)
    it.await_renewal(C, B)
    assert it.is_intact(C, B)
    it.serve(C)
    it.goes_on(session)
    proof = {"totp": code_of(app)}
    shown = it.ask("POST", "/api/v1/sessions", {**credentials, "proof": proof})
    assert shown["session"]["acr"] == "aal2"
    assert all(each["usable"] for each in json.loads(
        it.run("factors", "list", "ada@example.com", "--json", key=C).stdout))  # fmt: skip
    assert it.is_intact(C)
    it.stop()
    for key, previous in ((A, ""), (B, ""), (B, A), (A, B)):
        done = it.run("users", "list", key=key, previous=previous)
        assert (done.returncode, done.stdout) == (1, "")
        assert "The secret key is not the one that this database was written with" in done.stderr
    rows = json.loads(it.run("audit", "list", "--json", key=C).stdout)
    assert [row["type"] for row in rows].count("secret_key.changed") == 2


def test_processes_that_start_together_make_the_change_once(
    operators: Operator, parent: Parent
) -> None:
    """
    TK-4, LG-3: on both databases, and none of them fails.
    """
    operators.json("users", "create", "--email", "ada@example.com")
    operators.json("keys", "rotate")
    settings = {"DATABASE_URL": operators.url, **keys(B, A)}
    processes = [
        parent.fork("users", "list", folder=operators.folder, log=f"log {n}", **settings)
        for n in range(4)
    ]
    deadline = time.monotonic() + PATIENCE
    while None in (codes := [each.poll() for each in processes]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert codes == [0] * 4
    alone = {"DATABASE_URL": operators.url, **keys(B)}
    found = command("audit", "verify", "--json", folder=operators.folder, **alone)
    assert json.loads(found.stdout)["intact"]
    rows = command("audit", "list", "--json", folder=operators.folder, **alone)
    assert rows.stdout.count('"secret_key.changed"') == 1


def test_a_database_that_never_had_the_key_names_the_way_out(operator: Operator) -> None:
    """
    CF-1: what was told before stays as it was; and how the key is changed on purpose.
    """
    operator.json("users", "create", "--email", "ada@example.com")
    for settings in (keys(B), keys(B, C)):
        done = command(
            "users", "list", folder=operator.folder, DATABASE_URL=operator.url, **settings
        )
        assert done.returncode == 1
        assert "set SECRET_KEY_PREVIOUS to" in done.stderr.replace("Set SEC", "set SEC")
        assert not {A, B, C} & set(done.stderr.split())


async def test_a_row_under_the_old_key_is_found(operator: Operator) -> None:
    """
    LG-3: who stole the old key writes nothing that counts, and nothing that was written is lost.
    """
    operator.json("users", "create", "--email", "ada@example.com")
    folder, url = operator.folder, operator.url

    def verified(*pair: str) -> dict[str, Any]:
        done = command("audit", "verify", "--json", folder=folder, DATABASE_URL=url, **keys(*pair))
        return dict(json.loads(done.stdout))

    assert verified(B, A)["intact"]
    thief = build_container(settings_for(url, secret_key=A))
    try:
        async with thief.unit_of_work()() as unit:
            event = UserSuspended(
                user_id=UserId.new(thief.clock().now(), thief.randomness().token_bytes),
                occurred_at=thief.clock().now(),
            )
            recorder = thief.service().audit.recorder
            await recorder.record(unit, event, actor=OPERATOR, origin=NOWHERE)
            await unit.commit()
    finally:
        await close(thief)
    for pair in ((B, A), (B,)):
        found = verified(*pair)
        assert [each["fault"] for each in found["findings"]] == ["forged"]


@pytest.mark.parametrize("process", ["serve", "worker"])
def test_a_process_under_the_old_key_ends_by_itself(
    installation: Installation, process: str
) -> None:
    """
    TK-4: what it would write counts for nothing any more.
    """
    serving = installation.serve(A, worker=False)
    log = installation.folder / "log"
    if process == "worker":
        installation.stop()
        log = installation.folder / "worker"
        log.touch()  # the child opens it, at its leisure
        serving = installation.work(A)
        wait_for_line(log, "worker_started", serving)
    changed = installation.run("keys", "list", key=B, previous=A)
    assert (changed.returncode, "secret_key_changed" in changed.stderr) == (0, True)
    deadline = time.monotonic() + PATIENCE
    while (code := serving.poll()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert code != 0
    told = log.read_text()
    assert '"process_ends"' in told
    assert "is not the one that this database was written with" in told
    assert "Traceback" not in told


def test_check_says_when_the_previous_key_may_go(operator: Operator) -> None:
    def said(*pair: str, **settings: str) -> tuple[str, str]:
        done = command(
            "check", "--json", folder=operator.folder, DATABASE_URL=operator.url,
            **keys(*pair), **settings,
        )  # fmt: skip
        found = json.loads(done.stdout)
        [one] = [each for each in found if each["setting"] == "SECRET_KEY_PREVIOUS"]
        return one["level"], one["message"]

    operator.json("users", "create", "--email", "ada@example.com")
    assert said(A, B) == ("warning", "No longer needed.")
    level, message = said(B, A)
    assert (level, "The database is still under it" in message) == ("note", True)
    assert said(B, A) == (level, message)
    done = command("users", "list", folder=operator.folder, DATABASE_URL=operator.url, **keys(B, A))
    assert done.returncode == 0
    level, message = said(B, A)
    assert level == "note"
    assert "Still needed for 1 waiting mail (run a worker), answers to" in message


@pytest.mark.parametrize("where", ["environment", ".env"])
@pytest.mark.parametrize(
    ("previous", "words"),
    [("x" * 31, "shorter than 32 bytes"), (A, "the same as SECRET_KEY")],
)
def test_a_previous_key_that_cannot_be_one_is_refused(
    operator: Operator, where: str, previous: str, words: str
) -> None:
    """
    CF-1: with the reason and the cure, and without the key.
    """
    settings = {"SECRET_KEY": A}
    if where == ".env":
        (operator.folder / ".env").write_text(f"SECRET_KEY_PREVIOUS={previous}\n")
    else:
        settings["SECRET_KEY_PREVIOUS"] = previous
    for arguments in (["users", "list"], ["serve"], ["worker"], ["check"]):
        done = command(*arguments, folder=operator.folder, DATABASE_URL=operator.url, **settings)
        assert done.returncode == 1
        assert words in done.stdout + done.stderr
        assert "SECRET_KEY_PREVIOUS" in done.stdout + done.stderr
        assert previous not in done.stdout + done.stderr


def test_the_kept_key_of_development_is_changed_too(tmp_path: Path) -> None:
    """
    The file is moved away, and what stood in it becomes SECRET_KEY_PREVIOUS.
    """
    kept = tmp_path / "var" / "secret_key"
    made = command("users", "create", "--email", "ada@example.com", folder=tmp_path, SECRET_KEY="")
    assert made.returncode == 0
    old = kept.read_text()
    same = command("users", "list", folder=tmp_path, **keys("", old))
    assert (same.returncode, "the same as the key in var/secret_key" in same.stderr) == (1, True)
    kept.unlink()
    changed = command("users", "list", "--json", folder=tmp_path, **keys("", old))
    assert (changed.returncode, len(json.loads(changed.stdout))) == (0, 1)
    assert kept.read_text() != old
    after = command("audit", "verify", "--json", folder=tmp_path, SECRET_KEY="")
    assert (after.returncode, json.loads(after.stdout)["intact"]) == (0, True)
