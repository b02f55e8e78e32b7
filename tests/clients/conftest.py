"""
The description as `doorward openapi` prints it, the service that it describes, and the linters and
generators that the bootstrap brought along (tools/javascript.py).
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command_line import command
from tests.support.processes import free_port, started, wait_for_status

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / ".tooling" / "javascript" / "node_modules"
PROGRAMS = Path(__file__).parent / "programs"
BINARIES = Path(sys.executable).parent
PATIENCE = 240


@dataclass(frozen=True)
class Described:
    """
    A service that runs, and the file that describes it.
    """

    url: str
    file: Path


@dataclass(frozen=True)
class Workshop:
    """
    A folder of its own in which tools run; none of them knows the way to any other service.
    """

    folder: Path

    def run(self, *command: str | Path, accept: Sequence[int] = (0,)) -> str:
        """
        Run to the end and return what stands on standard output; a failure shows all output.
        """
        done = subprocess.run(
            [str(each) for each in command],
            cwd=self.folder,
            env={
                "PATH": f"{BINARIES}{os.pathsep}{os.environ.get('PATH', '')}",
                "HOME": str(self.folder),
                "TMPDIR": str(self.folder),
                "REDOCLY_TELEMETRY": "off",
                "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode in accept, done.stdout + done.stderr
        return done.stdout

    def node(self, name: str, *arguments: str | Path) -> str:
        """
        Run a command of an npm package.
        """
        return self.run(PACKAGES / ".bin" / name, *arguments)


@pytest.fixture(scope="session")
def packages() -> Path:
    if not (PACKAGES.parent / "stamp").exists():
        # The bootstrap has warned already. Everything else can be tested without them.
        pytest.skip("no linters and generators could be fetched: run `make test` with npm in reach")
    return PACKAGES


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(scope="session")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    folder, port = tmp_path_factory.mktemp("described"), free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {"DATABASE_URL": "memory://", "PORT": str(port), "PUBLIC_URL": url}
    printed = command("openapi", folder=folder, **settings)
    assert printed.returncode == 0, printed.stderr
    file = folder / "openapi.json"
    file.write_text(printed.stdout)
    with started("serve", folder=folder, **settings) as process:
        wait_for_status(f"{url}/health/ready", 200, process)
        yield Described(url, file)
