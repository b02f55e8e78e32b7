"""What ``doorward serve`` says on a terminal, once, when it runs: where everything is.

Plain ASCII: what a terminal can show is not known. In a pipe nothing of it is written.
"""

import asyncio
import shutil
import sys
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from application.paging import PageRequest
from application.users.ports import UserQuery
from domain.errors import DomainError
from domain.principal import ADMINISTRATOR, OPERATOR
from entrypoints.settings import addresses

if TYPE_CHECKING:
    from entrypoints.container import Container
    from entrypoints.settings import Settings

PATIENCE: Final = 1.0


async def announce(container: "Container", *, host: str, port: int, processes: int = 1) -> None:
    """Write the banner to standard output if that is a terminal; else do nothing."""
    if not sys.stdout.isatty():
        return
    settings = container.settings()
    needs_administrator = not settings.in_memory and not await _has_administrator(container)
    text = banner(
        settings,
        host=host,
        port=port,
        processes=processes,
        needs_administrator=needs_administrator,
    )
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def banner(
    settings: "Settings", *, host: str, port: int, needs_administrator: bool, processes: int = 1
) -> str:
    """Return the lines. No password that stands in a setting is in them."""
    address = _address(host, port)
    facts = [("Address", address + (" and all others of this machine" if _is_any(host) else ""))]
    if settings.public_url not in {address, f"http://localhost:{port}"}:
        facts.append(("Public address", settings.public_url))
    facts.append(("Database", _database(settings)))
    if settings.docs:
        facts.append(("API", f"{address}/docs"))
    if not settings.in_production:
        facts.append(("Mails", f"{address}/dev/mailbox"))
    if processes > 1:
        facts.append(("Processes", str(processes)))
    facts.append(("Stop", "Ctrl-C"))
    lines = ["", f"  Doorward {version('doorward')}, {settings.environment}", ""]
    lines += [f"  {name:<16}{fact}" for name, fact in facts]
    if needs_administrator:
        lines += [
            "",
            "  There is no administrator yet. In another terminal, in the same folder and with the",
            "  same settings, this makes the first one and asks for a password:",
            "",
            f"    {program()} users create --email you@example.com \\",
            "      --role administrator --verified --password-stdin",
        ]
    return "\n".join([*lines, ""])


def program() -> str:
    """Return how the running program is called from here, as it would be typed."""
    started = Path(sys.argv[0])
    if started.suffix == ".py":  # python -m …
        started = Path(sys.executable).with_name("doorward")
    found = shutil.which(started.name)
    if found is not None and Path(found).absolute() == started.absolute():
        return started.name
    return _from_here(started)


async def _has_administrator(container: "Container") -> bool:
    """Tell whether anyone is administrator; False also if the database does not say so soon."""
    listing = container.service().accounts.list_users(
        principal=OPERATOR,
        query=UserQuery(role=ADMINISTRATOR),
        asked=PageRequest(limit=1),
    )
    try:
        return bool((await asyncio.wait_for(listing, PATIENCE)).items)
    except (DomainError, TimeoutError):
        return False


def _address(host: str, port: int) -> str:
    shown = ("::1" if ":" in host else "127.0.0.1") if _is_any(host) else host
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _is_any(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _database(settings: "Settings") -> str:
    if settings.in_memory:
        return "memory; everything is forgotten at the end"
    if (file := settings.sqlite_file) is not None:
        return f"SQLite, {_from_here(file)}"
    place = addresses.postgresql_place(settings.database_url.get_secret_value())
    return f"PostgreSQL, {place}"


def _from_here(path: Path) -> str:
    """Return the path, relative if it is below the working folder."""
    whole, here = path.absolute(), Path.cwd()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else whole)
