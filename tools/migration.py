"""
Write a new revision: what `make migration m='…'` does, for a branch that the service knows.

    .venv/bin/python tools/migration.py 'add a column'
    .venv/bin/python tools/migration.py 'a first table' documents

Unlike its neighbours it needs Doorward's environment. The branches are those of the composition
root (`branches` in entrypoints/container.py), so that no second list of them has to be kept.
"""

import asyncio
import sys

from entrypoints.container import Container
from migrations.branches import OURS
from migrations.drafting import draft


def main(arguments: list[str]) -> int:
    """
    Write the revision and say where it stands; the result is the exit code.
    """
    known = Container.branches
    branches = {branch.name: branch for branch in known}
    given = [*arguments, OURS.name] if len(arguments) == 1 else arguments
    if len(given) != 2 or not given[0] or given[1] not in branches:
        print(f"usage: migration.py MESSAGE [{'|'.join(branches)}]", file=sys.stderr)
        return 2
    message, name = given
    file = asyncio.run(draft(message, branch=branches[name], branches=known))
    print(f"{file}\nRead it, see that it runs back as well, then `make format`.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
