"""
Logging belongs to the whole process: what one test sets up, the next one must not find.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


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
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        structlog.configure(**configuration)
        root.handlers, root.level = handlers, level
        for name, logger in root.manager.loggerDict.items():
            if isinstance(logger, logging.Logger):
                found = before.get(name, (logging.NOTSET, [], True))
                logger.level, logger.handlers, logger.propagate = found
                logger._cache.clear()  # type: ignore[attr-defined]
