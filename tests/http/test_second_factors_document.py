"""
The story of second factors, word for word, by the shell that a reader would type it into.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.http.test_readme import story as first_account
from tests.support.processes import PATIENCE, environment, free_port, started, wait_for_status

PAGE = Path(__file__).parents[2] / "docs" / "second-factors.md"

OATHTOOL = """\
#!{python}
# What an app shows: at each call the next of the three codes that are good now.
import pathlib, sys, time, pyotp
calls = pathlib.Path(__file__).with_suffix(".calls")
step = int(calls.read_text()) if calls.exists() else -1
calls.write_text(str(step + 1))
assert sys.argv[1:3] == ["--totp", "-b"]
print(pyotp.TOTP(sys.argv[3]).at(int(time.time()) + 30 * step))
"""


def blocks(kind: str) -> str:
    return "\n".join(re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.DOTALL))


def test_the_page_works_word_for_word(tmp_path: Path) -> None:
    """
    MF-1, MF-2: the app, both ways to sign in, the step-up; only the port and the app are ours.
    """
    tool = tmp_path / "oathtool"
    tool.write_text(OATHTOOL.format(python=sys.executable))
    tool.chmod(0o755)
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    given = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    # The README signs up, and goes on; what comes after the proof of the address is not needed.
    account = first_account().partition("ANSWER=")[0]
    script = f"{{ {account}\n}} >&2\n{blocks('sh')}".replace("http://127.0.0.1:8000", base)
    with started("serve", folder=tmp_path, PORT=str(port)) as process:
        wait_for_status(f"{base}/health/ready", 200, process)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env={**environment(tmp_path, {}), **given},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[:5] == [
        "SECOND_FACTOR_REQUIRED",
        "['totp', 'recovery_code']",
        "aal2",
        "['totp', 'recovery_code']",
        "rotated",
    ]
    assert len(re.findall(r"[0-9a-z]{5}-[0-9a-z]{5}", said[5])) == 10
    assert '"name":"My phone"' in said[6]


def test_the_scripts_of_the_page_are_those_that_a_browser_runs() -> None:
    """
    The same calls stand in what tests/browser runs; a page that says another would be found here.
    """
    browser = (Path(__file__).parents[1] / "browser" / "test_passkeys.py").read_text()
    for words in (
        "PublicKeyCredential.parseCreationOptionsFromJSON(begun.options)",
        "(await navigator.credentials.create({ publicKey })).toJSON()",
        "(await navigator.credentials.get({ publicKey })).toJSON()",
        "challenge: begun.challenge, proof: { passkey }",
    ):
        assert words in browser
        assert words in blocks("js")
