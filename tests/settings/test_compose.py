"""
docker-compose.yml: what its containers are told is what Doorward takes, and mailed links arrive.
"""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml  # type: ignore[import-untyped]

from entrypoints.settings import Settings, refusals

FILE = Path(__file__).parents[2] / "docker-compose.yml"
GIVEN = {"SECRET_KEY": "v7Yq2m9Zt4Lw8Rk1Xs6Bn3Hf5Jd0GpCa", "POSTGRES_PASSWORD": "c0ffee"}
_VARIABLE = re.compile(r"\$\{([A-Z_]+)(:-|:\?)((?:[^{}]|\{[^{}]*\})*)\}")


def interpolated(text: str, variables: dict[str, str]) -> str:
    """
    Return the text as Compose reads it: ${NAME:-default}, which may be nested, and ${NAME:?why}.
    """

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if variables.get(name):
            return variables[name]
        assert kind == ":-", f"{name} is required"
        return interpolated(rest, variables)

    return _VARIABLE.sub(value, text)


def services(**variables: str) -> dict[str, Any]:
    given = {**GIVEN, **variables}

    def read(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: read(value) for key, value in node.items()}
        if isinstance(node, list):
            return [read(item) for item in node]
        return interpolated(node, given) if isinstance(node, str) else node

    return dict(read(yaml.safe_load(FILE.read_text()))["services"])


def settings_of(service: dict[str, Any]) -> Settings:
    given = {name.lower(): str(value) for name, value in service["environment"].items()}
    return Settings(_env_file=None, **given)  # type: ignore[arg-type]  # as from the environment


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("port", ["", "9000"])
def test_mailed_links_lead_to_the_port_that_is_published(port: str) -> None:
    """
    On the machine that started it, with nothing but the two secrets set.
    """
    found = services(PORT=port)
    [published] = found["api"]["ports"]
    address, host_port, container_port = published.split(":")
    for name in ("api", "worker", "migrate"):
        settings = settings_of(found[name])
        assert refusals(settings) == []
        for url in (settings.link_base_url, settings.public_url):
            parts = urlsplit(url)
            assert (parts.scheme, parts.hostname, str(parts.port)) == ("http", address, host_port)
    assert str(settings_of(found["api"]).port) == container_port


def test_a_public_address_is_where_links_lead_then() -> None:
    settings = settings_of(services(PUBLIC_URL="https://id.example.com")["worker"])
    assert settings.link_base_url == settings.public_url == "https://id.example.com"


def test_every_service_that_is_waited_for_is_there() -> None:
    found = services()
    for service in found.values():
        assert set(service.get("depends_on", {})) <= found.keys()
    text = FILE.read_text()
    assert text.count("${") == len(re.findall(r"\$\{[A-Z_]+:[-?]", text))
