"""Users and their passwords: hashed, private, checked alike whether or not the user exists."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from beacon_qa.accounts import Accounts
from beacon_qa.errors import AccountError


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    """A file with one user, ada, whose password is "a longer secret"."""
    accounts = Accounts(tmp_path / "users" / "users.txt")
    accounts.add("ada", "a longer secret")
    return accounts


def test_a_user_is_let_in_with_the_right_password_only(accounts: Accounts) -> None:
    assert accounts.check("ada", "a longer secret")
    assert not accounts.check("ada", "a longer secre")
    assert not accounts.check("ada", "")
    assert not accounts.check("eve", "a longer secret")
    assert accounts.knows("ada")
    assert not accounts.knows("eve")


def test_the_file_is_private_and_holds_no_password(accounts: Accounts) -> None:
    assert stat.S_IMODE(accounts.path.stat().st_mode) == 0o600
    text = accounts.path.read_text()
    assert text.startswith("ada:scrypt:")
    assert "secret" not in text


def test_the_same_password_is_hashed_differently_for_each_user(accounts: Accounts) -> None:
    accounts.add("bob", "a longer secret")
    ada, bob = accounts.path.read_text().splitlines()
    assert ada.split(":")[-1] != bob.split(":")[-1]
    assert accounts.names() == ["ada", "bob"]
    assert accounts.check("bob", "a longer secret")


def test_adding_again_changes_the_password(accounts: Accounts) -> None:
    accounts.add("ada", "quite another one")
    assert accounts.names() == ["ada"]
    assert accounts.check("ada", "quite another one")
    assert not accounts.check("ada", "a longer secret")


def test_a_user_whose_line_is_deleted_is_out_at_once(accounts: Accounts) -> None:
    accounts.path.write_text("")
    assert not accounts.check("ada", "a longer secret")
    assert not accounts.knows("ada")


def test_a_file_that_others_can_read_is_refused(accounts: Accounts) -> None:
    accounts.path.chmod(0o644)
    with pytest.raises(AccountError, match="chmod 600"):
        accounts.check("ada", "a longer secret")


@pytest.mark.parametrize("line", ["ada", "ada:scrypt:1:2", "ada:md5:2:8:1:00:00", "ada:scrypt:x"])
def test_a_damaged_line_is_named(accounts: Accounts, line: str) -> None:
    accounts.path.write_text(f"{line}\n")
    with pytest.raises(AccountError, match="Line 1 of the file of users"):
        accounts.names()


def test_a_missing_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(AccountError, match="--add-user"):
        Accounts(tmp_path / "none").names()


@pytest.mark.parametrize("name", ["", "a:b", "../x", "a\nb", "x" * 65, "ä"])
def test_a_name_that_could_break_the_file_is_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountError, match="cannot be a user's name"):
        accounts.add(name, "a longer secret")
    assert accounts.names() == ["ada"]


def test_a_short_password_is_refused(accounts: Accounts) -> None:
    with pytest.raises(AccountError, match="7 characters"):
        accounts.add("bob", "1234567")
    assert accounts.names() == ["ada"]
