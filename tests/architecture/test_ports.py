"""Every port is abstract, small, built at least twice, and held to its promises by a suite."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Protocol, get_type_hints

import pytest

from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from tests.architecture.source import ROOT, files_of, module_of, tree_of

PORT_FILES = [
    file
    for file in files_of("application")
    if file.parent.name == "ports" or file.name == "ports.py"
]
"""The kernel's ports have a folder; those of a capability stand in its ``ports``."""
MOST_METHODS = 10
NOT_IN_A_SUITE: Mapping[str, str] = {}
"""Methods of ports (``Port.method``) that no contract suite calls, and why."""


def is_protocol(kind: type) -> bool:
    """Tell whether the class itself is a protocol; Python 3.12 has no ``typing.is_protocol``."""
    return bool(vars(kind).get("_is_protocol", False))


def all_ports() -> list[type]:
    """Return every protocol that a module of the ports defines."""
    modules = [import_module(module_of(file)) for file in PORT_FILES]
    return sorted(
        (
            kind
            for module in modules
            for kind in vars(module).values()
            if isinstance(kind, type) and kind.__module__ == module.__name__ and is_protocol(kind)
        ),
        key=lambda port: port.__name__,
    )


def is_unit(port: type) -> bool:
    """Tell whether the port is a unit of work: what a capability can reach, and no more."""
    return UnitOfWork in port.__mro__


def adapters_of(port: type) -> Iterator[type]:
    """Yield every class in ``adapters`` that inherits the port by name."""
    child: type
    for child in port.__subclasses__():
        if child.__module__.startswith("adapters.") and not is_protocol(child):
            yield child
        yield from adapters_of(child)


def methods_of(port: type) -> list[str]:
    """Return the names of the port's abstract methods, its parents' included."""
    return sorted(getattr(port, "__abstractmethods__", ()))


for adapter in files_of("adapters"):
    import_module(module_of(adapter))
PORTS = all_ports()
UNITS = [port for port in PORTS if is_unit(port) and port is not UnitOfWork]
REACHED = {
    name: get_type_hints(attribute.fget)["return"]
    for unit in UNITS
    for name, attribute in vars(unit).items()
    if isinstance(attribute, property) and attribute.fget is not None
}
"""What a unit of work gives, by the name of the attribute."""
METHODS = [
    (port, method)
    for port in PORTS
    for method in methods_of(port)
    if not (port in UNITS and method in vars(UnitOfWork))
]

every_port = pytest.mark.parametrize("port", PORTS, ids=lambda port: port.__name__)
every_method = pytest.mark.parametrize(
    ("port", "method"), METHODS, ids=[f"{port.__name__}.{method}" for port, method in METHODS]
)


def test_there_are_ports() -> None:
    """Else every test below would be about nothing."""
    assert {"Clock", "PasswordHasher", "UnitOfWork", "UserRepository"} <= {
        port.__name__ for port in PORTS
    }


def test_every_method_of_a_port_is_abstract() -> None:
    """Without ``@abstractmethod``, an adapter that forgets the method quietly does nothing."""
    forgotten = [
        f"{port.name}.{method.name}"
        for file in PORT_FILES
        for port in ast.walk(tree_of(file))
        if isinstance(port, ast.ClassDef) and "Protocol" in {ast.unparse(b) for b in port.bases}
        for method in port.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
        and "abstractmethod" not in {ast.unparse(d) for d in method.decorator_list}
    ]
    assert forgotten == []


@every_port
def test_a_port_is_small(port: type) -> None:
    """A port with more methods is several ports."""
    own = [name for name in methods_of(port) if name in vars(port)]
    assert 1 <= len(own) <= MOST_METHODS
    assert is_unit(port) or len(methods_of(port)) <= MOST_METHODS


@every_port
def test_a_port_has_two_technologies_behind_it(port: type) -> None:
    """An abstraction over a single thing has never been tried; tests need the second one."""
    technologies = {adapter.__module__.split(".")[1] for adapter in adapters_of(port)}
    assert len(technologies) >= 2, technologies
    assert "memory" in technologies


@every_port
def test_every_adapter_keeps_all_of_the_port(port: type) -> None:
    """None of them leaves a method abstract, which would show only when it is built."""
    assert [adapter for adapter in adapters_of(port) if methods_of(adapter)] == []


