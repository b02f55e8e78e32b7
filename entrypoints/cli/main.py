"""``doorward …``: every command is a few lines around a use case.

A password never comes as an argument, where every user of the machine could read it. Commands
that need FastAPI or a whole service import it when they run, so that the others start fast.
"""

import getpass
import sys
from importlib.metadata import version

import orjson
from cyclopts import App, CycloptsError

from domain.access import OPERATOR
from domain.audit import NOWHERE
from entrypoints.cli.exits import REFUSED, USAGE, run, say
from entrypoints.cli.outbox import outbox
from entrypoints.cli.service import command_settings, container_of, in_service
from entrypoints.container import Container, close
from entrypoints.settings import SettingsError, findings, load_settings

app = App(
    name="doorward", version=version("doorward"), help="A self-hosted identity and access service."
)
users = App(name="users", help="User accounts.")
app.command(users)
app.command(outbox)


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
def check() -> None:
    """Look at the settings and at what they point to; every finding comes with its cure."""
    try:
        settings = load_settings()
    except SettingsError as problem:
        say(str(problem))
        raise SystemExit(REFUSED) from None
    failed = False
    for finding in findings(settings):
        print(f"{finding.level:<8}{finding.setting}: {finding.message} {finding.cure}".rstrip())
        failed = failed or finding.level == "error"
    for name, failure in run(_surroundings(container_of(settings))):
        print(f"{'error' if failure else 'ok':<8}{name}: {failure or 'Fine.'}")
        failed = failed or failure is not None
    raise SystemExit(REFUSED if failed else 0)


async def _surroundings(container: Container) -> list[tuple[str, str | None]]:
    try:
        return [(probe.name, await probe.failure()) for probe in container.health_probes()]
    finally:
        await close(container)


@users.command(name="create")
def create_user(
    *,
    email: str,
    role: list[str] | None = None,
    verified: bool = False,
    password_stdin: bool = False,
    display_name: str | None = None,
    json: bool = False,
) -> None:
    """Make an account. Without a password, its owner is mailed a link to set one.

    Parameters
    ----------
    email:
        The address; mail can reach its owner there.
    role:
        A role to grant, such as administrator. May be given several times.
    verified:
        Take the address as proven.
    password_stdin:
        Read the password from standard input: typed unseen on a terminal, or the first line.
    display_name:
        What others see.
    json:
        Print the user as JSON.
    """
    password = _read_password() if password_stdin else None
    user = in_service(
        lambda services: services.create_user()(
            principal=OPERATOR,
            email=email,
            password=password,
            display_name=display_name,
            roles=role or [],
            verified=verified,
            origin=NOWHERE,
        )
    )
    if json:
        facts = {"id": str(user.id), "email": user.email.value, "status": user.status.value}
        print(orjson.dumps({**facts, "roles": sorted(user.roles)}).decode())
    else:
        print(f"{user.id}  {user.email.value}  {user.status.value}")


@app.command
def openapi() -> None:
    """Print the OpenAPI document."""
    from entrypoints.http.app import create_app

    document = create_app(container_of(command_settings())).openapi()
    print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def _read_password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")


if __name__ == "__main__":
    main()
