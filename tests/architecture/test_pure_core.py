"""Domain and application are pure: what they do follows from what they are handed, and that alone.

The allow-list is the wall. The rules behind it name what is refused and why, so that adding a
module to the list by mistake does not open the way to all that stands in it.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest

from tests.architecture.source import ROOT, files_of, imports_in, place_of, tree_of

ALL = None
STANDARD_LIBRARY: Mapping[str, frozenset[str] | None] = {
    "abc": ALL,
    "base64": ALL,
    "collections": ALL,
    "collections.abc": ALL,
    "contextlib": frozenset({"suppress"}),
    "dataclasses": ALL,
    "datetime": frozenset({"UTC", "date", "datetime", "timedelta", "timezone"}),
    "email.errors": frozenset({"HeaderParseError"}),
    "email.header": frozenset({"decode_header", "make_header"}),
    "enum": ALL,
    "functools": ALL,
    "hashlib": ALL,
    "hmac": ALL,
    "html": frozenset({"escape"}),
    "ipaddress": ALL,
    "itertools": ALL,
    "math": ALL,
    "operator": ALL,
    "re": ALL,
    "string": ALL,
    "types": frozenset({"MappingProxyType", "TracebackType"}),
    "typing": ALL,
    "unicodedata": ALL,
    "uuid": frozenset({"UUID"}),
    "zlib": frozenset({"crc32"}),
}
"""The modules that may be imported, and the names that may be taken from them.

Every one computes and does nothing else. A module with an impure corner gives only the names that
are listed; ``import uuid`` as a whole is refused.
"""

OWN = {"domain": ("domain",), "application": ("domain", "application")}

EXCEPTIONS: Mapping[tuple[str, str], frozenset[str]] = {
    # Rounds of one process wait for each other. A lock keeps no time and starts nothing.
    ("application/mail/relay.py", "asyncio"): frozenset({"Lock"}),
    # All requests that meet an unknown key share one load. Making an RSA key takes so long that
    # no other request would be served meanwhile: it is made in a thread, and awaited at once.
    ("application/keys/keyring.py", "asyncio"): frozenset({"Lock", "to_thread"}),
}
"""A file, a module that it imports against the rules, and all that it may use of it."""


def imports_outside(tree: ast.Module, own: tuple[str, ...]) -> Iterator[str]:
    """Yield every import of something that is neither ours nor on the list."""
    for module, name, line in imports_in(tree):
        if module.split(".")[0] in own:
            continue
        if module not in STANDARD_LIBRARY:
            yield f"line {line}: {module}"
            continue
        allowed = STANDARD_LIBRARY[module]
        if allowed is not ALL and name not in allowed:
            yield f"line {line}: {module}.{name or '*'}"


@dataclass(frozen=True)
class Refused:
    """What a rule refuses: modules to import, builtins to name, attributes to reach for."""

    modules: frozenset[str] = frozenset()
    builtins: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RULES: Mapping[str, Refused] = {
    "clock": Refused(
        modules=_words("calendar sched time timeit zoneinfo"),
        attributes=_words(
            "fromtimestamp gmtime localtime monotonic perf_counter time_ns today utcfromtimestamp"
            " utcnow"
        ),
    ),
    "environment": Refused(
        modules=_words("argparse ctypes getpass locale os platform pwd site socket sys sysconfig"),
        attributes=_words("argv environ getenv putenv"),
    ),
    "randomness": Refused(
        modules=_words("random secrets ssl"),
        attributes=_words("getnode getrandbits urandom uuid1 uuid4 uuid6"),
    ),
    "logging": Refused(modules=_words("logging structlog syslog traceback warnings")),
    "dynamic code": Refused(
        modules=_words("builtins code codeop imp importlib inspect marshal pickle pkgutil runpy"),
        builtins=_words("__builtins__ __import__ compile delattr eval exec globals locals vars"),
        attributes=_words("__builtins__ __globals__ __subclasses__"),
    ),
    "input and output": Refused(
        modules=_words("fileinput http io pathlib shutil sqlite3 subprocess tempfile urllib"),
        builtins=_words("breakpoint input open print"),
    ),
    "threads and loops": Refused(
        modules=_words(
            "_thread asyncio concurrent multiprocessing queue sched selectors signal threading"
        ),
    ),
    "ambient state": Refused(modules=_words("contextvars gc weakref")),
}


def refusals(tree: ast.Module, refused: Refused) -> Iterator[str]:
    """Yield every place where the code reaches for something that the rule refuses."""
    for module, name, line in imports_in(tree):
        if module.split(".")[0] in refused.modules or name in refused.attributes:
            yield f"line {line}: {module}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in refused.builtins | refused.attributes:
            yield f"line {node.lineno}: {node.id}"
        if isinstance(node, ast.Attribute) and node.attr in refused.attributes:
            yield f"line {node.lineno}: {node.attr}"


def clocks_of_their_own(tree: ast.Module) -> Iterator[str]:
    """Yield every ``….now`` but that of something called ``clock`` or ``_clock``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "now":
            owner = node.value
            name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
            if name not in {"clock", "_clock"}:
                yield f"line {node.lineno}: {ast.unparse(node)}"


