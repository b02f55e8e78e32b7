"""Reading the settings, and saying what is wrong with them without repeating them."""

import re
import stat
from pathlib import Path

from dotenv.parser import parse_stream
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from entrypoints.settings.model import Settings
from entrypoints.settings.problems import SettingsError


def load_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Return the settings of this process, or raise :class:`SettingsError` with every problem."""
    _ensure_folder()
    if env_file is not None:
        _ensure_readable(env_file)
    try:
        return Settings(_env_file=env_file)
    except ValidationError as failure:
        problems = [_problem(error) for error in failure.errors(include_input=False)]
    except UnicodeDecodeError:
        problems = [".env: is not UTF-8. Save it as UTF-8."]
    except OSError as failure:
        problems = [_unreadable(failure)]
    # Raised out here, so that no traceback leads back to what was read.
    raise SettingsError(sorted({problem for problem in problems if problem}))


def _ensure_folder() -> None:
    try:
        Path.cwd()
    except OSError as failure:
        what = f"The working folder cannot be used ({failure.strerror}). Start in another one."
        raise SettingsError([what]) from None


def _ensure_readable(file: Path) -> None:
    """Raise SettingsError for what stands in the file's place: it would be passed over silently."""
    try:
        mode = file.stat().st_mode
    except OSError as failure:
        if file.is_symlink():
            raise SettingsError(
                [".env: is a link that leads nowhere. Mend or remove it."]
            ) from None
        if isinstance(failure, FileNotFoundError | NotADirectoryError):
            return
        raise SettingsError([_unreadable(failure)]) from None
    if stat.S_ISDIR(mode):
        raise SettingsError([".env: is a folder. Remove it, or put a file in its place."])
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):  # to open it could take for ever
        raise SettingsError([".env: is a pipe or a socket. Remove it, or put a file in its place."])
    if stat.S_ISREG(mode):
        _ensure_understood(file)


def _ensure_understood(file: Path) -> None:
    """Raise SettingsError for lines that the parser passes over, with all that they would set."""
    try:
        with file.open(encoding="utf-8-sig") as text:
            lines = [each.original.line for each in parse_stream(text) if each.error]
    except (OSError, UnicodeDecodeError):
        return  # who reads the settings finds it, too, and says so
    if lines:
        where = f"line {lines[0]}" if len(lines) == 1 else f"lines {', '.join(map(str, lines))}"
        cure = "Write NAME=value, and close each quote on the line where it opens."
        raise SettingsError([f".env: {where} cannot be read. {cure}"])


def _unreadable(failure: OSError) -> str:
    return f".env: cannot be read ({failure.strerror}). Let this user read it, or remove it."


def _problem(error: ErrorDetails) -> str:
    """Return one line that says what is wrong and what would be right."""
    if not error["loc"]:
        return str(error["msg"]).removeprefix("Value error, ")
    setting = str(error["loc"][0])
    if error["type"] == "default_factory_not_called":
        return ""  # it follows from another problem, which has a line of its own
    if error["type"] == "extra_forbidden":
        return _unknown(setting)
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    description = Settings.model_fields[setting].description
    return f"{setting.upper()}: {message}. Expected: {description}"


def _unknown(key: str) -> str:
    # The end of a broken secret can look like a key: only what is written like one is repeated.
    if not re.fullmatch(r"[A-Za-z][A-Za-z_]{0,39}", key):
        return ".env: has a line that is no setting. Remove it."
    from difflib import get_close_matches  # only a mistake needs it

    near = get_close_matches(key.lower(), Settings.model_fields, n=1)
    cure = f"Did you mean {near[0].upper()}?" if near else "Remove it."
    return f"{key.upper()}: in .env, but there is no such setting. {cure}"
