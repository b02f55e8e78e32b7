"""Every requirement that the tree names has a row in ``docs/security.md``, and a test."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, ROOT

PAGE = "docs/security.md"
PLACES = (*PACKAGES, "tests", "docs", "examples", "benchmarks", "tools", ".ci")
LOOSE_FILES = ("README.md", "CHANGELOG.md", "Makefile", "docker-compose.yml", ".importlinter")
READ = {".py", ".md", ".html", ".toml", ".yml", ".sh"}

# Two letters and a number; F and I stand for the mistakes and the invariants of the table.
IDENTIFIER = re.compile(r"(?<![\w%-])(?:[A-Z]{2}-[1-9]\d?|[FI](?:10|[1-9]))(?!\w)")
ROW = re.compile(r"\| (?P<id>[A-Z]{1,2}-?\d+) \| (?P<holds>.+) \| (?P<proof>.+) \|")
TEST = re.compile(r"`(?P<file>tests/[\w/]+\.py)::(?P<name>[\w:]+)`")
BY_HAND = re.compile(r"not tested; see \[(?P<page>[\w.]+)\]\((?P=page)\)")


@dataclass(frozen=True)
class Row:
    """A requirement, what holds, and where that is proven."""

    id: str
    holds: str
    proof: str


def rows_in(page: str) -> list[Row]:
    """Return the rows of the page's tables."""
    return [Row(**match.groupdict()) for match in map(ROW.fullmatch, page.splitlines()) if match]


def identifiers_in(text: str) -> set[str]:
    """Return the requirements that a text names."""
    return set(IDENTIFIER.findall(text))


def texts_below(root: Path) -> Iterator[tuple[str, str]]:
    """Yield every text of the checkout that may name a requirement, with its place."""
    files = [file for place in PLACES for file in sorted((root / place).rglob("*"))]
    files += [root / name for name in LOOSE_FILES]
    for file in files:
        if file.is_file() and (file.suffix in READ or file.name in LOOSE_FILES):
            yield file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")


def without_a_row(texts: Iterable[tuple[str, str]], rows: Iterable[Row]) -> dict[str, list[str]]:
    """Return the requirements that no row explains, and where each is named."""
    known = {row.id for row in rows}
    found: dict[str, list[str]] = defaultdict(list)
    for place, text in texts:
        for identifier in identifiers_in(text) - known:
            found[identifier].append(place)
    return dict(found)


def named_tests(text: str) -> set[str]:
    """Return the tests of a file as pytest calls them behind the file's name."""

    def names(body: list[ast.stmt], prefix: str) -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield prefix + node.name
            elif isinstance(node, ast.ClassDef):
                yield from names(node.body, f"{prefix}{node.name}::")

    return set(names(ast.parse(text).body, ""))


def problem_with(row: Row, root: Path) -> str | None:
    """Return what is wrong with a row's proof; None for tests that are there and name the row."""
    proofs = row.proof.split("; ") if row.proof.startswith("`") else [row.proof]
    problems = (_problem_with(each, row.id, root) for each in proofs)
    return next((problem for problem in problems if problem), None)


def _problem_with(told: str, requirement: str, root: Path) -> str | None:
    if by_hand := BY_HAND.fullmatch(told):
        proof, name = (root / PAGE).with_name(by_hand["page"]), None
    elif test := TEST.fullmatch(told):
        proof, name = root / test["file"], test["name"]
    else:
        return "neither a test nor a page"
    if not proof.is_file():
        return f"there is no {proof.relative_to(root)}"
    text = proof.read_text(encoding="utf-8")
    if name is not None and name not in named_tests(text):
        return f"there is no test {name} in it"
    return None if requirement in identifiers_in(text) else "its proof does not name it"


PAGE_ROWS = rows_in((ROOT / PAGE).read_text(encoding="utf-8"))


def test_every_requirement_that_is_named_has_a_row() -> None:
    """A reader who meets an identifier finds one page that says what it means."""
    assert without_a_row(texts_below(ROOT), PAGE_ROWS) == {}


