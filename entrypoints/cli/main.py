"""``doorward …``: every command is a few lines around a use case.

Commands that need FastAPI or a whole service import it when they run: the others start fast. A
team's own program is made from ``DOORWARD`` (``docs/extending.md``).
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

import orjson
from cyclopts import App, CycloptsError

from entrypoints.cli.access import roles
from entrypoints.cli.accounts import users
from entrypoints.cli.audit import audit
from entrypoints.cli.exits import REFUSED, USAGE, run, say
from entrypoints.cli.keys import keys
from entrypoints.cli.mail import outbox
from entrypoints.cli.printing import print_json
from entrypoints.cli.service import (
    Program,
    command_settings,
    container_of,
    running_program,
    started,
)
from entrypoints.cli.sessions import sessions
from entrypoints.container import Container, close
from entrypoints.settings import SettingsError, findings, load_settings

if TYPE_CHECKING:
    from entrypoints.http.room import Room


def _rooms() -> "Sequence[Room]":
    from entrypoints.http.app import ROOMS

    return ROOMS


DOORWARD = Program(
    name="doorward",
    version=version("doorward"),
    help="A self-hosted identity and access service.",
    container=Container,
    groups=(users, roles, sessions, keys, outbox, audit),
    rooms=_rooms,
)


def main(program: Program = DOORWARD) -> None:
    """Run the program's command line and end the process with its exit code."""
    if not _is_text(sys.argv):
        say("The arguments are not text in the encoding of this terminal.")
        raise SystemExit(USAGE)
    try:
        with started(program):
            command_line(program)(exit_on_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError:
        # What was wrong is already told; wrong usage is 2, as everywhere.
        raise SystemExit(USAGE) from None
    except BrokenPipeError:
        # `doorward … | head`: the reader has left. What is buffered goes nowhere, so that the
        # interpreter does not complain about it either when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(REFUSED) from None


def _is_text(arguments: Sequence[str]) -> bool:
    """Tell whether Python could decode the bytes of all arguments (PEP 383)."""
    return not any("\ud800" <= character <= "\udfff" for each in arguments for character in each)


def command_line(program: Program) -> App:
    """Return the program's commands: its groups, and those that every program has."""
    app = App(name=program.name, version=program.version, help=program.help)
    for group in program.groups:
        app.command(group)
    for command in (serve, worker, migrate, check, openapi, completion):
        app.command(command)
    return app


def serve(*, host: str | None = None, port: int | None = None) -> None:
    """Serve HTTP until told to stop.

    Parameters
    ----------
    host:
        Listen on this address instead of HOST.
    port:
        Listen on this port instead of PORT.
    """
    from entrypoints.http.server import serve as serve_http

    settings, program = command_settings(), running_program()
    serve_http(
        settings,
        host=host or settings.host,
        port=port or settings.port,
        container=program.container,
        rooms=program.rooms(),
    )


def worker() -> None:
    """Send mail and clear away what is over, until told to stop."""
    from entrypoints.worker.main import work

    run(work(container_of(command_settings())))


def migrate(*, check: bool = False, plan: bool = False) -> None:
    """Bring the database to this version's schema.

    Parameters
    ----------
    check:
        Change nothing; exit with 1 if the schema is not this version's.
    plan:
        Change nothing; list what would be done.
    """
    from migrations import runner

    settings = command_settings()
    if settings.in_memory:
        say("memory:// has no schema to migrate.")
        return
    url = settings.database_url.get_secret_value()
    branches = running_program().container.branches()
    work = runner.pending if check or plan else runner.upgrade
    try:
        pending = run(work(url, branches=branches)) or []
    except runner.UnknownRevision as problem:
        say(str(problem))
        raise SystemExit(REFUSED) from None
    for revision, title in pending:
        print(f"{revision}  {title}")
    if check and pending:
        say("The schema is behind this version. Run `doorward migrate`.")
        raise SystemExit(REFUSED)


def check(*, json: bool = False) -> None:
    """Look at the settings and at what they point to; every finding comes with its cure.

    Parameters
    ----------
    json:
        Print JSON.
    """
    try:
        settings = load_settings()
    except SettingsError as problem:
        say(str(problem))
        raise SystemExit(REFUSED) from None
    found = [asdict(finding) for finding in findings(settings)]
    try:
        surroundings = run(_surroundings(container_of(settings)))
    except SettingsError:
        surroundings = []  # without a secret key they cannot be asked; it is among the findings
    for name, failure in surroundings:
        level, message = ("error", failure) if failure else ("ok", "Fine.")
        found.append({"level": level, "setting": name, "message": message, "cure": ""})
    if json:
        print_json(found)
    else:
        for each in found:
            line = f"{each['level']:<8}{each['setting']}: {each['message']} {each['cure']}"
            print(line.rstrip())
    raise SystemExit(REFUSED if any(each["level"] == "error" for each in found) else 0)


async def _surroundings(container: Container) -> list[tuple[str, str | None]]:
    try:
        return [(probe.name, await probe.failure()) for probe in container.health_probes()]
    finally:
        await close(container)


def openapi() -> None:
    """Print the OpenAPI document."""
    from entrypoints.http.app import create_app

    container, rooms = container_of(command_settings()), running_program().rooms()
    document = create_app(container, rooms=rooms).openapi()
    print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def completion(shell: Literal["bash", "zsh", "fish"]) -> None:
    """Print what your shell needs to complete commands; source it.

    Parameters
    ----------
    shell:
        Which one.
    """
    program = running_program()
    app = command_line(program)
    # The scanner takes the parameter's name for subprocess's; nothing is run here.
    script = app.generate_completion(prog_name=program.name, shell=shell)  # nosec B604
    print(script)


if __name__ == "__main__":
    main()
