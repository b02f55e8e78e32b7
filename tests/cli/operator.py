"""
An operator at the command line of one installation.
"""

import json
from pathlib import Path
from typing import Any

from tests.support.command_line import Done, command


class Operator:
    """
    Runs commands, one after the other, over the same database.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder

    def run(self, *arguments: str, stdin: str = "") -> Done:
        return command(*arguments, folder=self.folder, stdin=stdin, DATABASE_URL=self.url)

    def told(self, *arguments: str, stdin: str = "") -> str:
        """
        Return what a command that succeeds prints; it says nothing beside that.
        """
        done = self.run(*arguments, stdin=stdin)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def json(self, *arguments: str, stdin: str = "") -> Any:
        return json.loads(self.told(*arguments, "--json", stdin=stdin))
