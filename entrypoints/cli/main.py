"""``doorward …``: every command is a few lines around a use case.

Commands that need FastAPI or a whole service import it when they run: the others start fast.
"""

from dataclasses import asdict
from importlib.metadata import version
from typing import Literal

import orjson
from cyclopts import App, CycloptsError

from entrypoints.cli.audit import audit
from entrypoints.cli.exits import REFUSED, USAGE, run, say
from entrypoints.cli.keys import keys
from entrypoints.cli.outbox import outbox
from entrypoints.cli.printing import print_json
from entrypoints.cli.roles import roles
from entrypoints.cli.service import command_settings, container_of
from entrypoints.cli.sessions import sessions
from entrypoints.cli.users import users
from entrypoints.container import Container, close
from entrypoints.settings import SettingsError, findings, load_settings

app = App(
    name="doorward", version=version("doorward"), help="A self-hosted identity and access service."
)
for group in (users, roles, sessions, keys, outbox, audit):
    app.command(group)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        app(exit_on_error=False, result_action="return_value")
    except CycloptsError:
        # What was wrong is already told; wrong usage is 2, as everywhere.
        raise SystemExit(USAGE) from None


@app.command
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

    settings = command_settings()
    serve_http(settings, host=host or settings.host, port=port or settings.port)


@app.command
def worker() -> None:
    """Send mail and clear away what is over, until told to stop."""
    from entrypoints.worker.main import work

    run(work(container_of(command_settings())))


@app.command
def migrate(*, check: bool = False, plan: bool = False) -> None:
    """Bring the database to this version's schema.

    Parameters
    ----------
    check:
        Change nothing; exit with 1 if there is something to do.
    plan:
        Change nothing; list what would be done.
    """
    from migrations import runner

    settings = command_settings()
    if settings.in_memory:
        say("memory:// has no schema to migrate.")
        return
    url = settings.database_url.get_secret_value()
    try:
        pending = run(runner.pending(url) if check or plan else runner.upgrade(url)) or []
    except runner.SchemaTooNew as problem:
        say(str(problem))
        raise SystemExit(REFUSED) from None
    for revision, title in pending:
        print(f"{revision}  {title}")
    if check and pending:
        say("The schema is behind this version. Run `doorward migrate`.")
        raise SystemExit(REFUSED)


@app.command
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
    for name, failure in run(_surroundings(container_of(settings))):
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


@app.command
def openapi() -> None:
    """Print the OpenAPI document."""
    from entrypoints.http.app import create_app

    document = create_app(container_of(command_settings())).openapi()
    print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


@app.command
def completion(shell: Literal["bash", "zsh", "fish"]) -> None:
    """Print what your shell needs to complete commands; source it.

    Parameters
    ----------
    shell:
        Which one.
    """
    # The scanner takes the parameter's name for subprocess's; nothing is run here.
    script = app.generate_completion(prog_name="doorward", shell=shell)  # nosec B604
    print(script)


if __name__ == "__main__":
    main()
