"""
Two linters, each with its own recommended rules, have nothing to say but one thing.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import PACKAGES, Described, Workshop


def findings(workshop: Workshop, file: Path) -> dict[str, list[Any]]:
    """
    Return what each linter has to say about the file.
    """
    ruleset = workshop.folder / "spectral.json"
    ruleset.write_text(json.dumps({"extends": ["spectral:oas"]}))
    spectral = workshop.run(
        *(PACKAGES / ".bin" / "spectral", "lint", "--ruleset", ruleset, "--format", "json"),
        *("--quiet", "--fail-severity", "hint", file),
        accept=(0, 1),
    )
    # With no configuration in its folder, Redocly takes its recommended rules.
    redocly = workshop.run(
        *(PACKAGES / ".bin" / "redocly", "lint", file, "--format", "json"), accept=(0, 1)
    )
    return {"spectral": json.loads(spectral), "redocly": json.loads(redocly)["problems"]}


OF_THE_CONTRACT = "/users/{user_id}/factors/reset"
"""May be taken for ``/users/me/factors/{factor_id}`` by who does not know that ``me`` is no
identifier. The contract names both."""


@pytest.mark.usefixtures("packages")
def test_two_linters_find_nothing(described: Described, workshop: Workshop) -> None:
    found = findings(workshop, described.file)
    found["redocly"] = [problem for problem in found["redocly"] if not is_known(problem)]
    assert found == {"spectral": [], "redocly": []}


def is_known(problem: dict[str, Any]) -> bool:
    """
    Tell whether it is that two paths of the contract are alike.
    """
    is_ambiguity = problem["ruleId"] == "no-ambiguous-paths"
    return is_ambiguity and OF_THE_CONTRACT.replace("/", "~1") in json.dumps(problem)


@pytest.mark.usefixtures("packages")
def test_both_linters_would_find_something(workshop: Workshop) -> None:
    """
    So that a linter that looks at nothing does not pass for one that finds nothing.
    """
    operation = {"tags": ["Nowhere"], "responses": {"200": {"description": "Fine."}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Broken", "version": "1"},
        "paths": {"/things": {"get": operation}},
    }
    broken = workshop.folder / "broken.json"
    broken.write_text(json.dumps(document))
    found = findings(workshop, broken)
    assert {problem["code"] for problem in found["spectral"]} >= {
        "info-contact",
        "operation-operationId",
        "operation-tag-defined",
    }
    assert {problem["ruleId"] for problem in found["redocly"]} >= {
        "info-license",
        "operation-operationId",
        "security-defined",
    }
