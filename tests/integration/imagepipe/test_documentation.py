"""What docs/images.md says of signing and settings, tried: each snippet in its own language, where installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import imagepipe
from imagepipe.settings import read_settings

_TEXT = (Path(__file__).parents[3] / "docs" / "images.md").read_text()
_PATH, _KEY = "/images/cards", "0123456789abcdef"
_SRC = "https://e.example/a b.jpg?x=1&y=ü"
_EXPECTED = imagepipe.url(_PATH, _SRC, width=680, key=_KEY)

_CALLS = {
    "javascript": (("node", "-e"), '\nconsole.log(pictureUrl("/images/cards", {w: "680", src: SRC}, KEY))'),
    "perl": (("perl", "-e"), '\nprint picture_url("/images/cards", {w => 680, src => SRC}, KEY);'),
    "php": (("php", "-r"), '\necho picture_url("/images/cards", ["w" => "680", "src" => SRC], KEY);'),
}


def _snippet(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", _TEXT, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_vector_is_right() -> None:
    """The one that other implementations are compared with."""
    assert _snippet("text").strip() == _EXPECTED


@pytest.mark.parametrize("language", _CALLS)
def test_a_snippet_signs_as_we_do(language: str) -> None:
    """The very text of the page, run by the language's own interpreter."""
    (interpreter, option), call = _CALLS[language]
    if shutil.which(interpreter) is None:
        pytest.skip(f"no {interpreter} here")
    literal = f'"{_SRC}"' if language != "perl" else f'do {{ use utf8; "{_SRC}" }}'
    code = _snippet(language) + call.replace("SRC", literal).replace("KEY", f'"{_KEY}"')
    done = subprocess.run([interpreter, option, code], check=True, capture_output=True, text=True, timeout=20)
    assert done.stdout.strip() == _EXPECTED


def test_the_snippet_in_go_signs_as_we_do(tmp_path: Path) -> None:
    """Compiled with nothing but the standard library."""
    if shutil.which("go") is None:
        pytest.skip("no go here")
    imports = "\n".join(
        f'"{name}"' for name in ("crypto/hmac", "crypto/sha256", "encoding/base64", "fmt", "net/url", "strings")
    )
    call = f'fmt.Print(pictureURL("{_PATH}", url.Values{{"w": {{"680"}}, "src": {{"{_SRC}"}}}}, "{_KEY}"))'
    program = f"package main\nimport ({imports})\n{_snippet('go')}\nfunc main() {{ {call} }}\n"
    (tmp_path / "main.go").write_text(program)
    done = subprocess.run(["go", "run", "main.go"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == _EXPECTED


def test_the_settings_are_settings(tmp_path: Path) -> None:
    """Every name of the example."""
    file = tmp_path / "images.toml"
    file.write_text(_snippet("toml"))
    config = read_settings(file, {})
    assert [each.name for each in config.pipelines] == ["banners", "cards", "avatars"]
