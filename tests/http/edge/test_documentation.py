import re
from pathlib import Path

import httpx
import pytest

from entrypoints.http import documentation
from tests.http.edge.application import PUBLIC_URL

ASSETS = Path(documentation.__file__).parent / "assets"


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/docs", "text/html; charset=utf-8"),
        ("/redoc", "text/html; charset=utf-8"),
        ("/openapi.json", "application/json"),
        ("/docs/assets/swagger-ui.css", "text/css; charset=utf-8"),
        ("/docs/assets/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
        ("/docs/assets/swagger-init.js", "text/javascript; charset=utf-8"),
        ("/docs/assets/redoc.standalone.js", "text/javascript; charset=utf-8"),
    ],
)
async def test_everything_is_served_by_us_and_kept(
    client: httpx.AsyncClient, path: str, media_type: str
) -> None:
    """
    The pages work offline; a browser asks again with the tag and gets nothing twice.
    """
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    again = await client.get(path, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    other = await client.get(path, headers={"if-none-match": '"x", W/"y"'})
    assert other.status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_pages_load_only_what_we_serve(client: httpx.AsyncClient, path: str) -> None:
    """
    No inline script, nothing from elsewhere, and a policy that holds the page to it (HD-1).
    """
    page = await client.get(path)
    assert not re.search(r"<script(?! src=\"/docs/assets/)", page.text)
    assert not re.search(r"https?://", page.text)
    for address in re.findall(r'(?:src|href|spec-url)="([^"]+)"', page.text):
        if not address.startswith("data:"):
            assert (await client.get(address)).status_code == 200
    policy = page.headers["content-security-policy"]
    scripts = re.search(r"script-src ([^;]*);", policy)
    assert scripts is not None
    assert scripts[1] == "'self'"
    assert "http" not in policy


@pytest.mark.parametrize(
    "name", ["README.md", "nothing.js", "../documentation.py", "..%2fdocumentation.py", ""]
)
async def test_only_the_assets_are_served(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/docs/assets/{name}")).status_code == 404


def test_what_we_ship_is_listed_with_its_licence() -> None:
    listed = (ASSETS / "README.md").read_text()
    for file in ASSETS.iterdir():
        assert file.name == "README.md" or file.name in listed


async def test_openapi_tells_the_truth_about_errors_and_callers(
    client: httpx.AsyncClient,
) -> None:
    """
    F3: FastAPI's own 422 is declared nowhere, since no client ever gets it.
    """
    document = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": PUBLIC_URL}]
    assert "HTTPValidationError" not in str(document)
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    sign_up = document["paths"]["/api/v1/users"]["post"]
    assert sign_up["security"] == []
    assert set(sign_up["responses"]) == {"200", "422", "503", "default"}
    assert "VALIDATION_ERROR" in str(sign_up["responses"]["422"])
    thing = document["paths"]["/api/v1/things/{thing_id}"]["get"]
    assert thing["security"] == [{"bearer": []}, {"cookie": []}]
    assert "ErrorEnvelope" in str(thing["responses"]["422"])
    for reference in re.findall(r"#/components/schemas/(\w+)", str(document)):
        assert reference in document["components"]["schemas"]