def uses_of(tree: ast.Module, module: str) -> set[str]:
    """Return what the code uses of a module that it imports by its plain name."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == module
    }


def everywhere(check: Callable[[ast.Module], Iterator[str]], *folders: str) -> list[str]:
    """Return what the check finds in every module of the folders, but for the exceptions."""
    return [
        f"{place}, {finding}"
        for file in files_of(*folders)
        for place in [place_of(file)]
        for finding in check(tree_of(file))
        if (place, finding.rpartition(" ")[2]) not in EXCEPTIONS
    ]


@pytest.mark.parametrize("package", OWN)
def test_only_the_standard_library_is_imported(package: str) -> None:
    """A framework cannot come in by a name that no contract has heard of."""
    assert everywhere(lambda tree: imports_outside(tree, OWN[package]), package) == []


@pytest.mark.parametrize("rule", RULES)
def test_nothing_is_taken_from_the_surroundings(rule: str) -> None:
    """Time, chance, environment and the outside come in through ports only."""
    assert everywhere(lambda tree: refusals(tree, RULES[rule]), *OWN) == []


def test_only_the_clock_tells_the_time() -> None:
    """The one time that expiries are decided by is the port's (CK-1)."""
    assert everywhere(clocks_of_their_own, *OWN) == []


@pytest.mark.parametrize(("place", "module"), EXCEPTIONS)
def test_an_exception_is_used_and_goes_no_further(place: str, module: str) -> None:
    """An exception that is not needed any more goes; one that is needed stays as small as it is."""
    assert uses_of(tree_of(ROOT / place), module) == EXCEPTIONS[place, module]


# --- and the checks themselves can fail -------------------------------------------------------


def test_a_use_of_an_excepted_module_is_found() -> None:
    """Called, waited for or handed on."""
    code = "import asyncio\nlock = asyncio.Lock()\nasync def f(): await asyncio.sleep(1)\n"
    assert uses_of(ast.parse(code), "asyncio") == {"Lock", "sleep"}


@pytest.mark.parametrize(
    "line",
    [
        "import fastapi",
        "import orjson as json",
        "from sqlalchemy import select",
        "import json",
        "import uuid",
        "import datetime",
        "from uuid import uuid4",
        "from uuid import *",
        "from datetime import tzinfo",
        "from types import SimpleNamespace",
        "import application.users",
        "import applicationx",
        "from . import errors",
        "from .errors import DomainError",
        "import adapters.memory.store",
        "def late():\n    import structlog",
        "if TYPE_CHECKING:\n    from fastapi import Request",
        "try:\n    import requests\nexcept ImportError:\n    pass",
        "import re, httpx",
        "import xml.etree",
        "import collections.abcd",
    ],
)
def test_a_foreign_import_is_found(line: str) -> None:
    """In whatever form and wherever it is written."""
    assert list(imports_outside(ast.parse(line), OWN["domain"]))


@pytest.mark.parametrize(
    "line",
    [
        "import domain.errors",
        "from domain.errors import DomainError",
        "from datetime import UTC, datetime, timedelta",
        "from collections.abc import Mapping",
        "import re",
        "from uuid import UUID",
    ],
)
def test_an_allowed_import_is_let_pass(line: str) -> None:
    """Else the test above would say nothing."""
    assert list(imports_outside(ast.parse(line), OWN["domain"])) == []


