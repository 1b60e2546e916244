"""Settings of a process: which source beats which, and that a mistake is named as it was made."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from groundwork.settings import SettingError, Sources, load


@dataclass(frozen=True)
class Pond:
    depth: float = 1.0
    ducks: int = 2
    frozen: bool = False


@dataclass(frozen=True)
class Park:
    name: str = "a park"
    token: str = field(default="", repr=False)
    gates: tuple[str, ...] = ()
    heights: tuple[int, ...] = ()
    pond: Pond = field(default_factory=Pond)
    ponds: dict[str, Pond] = field(default_factory=dict)


def park(
    file: Path | None = None, *, lenient: bool = False, overrides: dict[str, object] | None = None, **env: str
) -> Park:
    others = frozenset({"PARK_HOME", "PARK_TEST_"})
    places = {"ducks": "pond.ducks"}
    return load(Park, Sources(file, env, "PARK_", others, lenient, places), overrides)


def test_the_command_line_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    file = tmp_path / "park.toml"
    file.write_text('name = "of the file"\ngates = ["north"]\n[pond]\nducks = 5\ndepth = 3')
    assert park() == Park()
    assert park(file) == Park("of the file", gates=("north",), pond=Pond(3.0, 5))
    found = park(file, PARK_NAME="of the environment", PARK_POND__DUCKS="7")
    assert (found.name, found.pond) == ("of the environment", Pond(3.0, 7))
    assert park(file, PARK_NAME="no", overrides={"name": "given", "token": None}).name == "given"


def test_texts_become_what_a_setting_takes() -> None:
    found = park(
        PARK_POND__FROZEN="true", PARK_POND__DEPTH="2", PARK_HEIGHTS="[1, 2]", PARK_PONDS='{"a": {"ducks": 1}}'
    )
    assert found == Park(heights=(1, 2), pond=Pond(2.0, frozen=True), ponds={"a": Pond(ducks=1)})


@pytest.mark.parametrize("text", ['["north", "south"]', "north,south", " north , south,"])
def test_a_list_of_texts_is_json_or_separated_by_commas(text: str) -> None:
    assert park(PARK_GATES=text).gates == ("north", "south")


def test_a_setting_may_have_a_name_of_its_own_in_the_environment() -> None:
    assert park(PARK_DUCKS="9").pond.ducks == 9


def test_other_variables_are_no_settings() -> None:
    assert park(PARK_HOME="/", PARK_TEST_PORT="1", NAME="x") == Park()
    assert park(lenient=True, PARK_BENCHES="4") == Park()


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("PARK_POND__DUCKS", "many", "PARK_POND__DUCKS is 'many'; it takes a whole number"),
        ("PARK_POND__FROZEN", "perhaps", "PARK_POND__FROZEN is 'perhaps'; it takes true or false"),
        ("PARK_POND", "deep", "PARK_POND is 'deep'; it takes a table"),
        ("PARK_BENCHES", "4", "there is no setting benches; the top level takes: gates"),
        ("PARK_POND__GEESE", "4", r"there is no setting pond\.geese; pond\. takes: depth, ducks, frozen"),
        ("PARK_NAME__FIRST", "4", "PARK_NAME|name"),
        ("PARK_TOKEN_FILE", "/nowhere", "PARK_TOKEN_FILE is /nowhere, which cannot be read"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(variable: str, text: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        park(**{variable: text})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[pond]\nducks = 'many'", r"pond\.ducks is 'many'; it takes a whole number"),
        ("[ponds.a]\ngeese = 1", r"there is no setting ponds\.a\.geese"),
        ("token = 5", "^token: Expected"),
        ("gates = ", "cannot be read"),
    ],
)
def test_a_mistake_in_the_file_names_the_setting(tmp_path: Path, text: str, said: str) -> None:
    """And never shows a secret."""
    file = tmp_path / "park.toml"
    file.write_text(text)
    with pytest.raises(SettingError, match=said):
        park(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="there is no settings file"):
        park(tmp_path / "none.toml")


def test_a_secret_is_given_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("word\n")
    assert park(PARK_TOKEN_FILE=str(file)).token == "word"
    with pytest.raises(SettingError, match="PARK_TOKEN and PARK_TOKEN_FILE are both set"):
        park(PARK_TOKEN_FILE=str(file), PARK_TOKEN="x")
