"""The source code as these tests read it: files of the five packages, and what stands in them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "application", "adapters", "entrypoints", "migrations")


def files_of(*folders: str) -> list[Path]:
    """Return every Python file below these folders of the checkout, in a stable order."""
    found = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    assert found, f"nothing to look at in {folders}"
    return found


def place_of(file: Path) -> str:
    """Return the path as a reader would write it, from the root of the checkout."""
    return file.relative_to(ROOT).as_posix()


def module_of(file: Path) -> str:
    """Return the name under which the file is imported."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree_of(file: Path) -> ast.Module:
    """Return the parsed file."""
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def imports_in(tree: ast.Module) -> Iterator[tuple[str, str | None, int]]:
    """Yield every import, wherever it stands: the module, the name taken from it, the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((module, alias.name, node.lineno) for alias in node.names)
