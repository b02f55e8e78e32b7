"""What the pages say of the tree is true: links, paths, names of pages, and how much there is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, ROOT, files_of, place_of

TREE = (*PACKAGES, "tests", "docs", "examples", "benchmarks", "tools")
INVENTS = {"docs/extending.md"}
"""Pages that name files which a reader is to write."""
SAMPLES = {"tests/architecture/test_documents.py", "tests/architecture/test_requirements.py"}
"""Tests that make pages up, to see that a missing one is found."""

LINK = re.compile(r"\]\((?!https?:)(?P<page>[^)#\s]*)(?:#(?P<heading>[^)\s]*))?\)")
PLACE = re.compile(rf"`(?!application/json`)(?P<place>(?:{'|'.join(TREE)})/[\w./-]*)`")
PAGE = re.compile(r"(?<![\w./-])(?P<page>[\w/-]+\.md)\b")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def pages_of(root: Path) -> list[Path]:
    """Return the pages of the checkout."""
    below = [page for folder in ("docs", "examples") for page in (root / folder).rglob("*.md")]
    return sorted([*root.glob("*.md"), *below])


def headings_of(text: str) -> set[str]:
    """Return the names by which a page's headings can be linked to."""
    found = HEADING.findall(text)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def broken_links(page: Path) -> Iterator[str]:
    """Yield the links of a page that lead nowhere."""
    text = page.read_text(encoding="utf-8")
    for link in LINK.finditer(text):
        target = (page.parent / link["page"]) if link["page"] else page
        if not target.exists():
            yield link["page"]
        elif link["heading"] and link["heading"] not in headings_of(target.read_text("utf-8")):
            yield f"{link['page']}#{link['heading']}"


def unknown_places(page: Path, root: Path) -> Iterator[str]:
    """Yield the files and folders that a page names and that are not there."""
    for match in PLACE.finditer(page.read_text(encoding="utf-8")):
        if not (root / match["place"]).exists():
            yield match["place"]


def unknown_pages(text: str, *folders: Path) -> Iterator[str]:
    """Yield the pages that a text names and that are in none of the folders."""
    for match in PAGE.finditer(text):
        if not any((folder / match["page"]).is_file() for folder in folders):
            yield match["page"]


def test_every_link_leads_somewhere() -> None:
    """To a page or a file of the checkout, and to a heading that it has."""
    broken = {place_of(page): found for page in pages_of(ROOT) if (found := [*broken_links(page)])}
    assert broken == {}


def test_every_file_that_a_page_names_is_there() -> None:
    """A tour through files that have moved helps no reader."""
    pages = [page for page in pages_of(ROOT) if place_of(page) not in INVENTS]
    unknown = {place_of(page): found for page in pages if (found := [*unknown_places(page, ROOT)])}
    assert unknown == {}


def test_code_and_tests_name_pages_of_this_repository_only() -> None:
    """A reader cannot look up what stands in a page that they do not have."""
    unknown = {}
    for file in files_of(*PACKAGES, "tests", "examples"):
        folders = (ROOT, ROOT / "docs", ROOT / "docs" / "decisions", file.parent)
        found = [*unknown_pages(file.read_text(encoding="utf-8"), *folders)]
        if found and place_of(file) not in SAMPLES:
            unknown[place_of(file)] = found
    assert unknown == {}


def test_the_readme_knows_how_much_there_is_to_read() -> None:
    """Within a tenth, rules first: a number that was true once is an advertisement."""
    claims = re.findall(r"(\d+),(\d00) lines", (ROOT / "README.md").read_text("utf-8"))
    for layer, claim in zip(("domain", "application"), claims, strict=True):
        counted = sum(len(file.read_text("utf-8").splitlines()) for file in files_of(layer))
        assert abs(int("".join(claim)) - counted) <= counted / 10


# --- and the checks themselves can fail -------------------------------------------------------


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return a page of a small checkout, to be written."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "domain").mkdir()
    (tmp_path / "docs" / "other.md").write_text("# Other things, and more\n", encoding="utf-8")
    return tmp_path / "docs" / "page.md"


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("[a](other.md) [b](../domain) [c](https://example.com/x.md)", []),
        ("[a](other.md#other-things-and-more) and\n# Here\n[b](#here)", []),
        ("[a](gone.md)", ["gone.md"]),
        ("[a](other.md#gone)", ["other.md#gone"]),
        ("[a](#gone)", ["#gone"]),
    ],
)
def test_a_broken_link_is_found(page: Path, text: str, broken: list[str]) -> None:
    """A page, a folder, a heading; addresses elsewhere are not looked at."""
    page.write_text(text, encoding="utf-8")
    assert list(broken_links(page)) == broken


def test_a_file_that_is_not_there_is_found(page: Path) -> None:
    """Also a folder; placeholders are no files."""
    page.write_text("`domain/` `domain/gone.py` `domain/<room>/x.py`", encoding="utf-8")
    assert list(unknown_places(page, page.parents[1])) == ["domain/gone.py"]


def test_a_page_that_is_not_there_is_found(page: Path) -> None:
    """By its name alone, or by its place."""
    text = "See other.md, docs/other.md, elsewhere.md and https://example.com/x.md."
    assert list(unknown_pages(text, page.parent, page.parents[1])) == ["elsewhere.md"]
