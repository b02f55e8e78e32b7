"""
What a monitor sees: metrics where they are switched on, and the mail server's state (HD-4, OB-2).
"""

import re

from application.mail.ports import Mail, Mailer, MailServerAway
from entrypoints.lifecycle import drain_outbox
from tests.http.api_keys.holders import ACCESS_TOKENS, INTROSPECT, LEAKED_KEYS, program
from tests.http.client import Api
from tests.http.conftest import Start, every_store

LINE = re.compile(r'(#.*|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? \S+)')


class NobodyThere(Mailer):
    """
    A mail server that is away.
    """

    async def send(self, mail: Mail) -> None:
        raise MailServerAway


async def values(api: Api) -> dict[str, float]:
    """
    Return the value of each sample, by its name and labels.
    """
    answer = await api.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


async def test_without_the_switch_there_are_none(api: Api) -> None:
    """
    HD-4: off unless switched on.
    """
    assert (await api.get("/metrics")).status_code == 404


async def test_keys_introspections_and_reports_are_counted_by_outcome(start: Start) -> None:
    """
    LG-1: the labels are a few words; a request that asks twice who calls is counted once.
    """
    api = await start(metrics=True)
    _, key = await program(api, "tokens:introspect")
    _, brief = await program(api, name="Brief", expires_in=1)
    found = (await api.container.service().api_keys.authenticate(brief)).key
    async with api.units() as unit:
        found.expires_at = found.created_at
        await unit.api_keys.save(found)
        await unit.commit()
    for token in (key, "x", "y"):
        await api.send("POST", INTROSPECT, access=key, data={"token": token})
    again = {"idempotency-key": "one"}
    assert (await api.post(ACCESS_TOKENS, access=key, headers=again)).status_code == 200
    for wrong in (brief, key[:-1] + "!"):
        assert (await api.post(ACCESS_TOKENS, access=wrong)).status_code == 401
    for reported in (key, key, "x"):
        assert (await api.post(LEAKED_KEYS, {"key": reported})).status_code == 202
    counted = {name: value for name, value in (await values(api)).items() if "_total" in name}
    assert {
        name: value for name, value in counted.items() if not name.startswith("doorward_http")
    } == {
        'doorward_api_key_requests_total{outcome="accepted"}': 4,
        'doorward_api_key_requests_total{outcome="expired"}': 1,
        'doorward_api_key_requests_total{outcome="invalid"}': 1,
        'doorward_introspections_total{outcome="active"}': 1,
        'doorward_introspections_total{outcome="inactive"}': 2,
        'doorward_leak_reports_total{outcome="nothing"}': 2,
        'doorward_leak_reports_total{outcome="revoked"}': 1,
    } | {name: value for name, value in counted.items() if name.startswith("process_")}


async def test_requests_are_counted_by_template(start: Start) -> None:
    """
    LG-1: no identifier, token or address is a label; unknown paths share one.
    """
    api = await start(metrics=True)
    tokens = await api.signed_in_user()
    path = f"/api/v1/users/me/sessions/{tokens.session_id}"
    assert (await api.delete(path, access=tokens.access)).status_code == 204
    for n in range(3):
        await api.get(f"/nothing/{n}")
    found = await values(api)
    name = "doorward_http_requests_total"
    template = "/api/v1/users/me/sessions/{session_id}"
    assert found[f'{name}{{method="DELETE",route="{template}",status="204"}}'] == 1
    assert found[f'{name}{{method="GET",route="none",status="404"}}'] == 3
    seconds = f'doorward_http_request_seconds_count{{method="DELETE",route="{template}"}}'
    assert found[seconds] == 1
    text = (await api.get("/metrics")).text
    for secret in (tokens.session_id, tokens.user_id, tokens.access, "example.com"):
        assert secret not in text


@every_store
async def test_mail_that_waits_and_the_circuit_are_seen_and_nothing_is_unready(
    start: Start,
) -> None:
    """
    OB-2: the mail server is away; people still come in.
    """
    api = await start(metrics=True, mailer=NobodyThere())
    assert (await api.get("/health/ready")).json()["checks"]["mail"] == "ok"
    for number in range(6):
        await api.sign_up(f"user{number}@example.com")
    found = await values(api)
    assert found['doorward_outbox_messages{status="waiting"}'] == 6
    assert found['doorward_mail_circuit_state{state="closed"}'] == 1
    assert found["doorward_outbox_oldest_waiting_seconds"] >= 0
    await drain_outbox(api.container.service())
    found = await values(api)
    assert found['doorward_mail_circuit_state{state="open"}'] == 1
    assert found['doorward_mail_circuit_state{state="closed"}'] == 0
    assert found['doorward_outbox_messages{status="waiting"}'] == 6
    ready = await api.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["status"] == "ok"
    assert ready.json()["checks"]["mail"] == "server away, waiting"
