"""For which domain passkeys are made, and where they work (MF-3)."""

from pathlib import Path

import pytest

from entrypoints.settings import Settings, SettingsError, findings, load_settings


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    No setting of the machine or the checkout gets into a test.
    """
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def load(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name.upper(), value)
    return load_settings()


@pytest.mark.parametrize(
    ("public_url", "rp_id"),
    [
        ("https://id.example.com", "id.example.com"),
        ("https://id.example.com:8443", "id.example.com"),
        ("http://localhost:8000", "localhost"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("http://[::1]:8000", "::1"),
        ("https://intranet", "intranet"),
    ],
)
def test_by_default_both_follow_the_public_url(
    monkeypatch: pytest.MonkeyPatch, public_url: str, rp_id: str
) -> None:
    """
    It starts also where no browser has passkeys: on an IP address.
    """
    place = load(monkeypatch, public_url=public_url, passkey_rp_id="").passkey_place
    assert (place.rp_id, place.origins, place.related) == (rp_id, (public_url,), ())


@pytest.mark.parametrize(
    ("rp_id", "origins", "related"),
    [
        ("example.com", "", ()),
        ("id.example.com", "", ()),
        ("example.com", "https://example.com", ()),
        ("example.com", "https://app.example.com, https://id.example.com:8443", ()),
        ("localhost", "http://localhost:3000", ()),
        ("app.localhost", "http://app.localhost:3000,http://x.app.localhost", ()),
        ("", "https://id.example.com", ()),
        ("", "https://id.example.com,https://example.org", ("https://example.org",)),
        ("example.com", "https://id.example.com,https://example.com.evil.example",
         ("https://example.com.evil.example",)),
        ("example.com", "https://id.example.com,https://myexample.com",
         ("https://myexample.com",)),
        ("intranet", "https://intranet,https://x.intranet", ("https://x.intranet",)),
    ],
)  # fmt: skip
def test_a_domain_is_what_the_hosts_end_with(
    monkeypatch: pytest.MonkeyPatch, rp_id: str, origins: str, related: tuple[str, ...]
) -> None:
    """
    Origins beyond it are related ones, which browsers ask about at the domain itself.
    """
    settings = load(
        monkeypatch,
        public_url="https://id.example.com",
        passkey_rp_id=rp_id,
        passkey_origins=origins,
    )
    assert settings.passkey_place.rp_id == (rp_id or "id.example.com")
    assert settings.passkey_place.related == related
    assert len(settings.passkey_place.origins) == origins.count(",") + 1


@pytest.mark.parametrize(
    ("values", "named", "said"),
    [
        ({"passkey_rp_id": "example.org"}, "PASSKEY_RP_ID", "Set it to the domain"),
        ({"passkey_rp_id": "com"}, "PASSKEY_RP_ID", "Set it to the domain"),
        ({"passkey_rp_id": "d.example.com"}, "PASSKEY_RP_ID", "Set it to the domain"),
        ({"passkey_rp_id": "x.id.example.com"}, "PASSKEY_RP_ID", "Set it to the domain"),
        ({"passkey_origins": "https://example.org"}, "PASSKEY_RP_ID", "is left out"),
        ({"passkey_rp_id": "https://example.com"}, "PASSKEY_RP_ID", "leave out scheme"),
        ({"passkey_rp_id": "example.com:443"}, "PASSKEY_RP_ID", "leave out scheme"),
        ({"passkey_rp_id": "Example.com"}, "PASSKEY_RP_ID", "lower case"),
        ({"passkey_rp_id": "example.com."}, "PASSKEY_RP_ID", "no last dot"),
        ({"passkey_rp_id": "127.0.0.1"}, "PASSKEY_RP_ID", "IP address"),
        ({"passkey_rp_id": "exa mple.com"}, "PASSKEY_RP_ID", "no name"),
        ({"passkey_rp_id": "bücher.example"}, "PASSKEY_RP_ID", "no name"),
        ({"passkey_origins": "http://id.example.com"}, "PASSKEY_ORIGINS", "without TLS"),
        ({"passkey_origins": "https://id.example.com/x"}, "PASSKEY_ORIGINS", "path"),
        ({"passkey_origins": "https://ID.example.com"}, "PASSKEY_ORIGINS", "lower case"),
        ({"passkey_origins": "https://id.example.com:443"}, "PASSKEY_ORIGINS", "own port"),
        ({"passkey_origins": "https://10.0.0.5"}, "PASSKEY_ORIGINS", "IP address"),
        ({"passkey_origins": "http://127.0.0.1:8000"}, "PASSKEY_ORIGINS", "IP address"),
        ({"passkey_origins": "id.example.com"}, "PASSKEY_ORIGINS", "no web address"),
        ({"passkey_origins": "*"}, "PASSKEY_ORIGINS", "no web address"),
        ({"passkey_origins": "null"}, "PASSKEY_ORIGINS", "no web address"),
        ({"passkey_origins": "capacitor://localhost"}, "PASSKEY_ORIGINS", "no web address"),
        ({"passkey_origins": ","}, "PASSKEY_ORIGINS", "names no origin"),
    ],
    ids=str,
)
def test_what_no_browser_would_accept_is_refused_with_a_cure(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], named: str, said: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(monkeypatch, **{"public_url": "https://id.example.com", **values})
    (problem,) = refused.value.problems
    assert problem.startswith(f"{named}: ")
    assert said in problem
    assert not any(value in problem for value in values.values() if len(value) > 5)


def test_related_origins_are_asked_for_at_the_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Which is fine where the service itself answers there.
    """
    settings = load(
        monkeypatch,
        environment="production",
        secret_key="u5tPqGm1Zr8wXb0JfY7kCs2NvLhD9aQe4oTiRgEx",
        public_url="https://example.com",
        database_url="postgresql://doorward:hunter2@db/doorward",
        smtp_url="smtp://mail:25",
        mail_from="Doorward <no-reply@example.com>",
        passkey_origins="https://example.com,https://example.org",
    )
    assert {finding.level for finding in findings(settings)} == {"ok"}
