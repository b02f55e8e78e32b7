"""Memory, SQLite and PostgreSQL are driven with the same commands and must look the same.

The commands are the moves of the use cases, with stale copies and rollbacks in between. After
each one every observable answer of the stores is compared, and what the command itself said.
"""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from adapters.memory.store import MemoryStore
from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.email_address import EmailAddress
from domain.errors import DomainError
from domain.identifiers import UserId
from domain.one_time_token import OneTimeToken, Purpose
from domain.session import EndReason, RefreshToken, Session
from domain.user import User
from tests.contracts.samples import HOUR, MINUTE, NOW, POLICY, SECOND, a_session, a_token, values_of
