"""
Logging belongs to the whole process: what one test sets up, the next one must not find.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.testing import capture_logs


@contextmanager
def logging_as_before() -> Iterator[None]:
    """
    Run the block and put handlers, levels and structlog's configuration back as they were.
    """
    root = logging.getLogger()
    handlers, level, configuration = root.handlers[:], root.level, structlog.get_config()
    before = {
        name: (logger.level, logger.handlers[:], logger.propagate)
        for name, logger in root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    _forget_first_configurations()
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        structlog.configure(**configuration)
        _forget_first_configurations()
        root.handlers, root.level = handlers, level
        for name, logger in root.manager.loggerDict.items():
            if isinstance(logger, logging.Logger):
                found = before.get(name, (logging.NOTSET, [], True))
                logger.level, logger.handlers, logger.propagate = found
                logger._cache.clear()  # type: ignore[attr-defined]


@contextmanager
def captured_records() -> Iterator[list[Any]]:
    """
    Collect what is logged in the block, whatever an earlier test configured.
    """
    _forget_first_configurations()
    with capture_logs() as records:
        yield records


def _forget_first_configurations() -> None:
    """
    In a service, a logger of a module keeps the configuration that it was first used with.
    """
    proxy = type(structlog.get_logger())
    for module in list(sys.modules.values()):
        for held in list(getattr(module, "__dict__", {}).values()):
            if type(held) is proxy:
                held.__dict__.pop("bind", None)
