"""The Dockerfile makes a small image without root, from the packages that the project ships and no others."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def stages() -> list[list[tuple[str, str]]]:
    """Instructions as (word, rest), line continuations joined, by stage."""
    text = re.sub(r"\\\n", " ", DOCKERFILE)
    found: list[list[tuple[str, str]]] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        if not found:
            continue  # arguments of the FROM lines themselves
        found[-1].append((word, rest.strip()))
    return found


def values(stage: list[tuple[str, str]], word: str) -> list[str]:
    return [rest for one, rest in stage if one == word]


def test_the_image_runs_without_root() -> None:
    """By number, as Kubernetes' runAsNonRoot wants it, and by the one that owns /data and that the chart runs as."""
    _, final = stages()
    (user,) = values(final, "USER")
    uid, gid = user.split(":")
    assert int(uid) > 0
    assert f"--mode=0700 --owner={uid} --group={gid} /data" in values(final, "RUN")[0]
    assert f"runAsUser: {uid}" in (ROOT / "helm/templates/_pod.tpl").read_text(encoding="utf-8")


def test_the_last_stage_brings_no_tool_and_no_source() -> None:
    """Two stages on the same base; the last takes the finished environment and installs nothing."""
    build, final = stages()
    assert values(build, "FROM")[0].split()[0] == values(final, "FROM")[0]
    assert values(final, "COPY") == ["--from=build /opt/spiderduck /opt/spiderduck"]
    assert not any("pip" in line or "apt" in line for line in values(final, "RUN"))


def test_the_python_is_one_that_the_project_supports() -> None:
    """The base image's version is not below requires-python."""
    assert [line[0][1] for line in stages()] == ["${BASE} AS build", "${BASE}"]
    found = re.search(r"^ARG BASE=python:3\.(\d+)-slim$", DOCKERFILE, re.MULTILINE)
    assert found
    assert int(found[1]) >= int(PROJECT["project"]["requires-python"].rpartition(".")[2])


def test_every_package_goes_in_and_nothing_else() -> None:
    """The packages copied are those of the wheel, so that neither tests nor benchmarks are shipped."""
    copied = {line.split()[0] for line in values(stages()[0], "COPY")}
    files = {"requirements", "pyproject.toml"}  # the last names README.md and LICENSE on its line
    assert copied - files == PACKAGES
    assert all((ROOT / package / "__init__.py").is_file() for package in PACKAGES)


def test_what_is_copied_is_not_ignored() -> None:
    """.dockerignore lets through exactly what the build copies."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert allowed == {name for line in values(stages()[0], "COPY") for name in line.split()[:-1]}


def test_requirements_are_installed_by_hash() -> None:
    """Nothing comes in that was not tested."""
    build, _ = stages()
    assert any("--require-hashes" in line for line in values(build, "RUN"))
    (argument,) = values(build, "ARG")
    assert "--hash=sha256:" in (ROOT / f"requirements/{argument.partition('=')[2]}.txt").read_text(encoding="utf-8")


def test_the_ports_agree() -> None:
    """Exposed, set, probed and published is one port, the chart's."""
    _, final = stages()
    assert values(final, "EXPOSE") == ["8080"]
    assert "SPIDERDUCK_PORT=8080" in values(final, "ENV")[0]
    assert "127.0.0.1:8080/healthz" in values(final, "HEALTHCHECK")[0]
    chart = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    published = chart["services"]["spiderduck"]["ports"]
    assert [port.rpartition(":")[2] for port in published] == ["8080"]


def test_the_command_is_the_products_own() -> None:
    """`docker run spiderduck unfurl URL` works as `spiderduck unfurl URL` does."""
    _, final = stages()
    assert values(final, "ENTRYPOINT") == ['["spiderduck"]']
    assert "spiderduck" in PROJECT["project"]["scripts"]


def test_the_release_names_the_base_by_its_digest() -> None:
    """It reads the base's name here, asks for its digest, and hands both in as the argument."""
    steps = yaml.safe_load((ROOT / ".github/workflows/release.yaml").read_text(encoding="utf-8"))["jobs"]["image"][
        "steps"
    ]
    (asked,) = [one["run"] for one in steps if one.get("id") == "base"]
    assert "sed -n 's/^ARG BASE=//p' Dockerfile" in asked
    assert "image=$name@$digest" in asked
    (build,) = [one["with"] for one in steps if one.get("uses", "").startswith("docker/build-push-action")]
    names = {line.partition("=")[0] for line in build["build-args"].splitlines()}
    assert names == {"BASE", "REQUIREMENTS"}
    assert "BASE=${{ steps.base.outputs.image }}" in build["build-args"]
    assert names == set(re.findall(r"^ARG (\w+)=", DOCKERFILE, re.MULTILINE))
