from tests.cli.operator import Operator


def test_a_service_account_is_made_shown_given_roles_suspended_and_removed(
    operators: Operator,
) -> None:
    """
    By its name in whichever case, or by its id.
    """
    operators.told("roles", "define", "billing", "--permission", "invoices:write")
    made = operators.json("service-accounts", "create", "Invoices", "--description", "Nightly run")
    assert (made["name"], made["status"], made["roles"]) == ("Invoices", "active", [])
    assert operators.told("service-accounts", "grant", "invoices", "billing") == (
        "invoices has billing.\n"
    )
    shown = operators.json("service-accounts", "show", made["id"])
    assert (shown["roles"], shown["description"]) == (["billing"], "Nightly run")
    assert operators.json("service-accounts", "list") == [shown]
    told = operators.told("service-accounts", "suspend", "Invoices", "--reason", "Runs wild")
    assert told == f"{made['id']}  Invoices  suspended\n"
    assert operators.json("service-accounts", "reinstate", "Invoices")["status"] == "active"
    operators.told("service-accounts", "revoke", "Invoices", "billing")
    asked = operators.run("service-accounts", "remove", "Invoices")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "--yes" in asked.stderr
    told = operators.told("service-accounts", "remove", "Invoices", "--yes")
    assert told == f"{made['id']} removed.\n"
    assert operators.json("service-accounts", "list") == []


def test_what_is_not_there_ends_with_3_and_what_a_rule_refuses_with_1(operator: Operator) -> None:
    operator.told("service-accounts", "create", "mailer")
    twice = operator.run("service-accounts", "create", "MAILER")
    assert (twice.returncode, twice.stderr.partition(":")[0]) == (
        1, "SERVICE_ACCOUNT_ALREADY_EXISTS",
    )  # fmt: skip
    assert operator.run("service-accounts", "create", " ").returncode == 1
    for words in (
        ("show", "nobody"),
        ("show", "00000000-0000-7000-8000-000000000000"),
        ("suspend", "nobody"),
        ("remove", "nobody", "--yes"),
        ("grant", "nobody", "user"),
        ("grant", "mailer", "nothing"),
    ):
        assert operator.run("service-accounts", *words).returncode == 3, words


def test_lists_are_tables_for_people(operator: Operator) -> None:
    operator.told("service-accounts", "create", "mailer")
    told = operator.told("service-accounts", "list").splitlines()
    assert told[0].split() == ["ID", "NAME", "STATUS", "ROLES", "CREATED", "AT", "DESCRIPTION"]
    assert operator.told("service-accounts", "show", "mailer").splitlines() == told


def test_a_list_is_read_to_its_end(operator: Operator) -> None:
    """
    Over the end of a page, which is read in pieces of 200.
    """
    import sqlite3

    first = operator.json("service-accounts", "create", "a0")
    database = operator.url.removeprefix("sqlite:///")
    with sqlite3.connect(database) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(service_accounts)")]
        (row,) = connection.execute(f"SELECT {', '.join(columns)} FROM service_accounts")
        others = [dict(zip(columns, row, strict=True)) for _ in range(200)]
        identifier = row[columns.index("id")]
        for number, each in enumerate(others, 1):
            tail = f"{number:012x}"
            each["id"] = (
                identifier[:-6] + number.to_bytes(6)
                if isinstance(identifier, bytes)
                else identifier[:-12] + tail
            )
            each["name"] = each["name_key"] = f"a{number}"
        connection.executemany(
            f"INSERT INTO service_accounts VALUES ({', '.join(':' + name for name in columns)})",
            others,
        )
    connection.close()
    listed = operator.json("service-accounts", "list")
    assert len({each["id"] for each in listed}) == 201
    assert first["id"] in {each["id"] for each in listed}