BAD: Mapping[str, tuple[str, ...]] = {
    "clock": (
        "import time",
        "from time import monotonic",
        "datetime.utcnow()",
        "datetime.today()",
        "date.today()",
        "field(default_factory=date.today)",
        "datetime.fromtimestamp(0)",
        "t.perf_counter()",
        "from zoneinfo import ZoneInfo",
    ),
    "environment": (
        "import os",
        "from os import environ",
        "import os.path",
        "import sys",
        "x.environ['HOME']",
        "getenv('HOME')",
    ),
    "randomness": (
        "import random",
        "from random import choice",
        "import secrets",
        "from uuid import uuid4",
        "uuid.uuid4()",
        "uuid.uuid1()",
        "os.urandom(8)",
        "field(default_factory=uuid4)",
    ),
    "logging": (
        "import logging",
        "from logging import getLogger",
        "import structlog",
        "import warnings",
    ),
    "dynamic code": (
        "import importlib",
        "from importlib import import_module",
        "import importlib.util",
        "__import__('os')",
        "exec('1')",
        "eval('1')",
        "compile('1', '', 'eval')",
        "f = eval",
        "globals()['x']",
        "f.__globals__",
        "import pickle",
    ),
    "input and output": (
        "print('x')",
        "open('x')",
        "with open('x') as file: pass",
        "input()",
        "breakpoint()",
        "from pathlib import Path",
        "import subprocess",
        "import urllib.request",
        "show = print",
    ),
    "threads and loops": (
        "import threading",
        "from threading import Lock",
        "import asyncio",
        "from asyncio import sleep",
        "from concurrent.futures import ThreadPoolExecutor",
        "import multiprocessing",
    ),
    "ambient state": ("from contextvars import ContextVar", "import weakref"),
}

PURE = (
    "self._clock.now()",
    "secret_box.open(sealed)",
    "re.compile('x')",
    "random = int.from_bytes(entropy(10))",
    "def print_name(self): return self.opened",
    "moment.timestamp()",
    "time = timedelta(seconds=1)",
)


def test_every_rule_has_examples() -> None:
    """A rule that nothing is known to break could be one that cannot break."""
    assert BAD.keys() == RULES.keys()


@pytest.mark.parametrize(("rule", "line"), [(rule, line) for rule in BAD for line in BAD[rule]])
def test_every_rule_finds_what_it_refuses(rule: str, line: str) -> None:
    """In whatever form it is written."""
    assert list(refusals(ast.parse(line), RULES[rule]))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("line", PURE)
def test_no_rule_refuses_pure_code(rule: str, line: str) -> None:
    """What only looks like it is let pass."""
    assert list(refusals(ast.parse(line), RULES[rule])) == []


@pytest.mark.parametrize(
    "line",
    [
        "datetime.now(UTC)",
        "datetime.datetime.now()",
        "field(default_factory=datetime.now)",
        "make().now()",
        "self._time.now()",
    ],
)
def test_another_clock_is_found(line: str) -> None:
    """Called or handed on."""
    assert list(clocks_of_their_own(ast.parse(line)))


@pytest.mark.parametrize("line", ["self._clock.now()", "clock.now()", "unit.save(now=now)"])
def test_the_clock_is_let_pass(line: str) -> None:
    """Else the test above would say nothing."""
    assert list(clocks_of_their_own(ast.parse(line))) == []


OF_ADAPTERS = re.compile(
    r"(?i:sqlstate|sqlite|postgres|asyncpg|smtp_|errno)"
    r"|\bE(?:ACCES|CONN|HOST|NET|NOENT|PIPE|TIMED)[A-Z]*\b|\b[0-9]{2}[0-9A-Z][0-9]{2}\b"
)
"""Products, and the vocabularies of their codes: SQLSTATEs such as 25P04, errors of sockets."""


@pytest.mark.parametrize("package", ["domain", "application"])
def test_the_core_names_no_product_and_no_code_of_one(package: str) -> None:
    """A failure has a reason and a cure; what a server calls it is an adapter's to know."""
    named = [
        (place_of(file), found[0])
        for file in files_of(package)
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if (found := OF_ADAPTERS.search(node.value))
    ]
    assert named == []


@pytest.mark.parametrize(
    "text", ["sqlstate", "smtp_reply", "28P01", "57014", "ETIMEDOUT", "ECONNREFUSED", "SQLite"]
)
def test_a_product_or_a_code_is_found(text: str) -> None:
    """Else the test above would say nothing."""
    assert OF_ADAPTERS.search(text)
