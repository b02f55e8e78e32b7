"""
Every state of every page behind a mailed link, made without a service.
"""

from starlette.responses import Response

from domain.errors import Violation
from entrypoints.http.pages.flows import FIELDS, REPEATED, Flow
from entrypoints.http.pages.rendering import form_page, notice_page
from entrypoints.http.pages.texts import ENGLISH

SECRET = "dwm_" + "Aa0-_" * 8 + "xyz"
MINIMUM = 12


def page_states() -> dict[str, Response]:
    """
    Return each page by a name that says which one it is and how it got there.
    """
    states = {
        "password needed": notice_page(ENGLISH.password_needed),
        "taken": notice_page(ENGLISH.taken, status=409),
        "unreadable": notice_page(ENGLISH.unreadable, status=400),
    }
    for flow in Flow:
        states[f"{flow}: open"] = form_page(flow, {"token": SECRET}, minimum=MINIMUM)
        states[f"{flow}: later"] = form_page(
            flow, {"token": SECRET}, minimum=MINIMUM, status=503, wait=90
        )
        states[f"{flow}: done"] = notice_page(ENGLISH.flows[flow].done)
        states[f"{flow}: refused"] = notice_page(ENGLISH.flows[flow].refused, status=400)
        if FIELDS[flow]:
            states[f"{flow}: rejected"] = _rejected(flow)
            different = Violation(REPEATED, "DIFFERENT", "The two passwords differ.")
            states[f"{flow}: different"] = form_page(
                flow, {"token": SECRET}, minimum=MINIMUM, status=422, problems=[different]
            )
    return states


def _rejected(flow: Flow) -> Response:
    named = {field.name for field in FIELDS[flow]} & {"display_name"}
    problems = [Violation(name, "TOO_LONG", "Use at most 100 characters.") for name in named]
    problems += [
        Violation(field.name, code, words)
        for field in FIELDS[flow]
        if field.kind == "password" and field.name != REPEATED
        for code, words in (
            ("TOO_SHORT", "Use at least 12 characters."),
            ("TOO_COMMON", "This is among the first that an attacker would try."),
        )
    ]
    form = {"token": SECRET, "display_name": "Ada"}
    return form_page(flow, form, minimum=MINIMUM, status=422, problems=problems)
