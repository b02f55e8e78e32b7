"""
A real PgBouncer before the tests' PostgreSQL: the installed one, or Debian's, unpacked.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from tests.support.debian import DebianProgram, program_of
from tests.support.processes import free_port

PGBOUNCER = DebianProgram("pgbouncer", packages=("pgbouncer", "libevent-2.1-7", "libc-ares2"))
_NOBODY = 65534  # PgBouncer refuses to run as root
_PATIENCE = 60.0
_SETTINGS = """\
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {root}/users
pool_mode = {mode}
default_pool_size = {size}
logfile = {root}/log
pidfile = {root}/pid
admin_users = {user}
"""


@contextmanager
def pgbouncer_before(url: str, *, mode: str, pool_size: int = 2) -> Iterator[str]:
    """
    Give the address of the same database through a PgBouncer that is configured by no more than
    it needs. With so few servers for a pool, every client meets those of all others.
    """
    program, libraries = program_of(PGBOUNCER)
    address = make_url(url)
    with tempfile.TemporaryDirectory(prefix="doorward-pgbouncer-") as folder:
        root = Path(folder)
        listen = free_port()
        (root / "users").write_text(f'"{address.username}" "{address.password}"\n')
        (root / "ini").write_text(
            _SETTINGS.format(
                host=address.host,
                port=address.port,
                listen=listen,
                root=root,
                mode=mode,
                size=pool_size,
                user=address.username,
            )
        )
        identity = _NOBODY if os.geteuid() == 0 else None
        if identity is not None:
            for path in (root, *root.iterdir()):
                os.chown(path, identity, identity)
        copied = _open_to_all(program, libraries, root) if identity is not None else program
        process = subprocess.Popen(
            [copied, root / "ini"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": str(copied.parent)},
            user=identity,
            group=identity,
            extra_groups=None if identity is None else [],
            start_new_session=True,
        )
        try:
            _wait_for(listen, process, root / "log")
            there = address.set(host="127.0.0.1", port=listen)
            yield there.render_as_string(hide_password=False)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(_PATIENCE)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            told = log.read_text(errors="replace") if log.exists() else "nothing"
            raise RuntimeError(f"PgBouncer did not start: {told}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError("PgBouncer never listened")


def _open_to_all(program: Path, libraries: list[Path], root: Path) -> Path:
    """
    Return a copy that an unprivileged user can run: the checkout may be root's alone.
    """
    place = root / "bin"
    place.mkdir()
    place.chmod(0o755)
    for file in (program, *libraries):
        shutil.copy(file, place)
        (place / file.name).chmod(0o755)
    return place / program.name
