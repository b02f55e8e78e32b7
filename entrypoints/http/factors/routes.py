"""The routes of factors, collected."""

from application.factors.methods import SignInMethodOff
from application.factors.sign_in import InvalidCredentials, SecondFactorRequired
from domain.assurance import StepUpRequired
from domain.factors.challenge import InvalidChallenge
from domain.factors.device import DeviceNotFound
from domain.factors.factor import (
    FactorAlreadyEnrolled,
    FactorNotFound,
    InvalidProof,
    TooManyFactors,
)
from entrypoints.http.factors import (
    administration,
    devices,
    mailed_codes,
    own,
    passkey_sign_in,
    passkeys,
    sign_in,
    step_up,
    undo,
)
from entrypoints.http.room import Room, Tag

ROOM = Room(
    routers=(
        sign_in.router,
        passkey_sign_in.router,
        mailed_codes.router,
        step_up.router,
        own.router,
        passkeys.router,
        devices.router,
        administration.router,
        undo.router,
    ),
    public=frozenset(
        {
            ("POST", "/api/v1/sessions"),
            ("POST", "/api/v1/factor-undos/confirm"),
            ("POST", "/api/v1/sign-in-codes"),
            ("POST", "/api/v1/passkeys/challenges"),
            ("GET", "/.well-known/webauthn"),
        }
    ),
    errors=(
        InvalidCredentials,
        SecondFactorRequired,
        InvalidProof,
        StepUpRequired,
        SignInMethodOff,
        InvalidChallenge,
        FactorNotFound,
        DeviceNotFound,
        FactorAlreadyEnrolled,
        TooManyFactors,
    ),
    tags=(Tag("My factors", "What signing in takes of the caller beside a password."),),
)