def test_every_row_has_a_test_that_names_it() -> None:
    """So that ``git grep`` finds it, and a test that is moved or dropped is missed."""
    problems = {row.id: problem_with(row, ROOT) for row in PAGE_ROWS}
    assert {name: problem for name, problem in problems.items() if problem} == {}


def test_a_requirement_has_one_row() -> None:
    """And the page has some at all: an unreadable table would make the others pass."""
    assert [row for row, count in Counter(row.id for row in PAGE_ROWS).items() if count > 1] == []
    assert len(PAGE_ROWS) > 50


NAMED, OTHER, UNKNOWN = (f"ZZ-{number}" for number in (1, 2, 3))
"""Requirements that there are not; put together, since this file is read as well."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a small tree with a page, a requirement, and its test."""
    rows = f"| {NAMED} | So it is. | `tests/test_it.py::test_it` |\n| {OTHER} | So. | see above |\n"
    for place, text in {
        PAGE: f"| id | what holds | test |\n|---|---|---|\n{rows}",
        "domain/rule.py": f'"""Keeps {NAMED}."""\n',
        "tests/test_it.py": f'def test_it() -> None:\n    """{NAMED}."""\n',
        "docs/by_hand.md": f"Done by hand ({NAMED}).\n",
    }.items():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_checks_see_what_they_are_for(checkout: Path) -> None:
    """A named requirement, its row, and its test: nothing is wrong with the first row."""
    rows = rows_in((checkout / PAGE).read_text(encoding="utf-8"))
    assert [row.id for row in rows] == [NAMED, OTHER]
    assert without_a_row(texts_below(checkout), rows) == {}
    assert problem_with(rows[0], checkout) is None
    assert problem_with(rows[1], checkout) == "neither a test nor a page"


@pytest.mark.parametrize(
    "place", ["domain/rule.py", "tests/test_it.py", "docs/by_hand.md", "Makefile"]
)
def test_an_identifier_without_a_row_is_found(checkout: Path, place: str) -> None:
    """In code, in a test, on a page, and in a file that has no ending."""
    (checkout / place).write_text(f"# {UNKNOWN}\n", encoding="utf-8")
    rows = rows_in((checkout / PAGE).read_text(encoding="utf-8"))
    assert without_a_row(texts_below(checkout), rows) == {UNKNOWN: [place]}


@pytest.mark.parametrize(
    ("proof", "problem"),
    [
        ("`tests/test_it.py::test_it`", None),
        ("`tests/test_it.py::test_other`", "there is no test test_other in it"),
        (
            "`tests/test_it.py::test_it`; `tests/test_it.py::test_other`",
            "there is no test test_other in it",
        ),
        ("`tests/test_gone.py::test_it`", "there is no tests/test_gone.py"),
        ("`tests/test_it.py`", "neither a test nor a page"),
        ("not tested; see [by_hand.md](by_hand.md)", None),
        ("not tested; see [gone.md](gone.md)", "there is no docs/gone.md"),
    ],
)
def test_a_row_without_a_proof_is_found(checkout: Path, proof: str, problem: str | None) -> None:
    """The file, the test in it, and the page for what is not tested have to be there."""
    assert problem_with(Row(NAMED, "So it is.", proof), checkout) == problem


def test_a_proof_that_does_not_name_its_row_is_found(checkout: Path) -> None:
    """The test proves something, and not what the row says."""
    row = Row(OTHER, "So it is.", "`tests/test_it.py::test_it`")
    assert problem_with(row, checkout) == "its proof does not name it"


@pytest.mark.parametrize(
    "text",
    ["UTF-8 and SHA-256", "%F0%9F%A6%89", "noqa: F401", "ES256, A-1", "X-1", "I12", "CVE-2026-1"],
)
def test_what_only_looks_like_a_requirement_is_none(text: str) -> None:
    """Names of encodings, digests, lint rules and the like."""
    assert identifiers_in(text) == set()
