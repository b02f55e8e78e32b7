"""What can be set, read once from the environment and ``.env``; see :class:`Settings`.

:func:`load_settings` reads, :func:`findings` says what is unwise or forbidden about the result,
and :func:`refusals` says which of that stops the start. Nothing else in Doorward looks at the
environment.
"""

from entrypoints.settings.findings import Finding, findings, refusals
from entrypoints.settings.loading import load_settings
from entrypoints.settings.model import Settings
from entrypoints.settings.problems import SettingsError

__all__ = ["Finding", "Settings", "SettingsError", "findings", "load_settings", "refusals"]
