"""
What the tests take from npm.
"""

import json
from pathlib import Path

PINS = Path(__file__).parents[2] / "tools" / "javascript"


def test_it_is_pinned_by_hash_and_names_no_registry() -> None:
    written = (PINS / "package-lock.json").read_text()
    locked = json.loads(written)["packages"]
    wanted = json.loads((PINS / "package.json").read_text())["dependencies"]
    assert locked[""]["dependencies"] == wanted
    for name, package in locked.items():
        if name:
            assert package["integrity"].startswith("sha512-"), name
            assert "resolved" not in package, name
    assert "://" not in written
