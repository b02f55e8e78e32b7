"""The type checker sees every argument of the wiring: shown on a copy with mistakes in it."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, ROOT, files_of, place_of

CHECKED = ("application/service.py", "entrypoints/container.py")


@dataclass(frozen=True)
class Mistake:
    """What stands in a file, what stands in the copy instead, and the code of mypy's error."""

    file: str
    right: str
    wrong: str
    error: str


MISTAKES = {
    "a missing argument of a factory": Mistake(
        "application/service.py",
        "            hasher=self.ports.hasher,\n            policy=self.policies.credentials,\n",
        "            policy=self.policies.credentials,\n",
        "call-arg",
    ),
    "a port in the place of another": Mistake(
        "application/service.py",
        "            clock=self.ports.clock,\n",
        "            clock=self.ports.randomness,\n",
        "arg-type",
    ),
    "a capability in the place of another": Mistake(
        "application/service.py",
        "            access=self.access,\n            credentials=self.credentials,\n",
        "            access=self.access,\n            credentials=self.sessions,\n",
        "arg-type",
    ),
    "an argument that there is not": Mistake(
        "application/service.py",
        "            policy=self.policies.keys,\n",
        "            policy=self.policies.keys,\n            audience='x',\n",
        "call-arg",
    ),
    "a missing port of the service": Mistake(
        "entrypoints/container.py",
        "        limiter=c.rate_limiter(),\n",
        "",
        "call-arg",
    ),
    "an adapter behind the wrong port": Mistake(
        "entrypoints/container.py",
        "        secret_box=c.secret_box(),\n",
        "        secret_box=c.authenticator(),\n",
        "arg-type",
    ),
    "an adapter without one of its arguments": Mistake(
        "entrypoints/container.py",
        "        queue=settings.hashing_queue,\n",
        "",
        "call-arg",
    ),
    "a unit of work that lacks a capability": Mistake(
        "entrypoints/container.py",
        "    from adapters.memory.service_unit import MemoryUnitOfWork\n",
        "    from adapters.memory.sessions.unit import MemorySessionsUnit as MemoryUnitOfWork\n",
        "return-value",
    ),
}


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int, str]]:
    """What mypy says of a copy that has all of the mistakes: file, line, code."""
    copy = tmp_path_factory.mktemp("typed")
    for file in files_of(*PACKAGES):
        target = copy / place_of(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    shutil.copyfile(ROOT / "pyproject.toml", copy / "pyproject.toml")
    for name, mistake in MISTAKES.items():
        file = copy / mistake.file
        text = file.read_text(encoding="utf-8")
        indented = text.replace(mistake.right, mistake.wrong)
        assert indented != text, f"{name}: the line is gone"
        file.write_text(indented, encoding="utf-8")
    # The tests' packages bring no stubs of asyncpg, as those of `make lint` do.
    options = ("--strict", "--no-error-summary", "--disable-error-code=import-untyped")
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *CHECKED],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    found = re.findall(r"^(\S+?):(\d+): error: .*\[([a-z-]+)\]$", ended.stdout, re.MULTILINE)
    assert found, ended.stdout + ended.stderr
    return [(place, int(line), code) for place, line, code in found]


def test_every_mistake_is_found(errors: list[tuple[str, int, str]]) -> None:
    """One error for each of them, and none elsewhere."""
    expected = sorted((mistake.file, mistake.error) for mistake in MISTAKES.values())
    assert sorted((place, code) for place, _, code in errors) == expected


def test_the_copy_is_the_tree(tmp_path: Path) -> None:
    """Without the mistakes mypy has nothing to say: that is what ``make lint`` shows."""
    for mistake in MISTAKES.values():
        assert mistake.right in (ROOT / mistake.file).read_text(encoding="utf-8")
