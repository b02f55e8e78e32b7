"""
The story of API keys, word for word, by the shell that a reader would type it into; and the form
of a key as the page gives it to those who look for leaked ones.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import pytest

from domain.api_keys.key_text import ApiKeyInvalid, KeyKind, KeyText
from entrypoints.http.edge.dependencies import person_of
from tests.architecture.test_http_routes import MODES, routes_of, service
from tests.http.test_readme import story as first_account
from tests.support.processes import PATIENCE, environment, free_port, started, wait_for_status

PAGE = Path(__file__).parents[2] / "docs" / "api-keys.md"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_page_works_word_for_word(tmp_path: Path) -> None:
    """
    MF-2, LG-1: keys of both kinds made, used, rotated, verified, leaked; only the port is ours.
    """
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    given = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    # The README signs up, and goes on; what comes after the proof of the address is not needed.
    account = first_account().partition("ANSWER=")[0]
    story = "\n".join(blocks("sh"))
    script = f"{{ {account}\n}} >&2\n{story}".replace("http://127.0.0.1:8000", base)
    with started("serve", folder=tmp_path, PORT=str(port)) as process:
        wait_for_status(f"{base}/health/ready", 200, process)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env={**environment(tmp_path, {"PORT": str(port)}), **given},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "ada@example.com",
        "PERMISSION_DENIED",
        "PERSON_REQUIRED",
        "ada@example.com",
        "ada@example.com",
        "204",
        "API_KEY_INVALID",
        "users:read",
        "users:read",
        '{"active":false}',
    ]
    assert re.search(r"dw[ks]_[0-9A-Za-z]{49}", (tmp_path / "log").read_text()) is None


def test_the_page_lists_every_route_that_takes_a_person() -> None:
    """
    A route that is added, or opened to keys, is found here.
    """
    row = re.compile(r"\| `(/[^`]+)` \| ([A-Z, ]+) \|")
    listed = {
        (method, f"/api/v1{path}")
        for path, methods in row.findall(PAGE.read_text())
        for method in methods.split(", ")
    }
    routes = routes_of(service(**MODES["production"]))
    assert listed == {route.key for route in routes if person_of in route.calls()}


def test_a_scanner_by_the_pages_words_finds_every_key() -> None:
    """
    Each sample of the page, and fresh keys of both kinds, by the expression as it is printed.
    """
    form = re.compile(blocks("text")[0].strip())
    fresh = [str(KeyText.new(kind, os.urandom)) for kind in KeyKind for _ in range(50)]
    samples = blocks("text")[1].split()
    for each in (*samples, *fresh):
        assert form.search(f'KEY="{each}"\n')[0] == each  # type: ignore[index]


@pytest.mark.parametrize("sample", blocks("text")[1].split())
def test_the_checksum_of_the_samples_is_what_the_page_says_it_is(sample: str) -> None:
    """
    Trap 6: prefix included, zeros kept; by a reckoning of its own. One letter more or less fails.
    """
    assert KeyText.parse(sample).text == sample
    body, checksum = sample[:-6], sample[-6:]
    number = 0
    for digit in checksum:
        number = number * 62 + DIGITS.index(digit)
    assert number == crc32(body.encode())
    other_kind = ("dws_" if sample.startswith("dwk_") else "dwk_") + sample[4:]
    for wrong in (
        other_kind,
        sample[:-1] + DIGITS[DIGITS.index(sample[-1]) - 1],
        body + checksum.lstrip("0") if checksum.startswith("0") else sample[:-1],
        f"{sample}\n",
    ):
        with pytest.raises(ApiKeyInvalid):
            KeyText.parse(wrong)