@every_method
def test_a_half_written_adapter_cannot_be_built(port: type, method: str) -> None:
    """Python refuses it by itself when the service starts, not when the method is first called."""
    written = {name: lambda self: None for name in methods_of(port) if name != method}
    half: type[Any] = type("HalfWritten", (port,), written)
    with pytest.raises(TypeError, match=r"HalfWritten.*abstract method"):
        half()


# --- the contract suites ----------------------------------------------------------------------


def names_for_ports(trees: list[ast.Module]) -> dict[str, set[str]]:
    """Return under which names the suites hold each port: annotated ones, and the unit's own."""
    names: dict[str, set[str]] = defaultdict(set)
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.arg) and node.annotation is not None:
                names[_bare(node.annotation)].add(node.arg)
            if isinstance(node, ast.AnnAssign):
                names[_bare(node.annotation)].add(ast.unparse(node.target))
    opened = {
        f"{units}{call}"
        for units in names[UnitOfWorkFactory.__name__]
        for call in ("()", ".read_only()")
    }
    for item in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(item, ast.withitem) and ast.unparse(item.context_expr) in opened:
            names[UnitOfWork.__name__].add(ast.unparse(item.optional_vars or item.context_expr))
    for attribute, port in REACHED.items():
        names[port.__name__].add(attribute)
    return names


def _bare(annotation: ast.expr) -> str:
    """Return ``UnitOfWorkFactory`` for ``UnitOfWorkFactory[ServiceUnit]``."""
    return ast.unparse(annotation).partition("[")[0]


def last_name(expression: ast.expr) -> str:
    """Return ``users`` for ``unit.users``, and ``clock`` for ``clock``."""
    return expression.attr if isinstance(expression, ast.Attribute) else ast.unparse(expression)


def calls_in(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield what is called on what: the name of the object, the method."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=owner, attr=method):
                yield last_name(owner), method
            case ast.Call(func=called):
                yield last_name(called), "__call__"
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[container]):
                yield last_name(container), "__contains__"
            case ast.AsyncWith(items=items):
                for item in items:
                    owner = item.optional_vars or item.context_expr
                    yield ast.unparse(owner), "__aenter__"
                    yield ast.unparse(owner), "__aexit__"


def untouched(trees: list[ast.Module], methods: list[tuple[type, str]]) -> set[str]:
    """Return the methods that are not called on anything that is known to be such a port."""
    names = names_for_ports(trees)
    calls = {call for tree in trees for call in calls_in(tree)}
    return {
        f"{port.__name__}.{method}"
        for port, method in methods
        if not any((name, method) in calls for name in names[port.__name__])
    }


SUITES = sorted((ROOT / "tests" / "contracts").rglob("*.py"))


def test_the_suites_call_every_method_of_every_port() -> None:
    """What no suite calls is a promise that no test keeps."""
    methods = [(port, method) for port, method in METHODS if port not in UNITS]
    assert untouched([tree_of(file) for file in SUITES], methods) == NOT_IN_A_SUITE.keys()


def test_the_suites_run_over_every_adapter() -> None:
    """An adapter that no suite imports may promise what it likes."""
    imported = {
        alias.name
        for file in SUITES
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    built_by_others = {port.__name__ for port in (UnitOfWork, *UNITS, *REACHED.values())}
    missing = {
        adapter.__name__
        for port in PORTS
        if port.__name__ not in built_by_others  # the factory's suites reach these
        for adapter in adapters_of(port)
    } - imported
    assert missing == set()


# --- and the checks themselves can fail -------------------------------------------------------


class Bell(Protocol):
    """A port for the tests of this file."""

    def ring(self) -> None:
        """Ring."""


@pytest.mark.parametrize(
    ("code", "is_touched"),
    [
        ("def test(bell: Bell): bell.ring()", True),
        ("def test(bells): bell: Bell = bells[0]; bell.ring()", True),
        ("def test(bell: Bell): self.bell.ring()", True),
        ("def test(bell: Bell): bell.stop()", False),
        ("def test(bell: Bell, phone: Phone): phone.ring()", False),
        ("def test(bell): bell.ring()", False),
        ("def test(bell: Bell): 'bell.ring()'", False),
    ],
)
def test_an_untouched_method_is_found(code: str, is_touched: bool) -> None:
    """Only a call on something that is annotated with the port counts."""
    assert untouched([ast.parse(code)], [(Bell, "ring")]) == (
        set() if is_touched else {"Bell.ring"}
    )
