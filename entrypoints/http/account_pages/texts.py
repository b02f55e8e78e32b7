"""The words of the account's pages. Another language is another table like this one.

Nothing here says whether an address has an account.
"""

from typing import Final

from entrypoints.http.account_pages.places import Place, Said
from entrypoints.http.account_pages.wording import (
    AccountTexts,
    CodesText,
    PageText,
    PasskeyTrouble,
    ProofText,
    SecurityText,
)
from entrypoints.http.pages.texts import FieldText, Notice

_NAME: Final = FieldText(
    "Name", "To tell it from others, such as “My phone”. You may leave it empty."
)
_NOTHING_CHANGED: Final = "Nothing was changed."

ENGLISH: Final = AccountTexts(
    pages={
        Place.SIGN_IN: PageText(
            title="Sign in",
            button="Sign in",
            fields={"email": FieldText("E-mail address"), "password": FieldText("Password")},
        ),
        Place.EMAIL_SIGN_IN: PageText(
            title="Sign in by mail",
            intro="We mail you a code and a link. Either signs you in, in this browser only.",
            button="Mail me a code",
            fields={"email": FieldText("E-mail address")},
        ),
        Place.MAILED_CODE: PageText(
            title="Look into your mailbox",
            intro=(
                "If there is an account with this address, a mail is on its way. Type its code"
                " here, or follow its link in this browser."
            ),
            button="Sign in",
            fields={"email_code": FieldText("Code", "The eight digits of the newest mail.")},
        ),
        Place.MAILED_SIGN_IN: PageText(
            title="Sign in",
            intro="You asked for this link in this browser. Press the button to sign in.",
            button="Sign in",
        ),
        Place.SECOND_FACTOR: PageText(
            title="Show a second factor",
            intro="That is right. This account asks for one thing more.",
        ),
        Place.STEP_UP: PageText(
            title="Is it still you?",
            intro="What comes next is about the security of your account. Show again who you are.",
        ),
        Place.SECURITY: PageText(title="Security of your account"),
        Place.AUTHENTICATOR_APP: PageText(
            title="Set up an authenticator app",
            intro=(
                "From then on signing in takes a code of the app beside your password. An app for"
                " one-time codes (TOTP) does; many password managers have one."
            ),
            button="Add the app",
            fields={
                "code": FieldText("Code", "The six digits that the app shows now."),
                "name": _NAME,
            },
        ),
        Place.PASSKEY: PageText(
            title="Add a passkey",
            intro=(
                "You then sign in with the lock of your device: a fingerprint, your face or a PIN."
                " Nothing is typed that could be stolen."
            ),
            button="Make a passkey",
            fields={"name": _NAME},
        ),
        Place.RECOVERY_CODES: PageText(
            title="Make new recovery codes?",
            intro="You get ten new codes, shown once. All older ones are void from then on.",
            button="Make new codes",
        ),
        Place.RENAME_FACTOR: PageText(
            title="Give it another name", button="Rename", fields={"name": _NAME}
        ),
        Place.REMOVE_FACTOR: PageText(
            title="Remove it?",
            intro="You cannot sign in with it any more, and have to set it up again to use it.",
            button="Remove",
        ),
    },
    proofs={
        "passkey": ProofText("Use a passkey", "Use a passkey"),
        "totp": ProofText(
            "Use the authenticator app",
            "Go on",
            FieldText("Code", "As your authenticator app shows it now."),
        ),
        "recovery_code": ProofText(
            "Use a recovery code",
            "Use this code",
            FieldText("Recovery code", "One that you have not used yet; each is good once."),
        ),
        "password": ProofText("Use the password", "Go on", FieldText("Password")),
    },
    security=SecurityText(
        signed_in_as="Signed in as",
        factors="What signing in takes beside your password",
        none=(
            "Nothing yet: whoever knows your password can sign in. Add a passkey or an"
            " authenticator app."
        ),
        added="Added",
        used="last used",
        never="not used yet",
        left="{count} of them left",
        synced="copied to your other devices",
        unusable="This can prove nothing any more. Remove it, and add it again.",
        rename="Rename",
        remove="Remove",
        more="Add more",
        add_app="Set up an authenticator app",
        add_passkey="Add a passkey",
        new_codes="Make new recovery codes",
        devices="Devices on which the password suffices",
        trusted_until="until",
        unknown_device="A device that did not say what it is",
        forget="Ask for a second factor on all of them",
        forget_one="Forget",
        sign_out="Sign out",
    ),
    codes=CodesText(
        title="Your recovery codes",
        intro=(
            "If you lose your device, each of these codes lets you sign in once, beside your"
            " password. They are shown only now."
        ),
        advice="Print this page or write the codes down, and keep them where you keep papers.",
        label="Recovery codes",
        done="I have kept them",
        account="Account",
    ),
    kinds={
        "totp": "Authenticator app",
        "passkey": "Passkey",
        "recovery_codes": "Recovery codes",
    },
    said={
        Said.ADDED: "It is added.",
        Said.RENAMED: "It has another name.",
        Said.REMOVED: "It is removed.",
        Said.ONE_FORGOTTEN: "That device is asked for a second factor again.",
        Said.FORGOTTEN: "Every device is asked for a second factor again.",
        Said.SIGNED_OUT: "You are signed out.",
    },
    passkey=PasskeyTrouble(
        missing="This browser cannot use passkeys here.",
        failed="No passkey was used. Try again, or take another way.",
        known="This device has a passkey for your account already.",
        without_script="Passkeys need a browser that runs the script of this page.",
    ),
    remember="Do not ask for it on this device again",
    otherwise="or",
    by_mail="Have a code mailed to me",
    by_other_ways="Sign in another way",
    mail_again="Have another mail sent",
    mailed_code=FieldText(
        "Code from your mailbox", "The eight digits of the mail that we just sent."
    ),
    mail_first=PageText(
        title="A code from your mailbox first",
        intro=(
            "Your account has a role that a second factor wakes. So that nobody adds one who only"
            " knows your password, we mail you a code, which is asked for on the next page."
        ),
        button="Mail me the code",
    ),
    key="Or type this key into the app",
    qr_code="QR code with the key for your authenticator app",
    enrolment_steps=(
        "Scan this code with the app.",
        "Type the code that the app shows.",
    ),
    back="Security of your account",
    cancel="Cancel",
    start_again="Start again",
    later="Nothing was changed. Try again in {wait}.",
    reasons={
        "MISSING": "Fill in this field.",
        "INVALID_CREDENTIALS": "The address and the password do not fit.",
        "INVALID_PROOF": "This is not right, or it was used before. Show another one.",
        "WRONG_CODE": "This is not the code that the app shows now.",
        "INVALID_CHALLENGE": "That took too long, or was done already. Please start again.",
        "EMAIL_NOT_VERIFIED": (
            "Your address is not confirmed yet. Open the link in the mail that you got when you"
            " signed up."
        ),
        "USER_SUSPENDED": "This account is suspended. Ask those who run this service.",
    },
    refusals={
        "FACTOR_ALREADY_ENROLLED": Notice(
            "You have this already",
            ("There is one authenticator app for an account. Remove it to set up another one.",),
        ),
        "TOO_MANY_FACTORS": Notice(
            "You have as many as there may be", ("Remove one that you no longer use first.",)
        ),
        "DEVICE_NOT_FOUND": Notice(
            "This device is not trusted", ("It may have been forgotten already.",)
        ),
        "SIGN_IN_METHOD_OFF": Notice(
            "This way to sign in is switched off", ("Sign in another way.",)
        ),
        "FACTOR_NOT_FOUND": Notice(
            "This is not there",
            ("It may have been removed already, or there is nothing yet that it could be for.",),
        ),
        "INVALID_CHALLENGE": Notice(
            "This cannot be used any more",
            ("It took too long, or was done already. " + _NOTHING_CHANGED, "Please start again."),
        ),
    },
    unreadable=Notice(
        "This did not work",
        ("What was sent is not what our page sends. " + _NOTHING_CHANGED,),
    ),
    foreign=Notice(
        "This did not work",
        (
            "The request did not come from our own page, or the page was too old. "
            + _NOTHING_CHANGED,
            "Open the page again and press the button there.",
        ),
    ),
    no_link=Notice(
        "This link cannot be used",
        ("Ask for a new one where you are signing in.",),
    ),
    code_here=Notice(
        "Your code to sign in",
        ("This is not the browser that asked for the link. Type this code where you did:",),
    ),
    no_way=Notice(
        "Sign in again",
        (
            (
                "What you want to do takes a recent sign-in, and your account has nothing that"
                " could be shown here. Sign out, sign in, and come back."
            ),
        ),
    ),
)
