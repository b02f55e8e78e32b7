"""The peer: fastapi-users as its own documentation shows it, with JWT, SQLAlchemy and asyncpg.

Run from ``.venv-bench``, for fastapi-users refuses the SQLAlchemy that Doorward is built on; so
nothing of Doorward can be imported here. The hash parameters are Doorward's; its token is signed
with a shared secret, which costs about a twentieth of a public-key signature.
"""

import os
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi_users import (  # type: ignore[import-not-found]
    BaseUserManager,
    FastAPIUsers,
    UUIDIDMixin,
    schemas,
)
from fastapi_users.authentication import (  # type: ignore[import-not-found]
    AuthenticationBackend,
    BearerTransport,
    JWTStrategy,
)
from fastapi_users.db import (  # type: ignore[import-not-found]
    SQLAlchemyBaseUserTableUUID,
    SQLAlchemyUserDatabase,
)
from fastapi_users.password import PasswordHelper  # type: ignore[import-not-found]
from pwdlib import PasswordHash  # type: ignore[import-not-found]
from pwdlib.hashers.argon2 import Argon2Hasher  # type: ignore[import-not-found]
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

_SECRET = os.environ["PEER_SECRET"]


class _Base(DeclarativeBase):
    pass


class User(SQLAlchemyBaseUserTableUUID, _Base):  # type: ignore[misc]
    """A user, with the columns that fastapi-users gives one."""

    __tablename__ = "peer_users"


engine = create_async_engine(os.environ["PEER_DATABASE"], pool_size=10, max_overflow=0)
new_session = async_sessionmaker(engine, expire_on_commit=False)
hasher = PasswordHelper(
    PasswordHash(
        (
            Argon2Hasher(
                time_cost=int(os.environ["ARGON2_TIME_COST"]),
                memory_cost=int(os.environ["ARGON2_MEMORY_KIB"]),
                parallelism=int(os.environ["ARGON2_PARALLELISM"]),
            ),
        )
    )
)


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):  # type: ignore[misc]
    """Nothing of its own."""

    reset_password_token_secret = _SECRET
    verification_token_secret = _SECRET


async def get_session() -> AsyncGenerator[AsyncSession]:
    """Open a session for one request."""
    async with new_session() as session:
        yield session


async def get_user_db(
    session: Annotated[AsyncSession, Depends(get_session)],
) -> AsyncGenerator[Any]:
    """Return the adapter that fastapi-users reads users through."""
    yield SQLAlchemyUserDatabase(session, User)


async def get_user_manager(user_db: Annotated[Any, Depends(get_user_db)]) -> AsyncGenerator[Any]:
    """Return the manager for one request."""
    yield UserManager(user_db, hasher)


def _strategy() -> Any:
    return JWTStrategy(secret=_SECRET, lifetime_seconds=3600)


backend = AuthenticationBackend(
    name="jwt", transport=BearerTransport(tokenUrl="auth/jwt/login"), get_strategy=_strategy
)
users = FastAPIUsers[User, uuid.UUID](get_user_manager, [backend])


async def _prepare() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(_Base.metadata.create_all)
    async with new_session() as session:
        session.add(
            User(
                email=os.environ["PEER_EMAIL"],
                hashed_password=hasher.hash(os.environ["PEER_PASSWORD"]),
                is_active=True,
                is_verified=True,
                is_superuser=False,
            )
        )
        await session.commit()


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncGenerator[None]:
    # Once only: a start that is timed finds table and account there, as Doorward's does.
    if os.environ["PEER_EMAIL"]:
        await _prepare()
    yield
    await engine.dispose()


application = FastAPI(lifespan=_lifespan)
application.include_router(users.get_auth_router(backend), prefix="/auth/jwt")
application.include_router(
    users.get_users_router(schemas.BaseUser[uuid.UUID], schemas.BaseUserUpdate), prefix="/users"
)
