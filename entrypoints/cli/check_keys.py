"""What ``doorward check`` says of service accounts: those whose keys may do everything."""

from typing import TYPE_CHECKING, Final

from application.paging import PageRequest
from domain.principal import ADMINISTRATOR, OPERATOR
from entrypoints.cli.findings import warning
from entrypoints.settings import Finding, Settings

if TYPE_CHECKING:
    from entrypoints.container import Container

_PAGE: Final = 200
_MOST_NAMED: Final = 5


async def narrow_service_accounts(container: "Container", _: Settings) -> list[Finding]:
    """Return which service accounts are administrators, if any are."""
    list_accounts = container.service().service_accounts.list
    names: list[str] = []
    cursor = None
    while True:
        page = await list_accounts(
            principal=OPERATOR, asked=PageRequest(limit=_PAGE, cursor=cursor)
        )
        names += [account.name for account in page.items if ADMINISTRATOR in account.roles]
        if (cursor := page.next_cursor) is None:
            break
    if not names:
        return []
    shown = ", ".join(f'"{name}"' for name in sorted(names)[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    message = f"Administrators, whose keys may be given every permission: {shown}{more}."
    cure = (
        "Give each a role of what it needs (`doorward roles define`, `doorward service-accounts"
        f" grant`), and take `{ADMINISTRATOR}` away."
    )
    return [warning("service accounts", message, cure)]
