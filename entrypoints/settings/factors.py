"""What can be set about how users show who they are."""

from pydantic import Field
from pydantic_settings import BaseSettings

from entrypoints.settings.seconds import Seconds


class FactorSettings(BaseSettings):
    """Part of :class:`~entrypoints.settings.model.Settings`."""

    reauthentication_max_age: Seconds = Field(
        300, description="Seconds after a proof in which dangerous requests need no other."
    )
