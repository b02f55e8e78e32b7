"""
Terminals and shells that do not speak UTF-8, or begin with a byte-order mark.
"""

import codecs
import io
import json
from pathlib import Path

import pytest

from entrypoints.cli.reading import first_line
from tests.support.processes import doorward_in_bytes

NAME = "Zoë Ωmega 阿達 👩\u200d🔬"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
PASSWORD = "violet kettle hums söftly"
COMMANDS = [
    ["users", "list"],
    ["users", "list", "--json"],
    ["users", "export", "ada@example.com"],
    ["users", "create", "--email", "ada@example.com", "--display-name", NAME],
    ["users", "show", "nöbody"],
    ["users", "frobnicäte"],
]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_every_command_prints_on_every_terminal(
    sqlite_url: str, tmp_path: Path, encoding: str
) -> None:
    """
    OP-2: what the terminal cannot show comes escaped; JSON stays JSON, and the same.
    """
    made = doorward_in_bytes(
        "users", "create", "--email", "ada@example.com", "--display-name", NAME, "--json",
        folder=tmp_path, DATABASE_URL=sqlite_url, PYTHONIOENCODING=encoding,
    )  # fmt: skip
    assert (made.returncode, made.stderr) == (0, b"")
    assert json.loads(made.stdout.decode(encoding))["display_name"] == NAME
    for command in COMMANDS:
        done = doorward_in_bytes(
            *command, folder=tmp_path, DATABASE_URL=sqlite_url, PYTHONIOENCODING=encoding
        )
        told = done.stderr.decode(encoding)
        assert "Traceback" not in told, command
        assert done.returncode in {0, 1, 2, 3}, (command, told)
        answer = done.stdout.decode(encoding)
        if "--json" in command:
            assert json.loads(answer)[0]["display_name"] == NAME
        elif "export" in command:
            assert NAME in json.dumps(json.loads(answer), ensure_ascii=False)
        elif command == ["users", "list"]:
            assert ("Zoë" if encoding != "ascii" else "Zo\\xeb") in answer


def test_a_table_shows_joined_letters_and_flags_and_nothing_hidden() -> None:
    from entrypoints.cli.printing import _cell

    assert _cell(NAME) == NAME
    assert _cell(f"Ada {ENGLAND}") == f"Ada {ENGLAND}"
    assert _cell(f"Ada{ENGLAND[1:]}") == "Ada" + "?" * 6
    assert _cell("a\u202eb\u200bc\x1b[2J\nd") == "a?b?c?[2J?d"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "", "\r\nsecond line\r\n"], ids=ascii)
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
@pytest.mark.parametrize("line", [PASSWORD, "ਊ\u0a00Ċਊ nine bytes of 0A ਊ", "", "x", "🦊🦊"])
def test_a_byte_order_mark_and_the_end_of_the_line_are_no_part_of_a_line(
    line: str, mark: bytes, encoding: str, ending: str
) -> None:
    """
    PW-5: as PowerShell writes them, and cmd, and any shell; a letter may hold the byte 0A.
    """
    piped = io.BytesIO(mark + (line + ending).encode(encoding))
    assert first_line(piped, encoding="utf-8") == line


def test_only_the_first_mark_is_taken_off_and_only_in_front() -> None:
    twice = io.BytesIO(codecs.BOM_UTF8 + "\ufeffa\ufeff\n".encode())
    assert first_line(twice, encoding="utf-8") == "\ufeffa\ufeff"


@pytest.mark.parametrize(
    "piped",
    [b"violet kettle \xff\n", codecs.BOM_UTF16_LE + b"a\x00b", codecs.BOM_UTF8 + b"\xff\n",
     codecs.BOM_UTF16_LE + b"\x00\xd8\n\x00"],
)  # fmt: skip
def test_what_is_no_text_comes_back_as_what_no_rule_lets_through(piped: bytes) -> None:
    line = first_line(io.BytesIO(piped), encoding="utf-8")
    assert any("\ud800" <= character <= "\udfff" for character in line)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_password_from_powershell_is_the_one_that_signs_in(
    sqlite_url: str, tmp_path: Path, encoding: str
) -> None:
    """
    PW-5: exactly as long as a minimum that a byte-order mark would have reached.
    """
    short, enough = "fourteen chars", "fifteen chars 1"
    for password, code in ((short, 1), (enough, 0)):
        done = doorward_in_bytes(
            "users", "create", "--email", "ada@example.com", "--verified", "--password-stdin",
            folder=tmp_path, stdin=f"{password}\r\n".encode(encoding), DATABASE_URL=sqlite_url,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert (b"TOO_SHORT" in done.stderr) == (code == 1)
