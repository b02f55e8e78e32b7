"""API keys, each with whether its owner was told that it ends."""

from dataclasses import dataclass, replace
from datetime import datetime

from adapters.memory.store import Table
from domain.api_keys.api_key import ApiKey
from domain.identifiers import ApiKeyId


@dataclass(slots=True)
class KeptKey:
    """A key, and when its owner was told that it ends."""

    key: ApiKey
    notice_at: datetime | None = None


API_KEYS = Table[ApiKeyId, KeptKey](
    "api_keys",
    lambda kept: KeptKey(replace(kept.key), kept.notice_at),
    section="api_keys",
    owner=lambda kept: kept.key.owner,
    digest=lambda kept: (kept.key.digest,),
)
