"""``doorward audit …``: what happened."""

from typing import Annotated

from cyclopts import App, Parameter

from application.audit.ports import AuditQuery
from domain.principal import OPERATOR
from entrypoints.cli.exits import REFUSED, say
from entrypoints.cli.printing import Progress, print_json, print_line, print_table
from entrypoints.cli.service import Services, in_service
from entrypoints.cli.whole_lists import every
from entrypoints.representations.audit import audit_event_body

audit = App(name="audit")
_COLUMNS = ("occurred_at", "type", "outcome", "reason", "actor", "target", "ip_address")


@audit.command(name="list")
def list_events(
    *,
    actor: str | None = None,
    target: str | None = None,
    type: str | None = None,  # noqa: A002 - the option's name
    limit: int = 1000,
    json: bool = False,
) -> None:
    """List what happened, the newest first.

    Parameters
    ----------
    actor:
        Only the doings of this id.
    target:
        Only what happened to this id.
    type:
        Only this type, such as session.refused.
    limit:
        No more than that many.
    json:
        Print JSON.
    """
    query = AuditQuery(actor=actor, target=target, type=type)
    found = in_service(
        lambda services: every(
            lambda asked: services.audit.list_events(principal=OPERATOR, query=query, asked=asked),
            unit="rows",
            at_most=limit,
        )
    )
    rows = [audit_event_body(event) for event in found]
    if json:
        print_json(rows)
        return
    for row in rows:
        for party in ("actor", "target"):
            if row[party] is not None:
                row[party] = " ".join(part for part in row[party].values() if part)
    print_table(rows, _COLUMNS)


@audit.command
def verify(*, json: bool = False) -> None:
    """Read the whole trail and say whether it is as it was written.

    Keep the head that is printed elsewhere: with it you can tell an older copy of the database.
    """
    with Progress("rows") as progress:
        found = in_service(
            lambda services: services.audit.verify(principal=OPERATOR, progress=progress.reached)
        )
    findings = [
        {"fault": each.fault.value, "position": each.position, "event_id": each.event_id}
        for each in found.findings
    ]
    if json:
        head = {"position": found.head.position, "link": found.head.link.hex()}
        print_json(
            {
                "intact": not findings,
                "rows": found.rows,
                "not_yet_chained": found.loose,
                "head": head,
                "findings": findings,
            }
        )
    else:
        print(f"{found.rows} rows chained, {found.loose} not yet.")
        print(f"head {found.head.position} {found.head.link.hex()}")
    for each in findings:
        place = "" if each["position"] is None else f" at {each['position']}"
        say(f"{each['fault']}{place} {each['event_id'] or ''}".rstrip())
    if findings:
        raise SystemExit(REFUSED)


@audit.command
def export(*, json: Annotated[bool, Parameter(negative="")] = True) -> None:
    """Print the chained trail as JSON lines, the oldest first, with place, link and seal.

    Parameters
    ----------
    json:
        The only form that there is.
    """
    del json
    in_service(_export)


async def _export(services: Services) -> None:
    position = 0
    with Progress("rows") as progress:
        while rows := await services.audit.verify.read(principal=OPERATOR, after=position):
            for row in rows:
                seal = row.event.seal
                print_line(
                    {
                        **audit_event_body(row.event),
                        "position": row.position,
                        "link": row.link.hex(),
                        "seal": seal and seal.hex(),
                    }
                )
            position = rows[-1].position
            progress.reached(position)
