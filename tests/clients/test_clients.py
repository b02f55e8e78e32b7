"""
Clients of three generators, in two languages: made of the description, type-checked, and used from
sign-up to sign-out against the service. None of them needs an option to get by.
"""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import PROGRAMS, Described, Workshop

STRICT = {
    "strict": True,
    "noUncheckedIndexedAccess": True,
    "target": "es2022",
    "lib": ["es2022", "dom", "dom.iterable"],
    "module": "commonjs",
    "moduleResolution": "node10",
    "esModuleInterop": True,
    "types": ["node"],
    "outDir": "out",
    "skipLibCheck": True,  # of the libraries' declarations; what is generated has none
}


def test_a_python_client_is_made_checked_and_used(described: Described, workshop: Workshop) -> None:
    """
    openapi-python-client, with warnings taken for failures, and mypy --strict.
    """
    folder = workshop.folder / "python"
    folder.mkdir()
    client = folder / "doorward_client"
    generator = Path(sys.executable).parent / "openapi-python-client"
    workshop.run(
        *(generator, "generate", "--path", described.file, "--output-path", client),
        *("--meta", "none", "--fail-on-warning"),
    )
    program = folder / "program.py"
    shutil.copy(PROGRAMS / "sign_up_to_sign_out.py", program)
    checker = Path(sys.executable).parent / "mypy"
    configuration = folder / "mypy.ini"
    # What the generator brings along as it is, for any description, is not for us to check.
    configuration.write_text(
        "[mypy]\nstrict = True\n[mypy-doorward_client.client]\nignore_errors = True\n"
    )
    workshop.run(
        *("env", f"MYPYPATH={folder}", checker, "--config-file", configuration),
        *("--cache-dir", "/dev/null", program, client),
    )
    workshop.run("env", f"PYTHONPATH={folder}", sys.executable, program, described.url)


@pytest.fixture(scope="session")
def compiled(packages: Path, described: Described, workshop: Workshop) -> Path:
    """
    Both clients in TypeScript with their programs, checked and compiled at once.
    """
    folder = workshop.folder / "typescript"
    generated = folder / "generated"
    generated.mkdir(parents=True)
    for program in PROGRAMS.glob("*.ts"):
        shutil.copy(program, folder)
    (folder / "node_modules").symlink_to(packages)
    workshop.node("openapi-typescript", described.file, "-o", generated / "openapi_typescript.ts")
    workshop.node(
        *("openapi-ts", "--input", described.file, "--output", generated / "hey_api"),
        *("--client", "@hey-api/client-fetch", "--no-log-file"),
    )
    settings = {"compilerOptions": STRICT, "include": ["*.ts", "generated"]}
    (folder / "tsconfig.json").write_text(json.dumps(settings))
    workshop.node("tsc", "--project", folder)
    return folder / "out"


@pytest.mark.parametrize("program", ["openapi_fetch", "hey_api"])
def test_a_typescript_client_is_made_checked_and_used(
    compiled: Path, described: Described, workshop: Workshop, program: str
) -> None:
    """
    openapi-typescript with openapi-fetch, and @hey-api/openapi-ts; tsc --strict.
    """
    node = Path(sys.executable).parent / "node"
    workshop.run(node, compiled / f"{program}.js", described.url)
