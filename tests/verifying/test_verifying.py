"""
The programs of docs/verifying.md, word for word, against a running service with each algorithm.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from threading import Thread

import httpx
import pytest
from joserfc import jwk, jwt

from domain.keys.signing_key import SigningAlgorithm
from tests.support.processes import PATIENCE, free_port, started, wait_for_status

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "verifying.md").read_text(encoding="utf-8")
LIBRARIES = ROOT / ".tooling" / "javascript" / "node_modules"
PASSWORD = "violet kettle hums softly"

STRICT = """
import * as oauth from "oauth4webapi";

const here = { [oauth.allowInsecureRequests]: true }; // only because the tests have no certificate
const url = new URL(issuer);
const found = await oauth.discoveryRequest(url, { algorithm: "oauth2", ...here });
const server = await oauth.processDiscoveryResponse(url, found);
const request = new Request(issuer, { headers: { authorization: `Bearer ${token}` } });
const claims = await oauth.validateJwtAccessToken(server, request, audience, here);
"""
"""No program of the page: it checks server metadata, header and claims by RFC 8414 and RFC 9068."""


@dataclass(frozen=True, slots=True)
class Program:
    """
    What verifies a token by one library.
    """

    language: str
    library: str
    text: str

    def run(
        self, service: "Served", algorithm: str, folder: Path, **other: str
    ) -> dict[str, object]:
        """
        Return the claims. Raises ValueError with the last words of a program that refuses.
        """
        given = {"issuer": service.url, "audience": service.url, "token": service.token, **other}
        text = self.text.replace("ES256", algorithm)
        if self.language == "Python":
            file = folder / "program.py"
            lines = ["import json", "", *(f"{name} = {value!r}" for name, value in given.items())]
            file.write_text("\n".join([*lines, text, "print(json.dumps(dict(claims)))"]))
            command = [sys.executable, "-W", "ignore", str(file)]
        else:
            if not LIBRARIES.exists():
                pytest.skip("no JavaScript could be fetched: run `make test` with npm in reach")
            link = folder / "node_modules"
            if not link.exists():
                link.symlink_to(LIBRARIES)
            file = folder / "program.mjs"
            lines = [f"const {name} = {json.dumps(value)};" for name, value in given.items()]
            end = "console.log(JSON.stringify(claims)); process.exit(0);"
            file.write_text("\n".join([*lines, text, end]))
            command = [str(Path(sys.executable).with_name("node")), str(file)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE * 2, check=False
        )
        if done.returncode:
            raise ValueError(done.stderr[-2000:])
        claims: dict[str, object] = json.loads(done.stdout)
        return claims


@dataclass(frozen=True, slots=True)
class Served:
    """
    A running service, a user's access token, and one that was got with an API key of theirs.
    """

    url: str
    token: str
    token_of_key: str


NAMES = re.compile(r"^(PyJWT|joserfc|jwcrypto|Authlib|python-jose|jose|jsonwebtoken|fast-jwt)\b")
BLOCK = re.compile(r"^([^\n]+):\n\n```(python|javascript)\n(.*?)```", re.MULTILINE | re.DOTALL)


def _programs() -> dict[str, Program]:
    found = {}
    for words, language, text in BLOCK.findall(PAGE):
        if name := NAMES.match(words):
            spoken = "Python" if language == "python" else "Node"
            found[name[1]] = Program(spoken, name[1], text)
    return {**found, "oauth4webapi": Program("Node", "oauth4webapi", STRICT)}


PROGRAMS = _programs()
ROW = re.compile(
    r"^\| (Python|Node) \| (\S+) \| (\S+) \| (yes|no) \| (yes|no) \| (yes|no) \|$", re.M
)
TRIED = {row[1]: (row[0], row[2], row[3:]) for row in ROW.findall(PAGE)}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    """
    One service for each algorithm.
    """
    with ExitStack() as stack:
        found = {}
        for algorithm in SigningAlgorithm:
            port = free_port()
            url = f"http://127.0.0.1:{port}"
            folder = tmp_path_factory.mktemp(algorithm.value)
            settings = {
                "PORT": str(port),
                "DATABASE_URL": "memory://",
                "SIGNING_ALGORITHM": algorithm.value,
            }
            process = stack.enter_context(started("serve", folder=folder, **settings))
            wait_for_status(f"{url}/health/ready", 200, process)
            found[algorithm.value] = Served(url, *_tokens(url))
        yield found


def _tokens(url: str) -> tuple[str, str]:
    with httpx.Client(base_url=url) as client:
        account = {"email": "ada@example.com", "password": PASSWORD, "verified": True}
        made = client.post("/dev/users", json=account)
        assert made.status_code == 201, made.text
        signed_in = client.post(
            "/api/v1/sessions", json={"email": "ada@example.com", "password": PASSWORD}
        )
        token = str(signed_in.json()["data"]["access_token"])
        made = client.post(
            "/api/v1/users/me/api-keys",
            json={"name": "CI", "permissions": []},
            headers={"authorization": f"Bearer {token}"},
        )
        key = made.json()["data"]["key"]
        got = client.post("/api/v1/access-tokens", headers={"authorization": f"Bearer {key}"})
        return token, str(got.json()["data"]["access_token"])


def test_every_library_of_the_table_has_a_program() -> None:
    assert PROGRAMS.keys() == TRIED.keys()
    assert {name: each.language for name, each in PROGRAMS.items()} == {
        name: row[0] for name, row in TRIED.items()
    }


@pytest.mark.parametrize("algorithm", [each.value for each in SigningAlgorithm])
@pytest.mark.parametrize("library", TRIED)
def test_a_library_verifies_what_the_page_says(
    services: dict[str, Served], tmp_path: Path, library: str, algorithm: str
) -> None:
    """
    TK-1: and "no" in the table means that it does not, so that the advice stays true.
    """
    service, program = services[algorithm], PROGRAMS[library]
    works = dict(zip(("EdDSA", "ES256", "RS256"), TRIED[library][2], strict=True))[algorithm]
    if works == "no":
        with pytest.raises(ValueError, match=r"(?i)key|token"):
            program.run(service, algorithm, tmp_path)
        return
    claims = program.run(service, algorithm, tmp_path)
    assert (claims["iss"], claims["client_id"]) == (service.url, "doorward")
    assert claims["roles"] == ["user"]


@pytest.mark.parametrize("library", TRIED)
def test_a_token_that_was_got_with_an_api_key_is_verified_the_same_way(
    services: dict[str, Served], tmp_path: Path, library: str
) -> None:
    """
    TK-1: a product that knows nothing of keys reads it as any other, and finds no role in it.
    """
    service, program = services["ES256"], PROGRAMS[library]
    claims = program.run(service, "ES256", tmp_path, token=service.token_of_key)
    assert (claims["amr"], claims["roles"], claims["permissions"]) == (["key"], [], [])


@pytest.mark.parametrize("library", TRIED)
def test_a_program_refuses_what_is_not_for_it(
    services: dict[str, Served], tmp_path: Path, library: str
) -> None:
    """
    TK-1: another audience, a changed token. Each program works as it is printed, with ES256.
    """
    service, program = services["ES256"], PROGRAMS[library]
    header, payload, signature = service.token.split(".")
    changed = f"{header}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    for wrong in ({"audience": "https://another.example"}, {"token": changed}):
        with pytest.raises(ValueError, match=r"\S"):
            program.run(service, "ES256", tmp_path, **wrong)


@pytest.fixture
def impostor() -> Iterator[tuple[Served, jwk.ECKey]]:
    """
    An issuer of ours whose key the test has, to sign what Doorward never would.
    """
    key = jwk.ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", "kid": "a"})

    class Documents(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            metadata = {"issuer": url, "jwks_uri": f"{url}/.well-known/jwks.json"}
            keys = {"keys": [key.as_dict(private=False)]}
            body = json.dumps(keys if "jwks" in self.path else metadata).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Documents) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield Served(url, "", ""), key
        server.shutdown()


@pytest.mark.parametrize("library", TRIED)
def test_a_program_refuses_other_kinds_of_tokens_and_old_ones(
    impostor: tuple[Served, jwk.ECKey], tmp_path: Path, library: str
) -> None:
    """
    TK-1, AT-5: a token whose type is another one, or whose time is over, though the key is right.
    """
    issuer, key = impostor
    program, now = PROGRAMS[library], int(time.time())
    good_header = {"alg": "ES256", "typ": "at+jwt", "kid": "a"}
    good = {
        "iss": issuer.url, "aud": issuer.url, "exp": now + 600, "iat": now, "sub": "a",
        "jti": "b", "client_id": "doorward",
    }  # fmt: skip

    def signed(header: Mapping[str, object], claims: Mapping[str, object]) -> str:
        return jwt.encode({**good_header, **header}, {**good, **claims}, key)

    assert program.run(issuer, "ES256", tmp_path, token=signed({}, {}))["sub"] == "a"
    others: list[tuple[Mapping[str, object], Mapping[str, object]]] = [
        ({"typ": "JWT"}, {}),
        ({}, {"iss": "https://another.example"}),
        ({}, {"exp": now - 400, "iat": now - 1000}),
    ]
    for header, claims in others:
        with pytest.raises(ValueError, match=r"\S"):
            program.run(issuer, "ES256", tmp_path, token=signed(header, claims))


@pytest.mark.parametrize("library", TRIED)
def test_the_page_names_the_versions_that_are_tried(library: str) -> None:
    language, said, _ = TRIED[library]
    if language == "Python":
        assert version(library) == said
        return
    pins = json.loads((ROOT / "tools" / "javascript" / "package.json").read_text())
    assert pins["dependencies"][library] == said


def test_a_missing_list_is_never_read_as_an_empty_one() -> None:
    """
    TK-7: the page's own rule, with the three answers that a token can give.
    """
    (rule,) = re.findall(r"```python\n(def may.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(rule, names)
    may, asked = names["may"], []
    assert callable(may)

    def ask(subject: str, permission: str, acr: str) -> bool:
        asked.append((subject, permission, acr))
        return True

    whole = {"sub": "u", "roles": ["user"], "permissions": ["orders:read"]}
    assert may(whole, "orders:read", ask)
    assert not may(whole, "orders:refund", ask)
    root = {"sub": "u", "roles": ["administrator"], "claims_omitted": ["permissions"]}
    assert may(root, "orders:refund", ask)
    assert asked == []
    omitted = {"sub": "u", "claims_omitted": ["permissions", "roles"]}
    for said, acr in (({}, "aal1"), ({"acr": "aal2"}, "aal2")):
        assert may({**omitted, **said}, "orders:refund", ask)
        assert asked.pop() == ("u", "orders:refund", acr)
