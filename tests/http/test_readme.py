"""
The README's first account, word for word, by the shell that a reader would type it into.
"""

import re
import subprocess
from pathlib import Path

from tests.support.processes import PATIENCE, environment, free_port, started, wait_for_status

README = Path(__file__).parents[2] / "README.md"


def story() -> str:
    section = README.read_text().split("## The first account", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return "\n".join(block for block in blocks if "make run" not in block)


def test_the_readme_works_word_for_word(tmp_path: Path) -> None:
    """
    From sign-up to sign-out by the commands as they are printed; only the port is ours.
    """
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with started("serve", folder=tmp_path, PORT=str(port)) as process:
        wait_for_status(f"{base}/health/ready", 200, process)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", story().replace("http://127.0.0.1:8000", base)],
            env=environment(tmp_path, {}),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    out = done.stdout
    steps = [
        '"unverified"',
        '"password_reset_required":false',
        '"last_signed_in_at"',
        '"current":true',
    ]
    assert [step for step in steps if step not in out] == []
    assert '"SESSION_ENDED"' in out
    assert '"SIGNED_OUT"' in out
    assert out.count('"error"') == 1
