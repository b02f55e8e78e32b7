"""
A user's life with the client of openapi-python-client. Type-checked together with that client.
"""

import sys
from uuid import UUID

from doorward_client import AuthenticatedClient, Client
from doorward_client.api.development import list_mails
from doorward_client.api.my_account import change_my_profile, list_my_sessions, read_my_account
from doorward_client.api.sessions import refresh_session, sign_in, sign_out
from doorward_client.api.sign_up import confirm_email, request_email_verification, sign_up
from doorward_client.models.accepted_answer import AcceptedAnswer
from doorward_client.models.email_request import EmailRequest
from doorward_client.models.error_envelope import ErrorEnvelope
from doorward_client.models.mailbox import Mailbox
from doorward_client.models.profile_request import ProfileRequest
from doorward_client.models.refresh_request import RefreshRequest
from doorward_client.models.session_list_answer import SessionListAnswer
from doorward_client.models.sign_in_request import SignInRequest
from doorward_client.models.sign_up_answer import SignUpAnswer
from doorward_client.models.sign_up_request import SignUpRequest
from doorward_client.models.signed_in_answer import SignedInAnswer
from doorward_client.models.token_answer import TokenAnswer
from doorward_client.models.token_request import TokenRequest
from doorward_client.models.user_answer import UserAnswer
from doorward_client.models.verified_user_answer import VerifiedUserAnswer
from doorward_client.types import Unset

EMAIL, PASSWORD = "python@example.com", "violet kettle hums softly"


def main(base_url: str) -> None:
    """
    Sign up, verify, sign in, change the profile, refresh, look at the sessions, sign out.
    """
    anyone = Client(base_url=base_url)
    made = sign_up.sync(client=anyone, body=SignUpRequest(email=EMAIL, password=PASSWORD))
    assert isinstance(made, SignUpAnswer), made
    assert made.data.status == "unverified"
    again = request_email_verification.sync(client=anyone, body=EmailRequest(email=EMAIL))
    assert isinstance(again, AcceptedAnswer), again
    assert again.data is None
    mailbox = list_mails.sync(client=anyone)
    assert isinstance(mailbox, Mailbox), mailbox
    secret = next(mail.token for mail in mailbox.data if mail.to == EMAIL)
    assert secret is not None
    verified = confirm_email.sync(client=anyone, body=TokenRequest(token=secret))
    assert isinstance(verified, VerifiedUserAnswer), verified
    assert verified.data.password_reset_required is False

    # No transport: it has a default, and may be left out.
    grant = sign_in.sync(client=anyone, body=SignInRequest(email=EMAIL, password=PASSWORD))
    assert isinstance(grant, SignedInAnswer), grant
    access, refresh = grant.data.access_token, grant.data.refresh_token
    assert not isinstance(access, Unset)
    assert not isinstance(refresh, Unset)
    user_id: UUID = grant.data.user.id

    signed_in = AuthenticatedClient(base_url=base_url, token=access)
    shown = read_my_account.sync_detailed(client=signed_in)
    assert isinstance(shown.parsed, UserAnswer), shown
    assert shown.parsed.data.id == user_id
    assert shown.parsed.data.email_verified_at is not None
    seen: str = shown.headers["etag"]
    named = ProfileRequest(display_name="Ada")
    changed = change_my_profile.sync(client=signed_in, body=named, if_match=seen)
    assert isinstance(changed, UserAnswer), changed
    assert changed.data.display_name == "Ada"
    late = change_my_profile.sync(client=signed_in, body=named, if_match=seen)
    assert isinstance(late, ErrorEnvelope), late
    assert late.error.code == "PRECONDITION_FAILED"

    fresh = refresh_session.sync(client=anyone, body=RefreshRequest(refresh_token=refresh))
    assert isinstance(fresh, TokenAnswer), fresh
    assert fresh.data.refresh_outcome == "rotated"
    assert not isinstance(fresh.data.access_token, Unset)
    signed_in = AuthenticatedClient(base_url=base_url, token=fresh.data.access_token)
    sessions = list_my_sessions.sync(client=signed_in, limit=10)
    assert isinstance(sessions, SessionListAnswer), sessions
    assert [session.current for session in sessions.data] == [True]
    assert sessions.meta.next_cursor is None
    assert sign_out.sync_detailed(client=signed_in).status_code == 204
    refused = read_my_account.sync(client=signed_in)
    assert isinstance(refused, ErrorEnvelope), refused
    assert refused.error.code == "SESSION_ENDED"


if __name__ == "__main__":
    main(sys.argv[1])
