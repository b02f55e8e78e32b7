"""The trail's earlier keys, in ``retired_audit_keys``."""

from sqlalchemy import bindparam, select, update

from adapters.sqlalchemy.audit.tables import retired_audit_keys
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.statements import Statement, insert_into
from application.audit.ports import RetiredAuditKeys
from domain.audit.retired_key import RetiredAuditKey, RetiredAuditKeyId

_ADD = insert_into(retired_audit_keys)
_LIST = Statement(
    select(
        retired_audit_keys.c.id, retired_audit_keys.c.sealed, retired_audit_keys.c.retired_at
    ).order_by(retired_audit_keys.c.id)
)
_RENEW = Statement(
    update(retired_audit_keys)
    .where(retired_audit_keys.c.id == bindparam("key_id"))
    .values(sealed=bindparam("sealed"))
)


class SqlAlchemyRetiredAuditKeys(RetiredAuditKeys):
    """One row for each change of SECRET_KEY."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, key: RetiredAuditKey) -> None:
        await self._execution.run(
            _ADD, id=key.id.value, sealed=key.sealed, retired_at=key.retired_at
        )

    async def list_all(self) -> list[RetiredAuditKey]:
        return [
            RetiredAuditKey(id=RetiredAuditKeyId(id_), sealed=sealed, retired_at=retired_at)
            for id_, sealed, retired_at in await self._execution.all(_LIST)
        ]

    async def renew(self, key: RetiredAuditKey) -> None:
        await self._execution.run(_RENEW, key_id=key.id.value, sealed=key.sealed)
