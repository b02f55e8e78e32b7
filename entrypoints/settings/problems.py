"""The one exception about settings."""


class SettingsError(Exception):
    """The settings cannot be used: every problem with its cure, one a line, and no value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
