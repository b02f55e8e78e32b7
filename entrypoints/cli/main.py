"""``doorward …``: every command is a few lines around a use case.

Commands that need FastAPI or a whole service import it when they run: the others start fast. A
team's own program is made from ``DOORWARD`` (``docs/extending.md``).
"""

import gc
import os
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from cyclopts import App, CycloptsError

from entrypoints.cli.exits import INTERRUPTED, READER_LEFT, REFUSED, USAGE, run, say
from entrypoints.cli.numbers import WholeNumber
from entrypoints.cli.printing import print_anything, print_json
from entrypoints.cli.service import (
    Group,
    Program,
    command_settings,
    container_of,
    running_program,
    started,
)
from entrypoints.stop_signals import StopSignals

if TYPE_CHECKING:
    from entrypoints.container import Container
    from entrypoints.http.room import Room


MOST_WORKERS: Final = 256


def _version() -> str:
    from importlib.metadata import version

    return version("doorward")


def _container() -> "type[Container]":
    from entrypoints.container import Container

    return Container


def _rooms() -> "Sequence[Room]":
    from entrypoints.http.app import ROOMS

    return ROOMS


DOORWARD = Program(
    name="doorward",
    version=_version,
    help="A self-hosted identity and access service.",
    container=_container,
    groups=(
        Group(
            "entrypoints.cli.accounts:users",
            "users",
            "User accounts. SUBJECT is an id or an e-mail address.",
        ),
        Group("entrypoints.cli.access:roles", "roles", "Roles and the permissions that they give."),
        Group("entrypoints.cli.sessions:sessions", "sessions", "Where users are signed in."),
        Group(
            "entrypoints.cli.factors:factors",
            "factors",
            "Second factors and passkeys of users. SUBJECT is an id or an e-mail address.",
        ),
        Group(
            "entrypoints.cli.service_accounts:service_accounts",
            "service-accounts",
            "Accounts of programs. SERVICE is a name or an id.",
        ),
        Group(
            "entrypoints.cli.api_keys:api_keys",
            "api-keys",
            "API keys of users and of service accounts. SUBJECT is an id or an e-mail address.",
        ),
        Group("entrypoints.cli.keys:keys", "keys", "The keys behind access tokens."),
        Group("entrypoints.cli.mail:outbox", "outbox", "Mail that waits, or was given up."),
        Group("entrypoints.cli.audit:audit", "audit", "The audit trail."),
    ),
    rooms=_rooms,
)


def main(program: Program = DOORWARD) -> None:
    """Run the program's command line and end the process with its exit code."""
    print_anything()
    if not _is_text(sys.argv):
        say("The arguments are not text in the encoding of this terminal.")
        raise SystemExit(USAGE)
    try:
        _answer(program)
    except CycloptsError:
        # What was wrong is already told; wrong usage is 2, as everywhere.
        raise SystemExit(USAGE) from None
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        # `doorward … | head`: the reader has left. What is buffered goes nowhere, so that the
        # interpreter does not complain about it either when it ends.
        _write_no_more()
        raise SystemExit(READER_LEFT) from None
    except OSError as failure:
        # All that a command opens has words of its own; what is left is its own output.
        _write_no_more()
        say(f"The answer could not be written ({failure.strerror}).")
        raise SystemExit(REFUSED) from None


def _answer(program: Program) -> None:
    """Run the command, and write all of its answer while a failure can still be told."""
    try:
        with started(program):
            command_line(program)(exit_on_error=False, result_action="return_value")
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            raise end.__context__ from None  # rich, which writes the help, makes 1 of it
        raise
    finally:
        if sys.stdout is not None:  # `>&-`: there is none
            sys.stdout.flush()


def _write_no_more() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
        except AttributeError:
            continue  # there is none


def _is_text(arguments: Sequence[str]) -> bool:
    """Tell whether Python could decode the bytes of all arguments (PEP 383)."""
    return not any("\ud800" <= character <= "\udfff" for each in arguments for character in each)


