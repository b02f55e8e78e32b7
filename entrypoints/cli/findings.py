"""Findings of ``doorward check``, written down."""

from typing import Any

from entrypoints.settings import Finding


def finding(setting: str, message: str, cure: str = "", *, level: Any = "ok") -> Finding:
    """Return a finding."""
    return Finding(level=level, setting=setting, message=message, cure=cure)


def warning(setting: str, message: str, cure: str) -> Finding:
    """Return what should be seen to."""
    return finding(setting, message, cure, level="warning")


def error(setting: str, message: str, cure: str = "") -> Finding:
    """Return what is wrong."""
    return finding(setting, message, cure, level="error")
