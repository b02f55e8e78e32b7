"""
The browser that the bootstrap brought along (tools/chromium.py), cut off from everything else.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

HOME = Path(__file__).resolve().parents[2] / ".tooling" / "chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",  # often too small where tests run
]
FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


@asynccontextmanager
async def running_browser(scratch: Path) -> AsyncIterator[Browser]:
    """
    Start Chromium with everything that it writes below the scratch folder; DOORWARD_BROWSER
    names another one, for machines that the brought one does not run on.
    """
    given = os.environ.get("DOORWARD_BROWSER")
    executable = given or str(HOME / "chromium")
    if not given and not Path(executable).exists():
        # The bootstrap has warned already. Everything else can be tested without one.
        pytest.skip("no browser could be fetched: run `make test` with npm in reach")
    environment: dict[str, str | float | bool] = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
    }
    if given is None:
        fonts = scratch / "fonts.conf"
        fonts.write_text(FONTS.format(fonts=HOME / "fonts", cache=scratch / "fonts"))
        environment |= {"LD_LIBRARY_PATH": str(HOME / "lib"), "FONTCONFIG_FILE": str(fonts)}
    async with (
        async_playwright() as playwright,
        await playwright.chromium.launch(
            executable_path=executable, args=FLAGS, env=environment
        ) as browser,
    ):
        yield browser
