"""The files under docker/, as far as they can be judged without an engine (tests/docker has one)."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).parent.parent
DOCKER = CHECKOUT / "docker"
NEEDED_BY_OTHERS = {
    "attrs": "twisted",
    "constantly": "twisted",
    "incremental": "twisted",
    "pyasn1": "impacket",
    "six": "impacket",
    "typing-extensions": "twisted",
    "zope-interface": "twisted",
}
"""What is installed besides our own dependencies, and what loads it."""


def plain(name: str) -> str:
    """A package's name as indexes compare them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements() -> dict[str, str]:
    lines = (DOCKER / "requirements.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {plain(name): version for name, version in pairs}


def test_the_image_has_what_the_package_depends_on_and_what_that_loads() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    ours = {plain(re.split(r"[ <>=~!\[;]", one)[0]) for one in project["dependencies"]}
    assert {*requirements()} == ours | {*NEEDED_BY_OTHERS}
    assert {*NEEDED_BY_OTHERS.values()} <= ours


def test_the_dockerfile_asks_no_registry_but_for_its_base() -> None:
    """Neither for a frontend (`# syntax=`), nor by a digest; the base is an argument."""
    text = (DOCKER / "Dockerfile").read_text()
    assert not re.search(r"^#\s*syntax\s*=", text, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    assert "--mount" not in text
    assert "<<" not in text


def test_what_the_files_of_the_image_copy_is_sent_to_the_engine_and_no_more_of_their_folder() -> None:
    """Beside them somebody may keep the folder and the password that docker/compose.lan.yaml names."""
    copied = {
        source
        for file in ("Dockerfile", "client.Dockerfile")
        for line in re.findall(r"^COPY (?!--from)(.+)$", (DOCKER / file).read_text(), re.MULTILINE)
        for source in line.split()[:-1]
    }
    everything, *others = [
        line for line in (CHECKOUT / ".dockerignore").read_text().splitlines() if line[:1] not in ("#", "")
    ]
    assert everything == "*"
    assert {line[1:] for line in others if line.startswith("!")} == copied
    assert "docker" not in copied


def test_no_file_lies_in_the_image_with_the_mode_that_it_has_here() -> None:
    """What was made with a umask of 077 is read by nobody but its owner, and the image's user is another."""
    last = (DOCKER / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert [one for one in re.findall(r"^COPY (\S+)", last, re.MULTILINE) if one != "--from=build"] == []
    assert "install -m 644 /build/fakesmb.toml" in (DOCKER / "Dockerfile").read_text()
    for place in re.findall(r"^COPY \S+ (\S+)$", (DOCKER / "client.Dockerfile").read_text(), re.MULTILINE):
        assert f"RUN chmod 755 {place}\n" in (DOCKER / "client.Dockerfile").read_text()


def documents() -> dict[str, dict[str, Any]]:
    found = yaml.safe_load_all((DOCKER / "kubernetes.yaml").read_text())
    return {one["kind"]: one for one in found}


def test_what_kubernetes_gets_fits_together() -> None:
    found = documents()
    assert {*found} == {"ConfigMap", "Secret", "Service", "Deployment"}
    spec = found["Deployment"]["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert spec["replicas"] > 1
    assert spec["selector"]["matchLabels"] == labels == found["Service"]["spec"]["selector"]
    assert found["Service"]["spec"]["clusterIP"] == "None"
    pod = spec["template"]["spec"]
    assert {"name": "net.ipv4.ip_unprivileged_port_start", "value": "445"} in pod["securityContext"][
        "sysctls"
    ]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["enableServiceLinks"] is False
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["exec"]["command"][:2] == ["fakesmb", "check"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports[found["Service"]["spec"]["ports"][0]["targetPort"]] == 445
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == {*volumes}
    assert volumes["config"]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]
    assert volumes["users"]["secret"]["secretName"] == found["Secret"]["metadata"]["name"]
    (mount,) = [one for one in container["volumeMounts"] if one["name"] == "users"]
    (user,) = found["Secret"]["stringData"]
    assert {"name": "FAKESMB_USER_1_FILE", "value": f"{mount['mountPath']}/{user}"} in container["env"]


def test_the_file_of_its_config_map_is_one_that_serve_takes(tmp_path: Path) -> None:
    from fakesmb.config.tomlfile import read

    file = tmp_path / "fakesmb.toml"
    file.write_text(documents()["ConfigMap"]["data"]["fakesmb.toml"])
    assert read(str(file)).server
    assert read(str(DOCKER / "fakesmb.toml")) is not None


@pytest.mark.parametrize("version", ["1.25", "1.37"])
def test_kubernetes_schemas_know_every_key(version: str) -> None:
    validate = pytest.importorskip(
        "kubernetes_validate", reason="the package kubernetes-validate (108 MB) is not installed"
    )
    for document in yaml.safe_load_all((DOCKER / "kubernetes.yaml").read_text()):
        validate.validate(document, version, strict=True)
