"""Keys of the server: told once, kept as hashes in a private file, withdrawn by a line."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from beacon_qa.cli import main
from beacon_qa.errors import AccountError
from beacon_qa.keys import Keys


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """A file of keys that is not there yet."""
    return Keys(tmp_path / "served" / "api-keys")


def test_a_key_is_known_by_its_name_and_no_other_is(keys: Keys) -> None:
    ada, bob = keys.new("ada"), keys.new("bob")
    assert (keys.owner(ada), keys.owner(bob)) == ("ada", "bob")
    assert keys.names() == ["ada", "bob"]
    for other in ("", ada[:-1], ada + "x", ada.upper(), "ada", "\udcff"):
        assert keys.owner(other) is None


def test_the_file_is_private_and_holds_no_key(keys: Keys) -> None:
    key = keys.new("ada")
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    text = keys.path.read_text()
    assert text.startswith("ada:sha256:")
    assert key not in text
    assert key.removeprefix("bqa-") not in text


def test_keys_are_long_and_never_the_same(keys: Keys) -> None:
    made = {keys.new("ada") for _ in range(5)}
    assert len(made) == 5
    assert all(len(key) >= 43 for key in made)


def test_a_new_key_ends_the_old_one_of_its_name(keys: Keys) -> None:
    old, other = keys.new("ada"), keys.new("bob")
    new = keys.new("ada")
    assert keys.owner(old) is None
    assert (keys.owner(new), keys.owner(other)) == ("ada", "bob")


def test_a_key_whose_line_is_deleted_is_withdrawn_at_once(keys: Keys) -> None:
    ada, bob = keys.new("ada"), keys.new("bob")
    lines = keys.path.read_text().splitlines(keepends=True)
    keys.path.write_text(lines[1])
    assert keys.owner(ada) is None
    assert keys.owner(bob) == "bob"


def test_a_file_that_is_not_there_has_no_keys(keys: Keys) -> None:
    assert keys.names() == []
    assert keys.owner("bqa-x") is None
    assert not keys.path.exists()


@pytest.mark.parametrize("name", ["", "a:b", "a b", "../x", "x" * 65, "-a", "a\nb"])
def test_a_name_that_could_break_the_file_is_refused(keys: Keys, name: str) -> None:
    with pytest.raises(AccountError, match="cannot be a key's name"):
        keys.new(name)
    assert not keys.path.exists()


def test_a_file_that_others_can_read_is_refused(keys: Keys) -> None:
    key = keys.new("ada")
    keys.path.chmod(0o640)
    with pytest.raises(AccountError, match="chmod 600"):
        keys.owner(key)


@pytest.mark.parametrize("line", ["ada", "ada:md5:00", f"a b:sha256:{'0' * 64}", "ada:sha256:0"])
def test_a_damaged_line_is_named(keys: Keys, line: str) -> None:
    keys.new("ada")
    with keys.path.open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(AccountError, match="Line 2 of the file of keys"):
        keys.names()


def test_a_folder_is_no_file_of_keys(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(AccountError, match="cannot be used"):
        Keys(tmp_path).names()


def test_the_command_line_makes_a_key_and_tells_it_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--new-key", "ada", "--shelf", str(tmp_path / "shelf")]) == 0
    said = capsys.readouterr()
    keys = Keys(tmp_path / "shelf" / "api-keys")
    assert keys.owner(said.out.strip()) == "ada"
    assert "not shown again" in said.err
    assert main(["serve", "--new-key", "a b", "--shelf", str(tmp_path / "shelf")]) == 2
    assert keys.names() == ["ada"]
