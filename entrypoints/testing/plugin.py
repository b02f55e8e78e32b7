"""The pytest plugin: a fixture that gives a running service, its mails and its clock.

Registered as ``doorward`` where Doorward is installed. Importing it costs next to nothing; the
service starts for the first test that asks for it.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from entrypoints.testing.service import RunningService


@pytest.fixture(scope="session")
def doorward_settings() -> Mapping[str, str]:
    """Doorward's settings in the tests; override it to set more, such as ``REFRESH_GRACE``."""
    return {}


@pytest.fixture(scope="session")
def doorward_service(doorward_settings: Mapping[str, str]) -> Iterator["RunningService"]:
    """The service that all tests of a run share."""
    from entrypoints.testing.service import RunningService

    with RunningService(doorward_settings) as service:
        yield service


@pytest.fixture
def doorward(doorward_service: "RunningService") -> "RunningService":
    """The running service, with no account, no mail and the host's time."""
    doorward_service.reset()
    return doorward_service
