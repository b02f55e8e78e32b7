"""What a docstring names is there: a module or a class that was moved is named by its new place."""

import re
from collections.abc import Iterator

import pytest

from tests.architecture.source import PACKAGES, ROOT, files_of, place_of

_NAMED = re.compile(rf":(?:mod|class|func|data|meth):`~?((?:{'|'.join(PACKAGES)})(?:\.\w+)+)`")
_DEFINITION = r"^\s*(?:(?:async )?def |class |type )?{}\b(?:\s*[(:=\[]|$)"


def names_in(text: str) -> Iterator[str]:
    """Yield the dotted names of ours to which the text refers."""
    yield from _NAMED.findall(text)


def is_defined(name: str) -> bool:
    """Tell whether a dotted name is a module, or something that stands in one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:end])
        file = place.with_suffix(".py") if not place.is_dir() else place / "__init__.py"
        if file.exists():
            text = file.read_text(encoding="utf-8")
            wanted = (_DEFINITION.format(re.escape(part)) for part in parts[end:])
            return all(re.search(pattern, text, re.MULTILINE) for pattern in wanted)
    return False


def test_every_name_in_a_docstring_is_there() -> None:
    """A reader who follows it must not end at nothing."""
    lost = {
        place_of(file): bad
        for file in files_of(*PACKAGES)
        if (bad := [n for n in names_in(file.read_text(encoding="utf-8")) if not is_defined(n)])
    }
    assert lost == {}


@pytest.mark.parametrize(
    ("name", "is_there"),
    [
        ("domain.errors.DomainError", True),
        ("application.ports.clock", True),
        ("domain.errors.NoSuchError", False),
        ("application.registration", False),
    ],
)
def test_a_lost_name_is_found(name: str, is_there: bool) -> None:
    """Of a module, and of what stands in one."""
    assert is_defined(name) is is_there
