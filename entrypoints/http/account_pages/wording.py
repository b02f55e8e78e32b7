"""What the account's pages have words for; a language is one :class:`AccountTexts`.

``{name}`` placeholders are filled in by :mod:`entrypoints.http.account_pages.rendering`, and
escaped.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from entrypoints.http.account_pages.places import Place, Said
from entrypoints.http.pages.texts import FieldText, Notice


@dataclass(frozen=True, slots=True)
class PageText:
    """One page: what it is about, what it asks for, and its button."""

    title: str
    intro: str = ""
    button: str = ""
    fields: Mapping[str, FieldText] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProofText:
    """One way to show who one is: how it is called where there are several, and its button."""

    choice: str
    button: str
    field: FieldText = field(default_factory=lambda: FieldText(""))


@dataclass(frozen=True, slots=True)
class SecurityText:
    """The page with everything that the account has."""

    signed_in_as: str
    factors: str
    none: str
    added: str
    used: str
    never: str
    left: str
    synced: str
    unusable: str
    rename: str
    remove: str
    more: str
    add_app: str
    add_passkey: str
    new_codes: str
    devices: str
    trusted_until: str
    unknown_device: str
    forget: str
    forget_one: str
    sign_out: str


@dataclass(frozen=True, slots=True)
class CodesText:
    """The page with new recovery codes."""

    title: str
    intro: str
    advice: str
    label: str
    done: str
    account: str


@dataclass(frozen=True, slots=True)
class PasskeyTrouble:
    """What the script says, which has no words of its own."""

    missing: str
    failed: str
    known: str
    without_script: str


@dataclass(frozen=True, slots=True)
class AccountTexts:
    """Everything that these pages say in one language.

    ``reasons`` are words for a refused field, and ``refusals`` for a refusal of the whole, by
    code; where one is missing, the rule's own words are shown.
    """

    pages: Mapping[Place, PageText]
    proofs: Mapping[str, ProofText]
    security: SecurityText
    codes: CodesText
    kinds: Mapping[str, str]
    said: Mapping[Said, str]
    passkey: PasskeyTrouble
    remember: str
    otherwise: str
    by_mail: str
    by_other_ways: str
    mail_again: str
    mailed_code: FieldText
    mail_first: PageText
    key: str
    qr_code: str
    enrolment_steps: tuple[str, ...]
    back: str
    cancel: str
    start_again: str
    later: str
    reasons: Mapping[str, str]
    refusals: Mapping[str, Notice]
    unreadable: Notice
    foreign: Notice
    no_way: Notice
    no_link: Notice
    code_here: Notice
