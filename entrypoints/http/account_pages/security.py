"""What the account has: shown, renamed, removed."""

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from application.factors.listing import ListedFactor
from domain.errors import ValidationFailed
from domain.factors.factor import FactorId, FactorNotFound
from entrypoints.http.account_pages.places import (
    FIELDS,
    NAME,
    PREFIX,
    Goal,
    Place,
    Said,
    device_in,
    factor_in,
    form_of,
    with_query,
)
from entrypoints.http.account_pages.rendering import change_page, said_page, security_page
from entrypoints.http.account_pages.texts import ENGLISH
from entrypoints.http.account_pages.visitors import Visitor, for_visitor, to
from entrypoints.http.edge.dependencies import From, Services
from entrypoints.http.edge.router import Router
from entrypoints.http.pages.flows import gaps_in

router = Router(prefix=PREFIX, include_in_schema=False, default_response_class=HTMLResponse)


@router.get("", response_model=str)
async def open_account() -> Response:
    """Lead to the page with everything."""
    return to(f"account/{Place.SECURITY}")


@router.get("/security", response_model=str)
async def open_security(request: Request, services: Services, origin: From) -> Response:
    """Show what signing in takes beside the password."""
    words = request.query_params.get("said", "")
    said = Said(words) if words in {*Said} - {Said.SIGNED_OUT} else None

    async def show(visitor: Visitor) -> Response:
        factors = await services.factors.list(principal=visitor.principal)
        devices = await services.factors.list_devices(principal=visitor.principal)
        return security_page(factors, devices, email=visitor.email, csrf=visitor.csrf, said=said)

    return await for_visitor(request, services, origin, show, here=Goal())


@router.get("/rename-factor", response_model=str)
async def open_rename(request: Request, services: Services, origin: From) -> Response:
    """Ask for another name."""
    return await _open_change(Place.RENAME_FACTOR, request, services, origin)


@router.post("/rename-factor", response_model=str)
async def rename(request: Request, services: Services, origin: From) -> Response:
    """Give a factor another name."""
    place = Place.RENAME_FACTOR
    form = await form_of(place, request)
    factor_id = factor_in(form) if form else None
    if form is None or factor_id is None:
        return said_page(ENGLISH.unreadable, status=400)

    async def save(visitor: Visitor) -> Response:
        try:
            if problems := gaps_in(FIELDS[place], form):
                raise ValidationFailed(details=problems)
            await services.factors.rename(
                principal=visitor.principal, factor_id=factor_id, name=form[NAME.name]
            )
        except ValidationFailed as refusal:
            about = await _one(services, visitor, factor_id)
            return change_page(
                place,
                form,
                csrf=visitor.csrf,
                about=about,
                status=422,
                problems=refusal.details,
            )
        return to(with_query(Place.SECURITY, {"said": Said.RENAMED}))

    here = Goal(place, factor_id)
    return await for_visitor(request, services, origin, save, here=here, form=form)


@router.get("/remove-factor", response_model=str)
async def open_removal(request: Request, services: Services, origin: From) -> Response:
    """Ask once more."""
    return await _open_change(Place.REMOVE_FACTOR, request, services, origin)


@router.post("/remove-factor", response_model=str)
async def remove(request: Request, services: Services, origin: From) -> Response:
    """Remove a factor."""
    form = await form_of(Place.REMOVE_FACTOR, request)
    factor_id = factor_in(form) if form else None
    if form is None or factor_id is None:
        return said_page(ENGLISH.unreadable, status=400)

    async def take_away(visitor: Visitor) -> Response:
        await services.factors.remove(
            principal=visitor.principal, factor_id=factor_id, origin=origin
        )
        return to(with_query(Place.SECURITY, {"said": Said.REMOVED}))

    here = Goal(Place.REMOVE_FACTOR, factor_id)
    return await for_visitor(request, services, origin, take_away, here=here, form=form)


@router.post("/forget-device", response_model=str)
async def forget_device(request: Request, services: Services, origin: From) -> Response:
    """Ask for a second factor on one device again."""
    form = await form_of(Place.FORGET_DEVICE, request)
    device_id = device_in(form) if form else None
    if form is None or device_id is None:
        return said_page(ENGLISH.unreadable, status=400)

    async def forget(visitor: Visitor) -> Response:
        await services.factors.forget_devices(
            principal=visitor.principal, origin=origin, device_id=device_id
        )
        return to(with_query(Place.SECURITY, {"said": Said.ONE_FORGOTTEN}))

    return await for_visitor(request, services, origin, forget, here=Goal(), form=form)


@router.post("/forget-devices", response_model=str)
async def forget_devices(request: Request, services: Services, origin: From) -> Response:
    """Ask for a second factor on every device again."""
    form = await form_of(Place.FORGET_DEVICES, request)
    if form is None:
        return said_page(ENGLISH.unreadable, status=400)

    async def forget(visitor: Visitor) -> Response:
        await services.factors.forget_devices(principal=visitor.principal, origin=origin)
        return to(with_query(Place.SECURITY, {"said": Said.FORGOTTEN}))

    return await for_visitor(request, services, origin, forget, here=Goal(), form=form)


async def _open_change(
    place: Place, request: Request, services: Services, origin: From
) -> Response:
    factor_id = factor_in(request.query_params)
    here = Goal(place, factor_id) if factor_id else Goal()

    async def ask(visitor: Visitor) -> Response:
        # Asked for here already, so that the button does at once what it says.
        services.kernel.freshness.ensure(visitor.principal)
        about = await _one(services, visitor, factor_id)
        return change_page(
            place, {NAME.name: about.factor.name or ""}, csrf=visitor.csrf, about=about
        )

    return await for_visitor(request, services, origin, ask, here=here)


async def _one(services: Services, visitor: Visitor, factor_id: FactorId | None) -> ListedFactor:
    for listed in await services.factors.list(principal=visitor.principal):
        if listed.factor.id == factor_id:
            return listed
    raise FactorNotFound