def command_line(program: Program) -> App:
    """Return the program's commands: its groups, and those that every program has."""
    # Plain, since reading Markdown would take longer than all else that help needs.
    app = App(
        name=program.name, version=program.version, help=program.help, help_format="plaintext"
    )
    for group in program.groups:
        if isinstance(group, Group):
            app.command(group.app, name=group.name, help=group.help)
        else:
            app.command(group)
    for command in (serve, worker, migrate, check, openapi, completion):
        app.command(command)
    return app


def serve(
    *, host: str | None = None, port: WholeNumber | None = None, workers: WholeNumber = 1
) -> None:
    """Serve HTTP until told to stop.

    Parameters
    ----------
    host:
        Listen on this address instead of HOST.
    port:
        Listen on this port instead of PORT.
    workers:
        Serve in so many processes; one for each core uses them all.
    """
    if port is not None and not 1 <= port <= 65535:
        say("--port, like PORT, takes a number from 1 to 65535.")
        raise SystemExit(USAGE)
    if not 1 <= workers <= MOST_WORKERS:
        say(f"--workers takes a number from 1 to {MOST_WORKERS}.")
        raise SystemExit(USAGE)
    signals = StopSignals()
    signals.install()
    gc.disable()  # all that is imported now stays, and serve_http has nothing collected of it

    from entrypoints.http.listening import ensure_can_listen
    from entrypoints.lifecycle import StartRefused

    settings, program = command_settings(serves=True), running_program()
    host = (host or settings.host).removeprefix("[").removesuffix("]")
    port = port or settings.port
    try:
        ensure_can_listen(host, port)

        from entrypoints.http.server import serve as serve_http
        from entrypoints.http.server import serve_together

        serving = serve_http if workers == 1 else partial(serve_together, workers)
        serving(
            settings,
            host=host,
            port=port,
            signals=signals,
            container=program.container(),
            rooms=program.rooms(),
        )
    except StartRefused as problem:
        say(f"doorward: {problem}")
        raise SystemExit(REFUSED) from None


def worker() -> None:
    """Send mail and clear away what is over, until told to stop."""
    signals = StopSignals()
    signals.install()

    from entrypoints.worker.main import work

    run(work(container_of(command_settings(serves=True)), signals))


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
    branches = running_program().container().branches
    try:
        pending = run(runner.pending(url, branches=branches))
        if pending and not (check or plan):
            run(runner.upgrade(url, branches=branches))
    except runner.UnknownRevision as problem:
        say(str(problem))
        raise SystemExit(REFUSED) from None
    for revision, title in pending:
        print(f"{revision}  {title}")
    count = f"{len(pending)} {'revision' if len(pending) == 1 else 'revisions'}"
    if not pending:
        print("Nothing to do: the schema is that of this version.")
    elif check:
        say(f"The schema is {count} behind this version. Run `doorward migrate`.")
        raise SystemExit(REFUSED)
    elif plan:
        say(f"{count} to be applied. Nothing was changed.")
    else:
        print(f"{count} applied: the schema is that of this version.")


def check(*, json: bool = False) -> None:
    """Look at the settings and at what they point to; every finding comes with its cure.

    Nothing is made or changed by it.

    Parameters
    ----------
    json:
        Print JSON.
    """
    from entrypoints.cli.check import as_json, examined, lines

    found = run(examined(running_program().container()))
    if json:
        print_json(as_json(found))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        for line in lines(found, width):
            print(line)
    raise SystemExit(REFUSED if any(each.level == "error" for each in found) else 0)


def openapi() -> None:
    """Print the OpenAPI document."""
    from entrypoints.http.app import create_app

    container, rooms = container_of(command_settings().forgetful()), running_program().rooms()
    document = create_app(container, rooms=rooms).openapi()
    print_json(document)


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
