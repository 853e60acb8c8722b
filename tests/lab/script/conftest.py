"""Real nodes and a real registry, and the node script on them as the document brings it there."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import itertools
import json
import os
import platform
import re
import subprocess
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, FileSystemLoader

from lab import images, packages, settings
from lab.aws.ssm import document_parameters, document_run
from lab.node import network
from lab.node.fleet import FLEET, Result, recorded
from tests.lab.calls import until

ROOT = Path(__file__).resolve().parents[3]
ROLE = ROOT / "roles/prefetch"
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
OCI = "application/vnd.oci.image."


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def template(**variables: Any) -> dict[str, Any]:
    """Return the document as the role makes it of its template."""
    environment = Environment(loader=FileSystemLoader(ROLE / "templates"), keep_trailing_newline=True)
    environment.filters["to_json"] = json.dumps
    environment.globals["lookup"] = lambda _kind, name: (ROLE / "files" / name).read_text()
    plan = {"wanted": variables.pop("prefetch_wanted", {})}
    given = {"prefetch_name": "main", "prefetch_keep": 2, "__prefetch_plan": plan} | variables
    return yaml.safe_load(environment.get_template("document.yml.j2").render(given))


def layer(content: bytes, name: str = "data") -> bytes:
    """Return a layer that holds one file, which does not compress when its content does not."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


class World:
    """What a test needs: repositories to push to, and nodes to run the document on."""

    host, machine = settings.ECR_HOST, MACHINE
    layer, digest_of = staticmethod(layer), staticmethod(digest_of)
    numbers = itertools.count(1)

    def __init__(self) -> None:
        self.ecr = settings.client("ecr")
        self.role = self.node_role()
        self.nodes: list[str] = []

    def node_role(self) -> str:
        """Make the role of the nodes, which may read every repository."""
        iam, name = settings.client("iam"), f"node-{uuid.uuid4()}"
        may = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [may]})
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        # AWS's own policies are there only when nobody imported moto before the lab did.
        read = [f"ecr:{action}" for action in ("Get*", "BatchGet*", "BatchCheck*", "Describe*", "List*")]
        allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": read, "Resource": "*"}]}
        iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=json.dumps(allowed))
        return arn

    # --- images ---

    def repository(self, name: str) -> str:
        """Make a repository of this name and some number, so that no test of any module sees another's."""
        name = f"{name}-{next(self.numbers)}"
        self.ecr.create_repository(repositoryName=name)
        return name

    def push_manifest(self, repository: str, tag: str, manifest: dict[str, Any], blobs: dict[str, bytes]) -> str:
        """Push blobs and a manifest, under a tag or, without one, by digest; return the digest."""
        return images.push(repository, images.Content(blobs, json.dumps(manifest).encode()), tag or None)

    def image(self, *layers: bytes, architecture: str = MACHINE) -> tuple[dict[str, Any], dict[str, bytes]]:
        """Return the manifest and the blobs of an image that runs busybox below these layers."""
        tars = [images._layer(), *layers]
        config = {
            "architecture": architecture,
            "os": "linux",
            "config": {"Cmd": ["/bin/sleep", "600"], "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
        }
        body = json.dumps(config).encode()
        blobs = {digest_of(data): data for data in (body, *tars)}
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI + "manifest.v1+json",
            "config": {"mediaType": OCI + "config.v1+json", "digest": digest_of(body), "size": len(body)},
            "layers": [{"mediaType": OCI + "layer.v1.tar", "digest": digest_of(tar), "size": len(tar)} for tar in tars],
        }
        return manifest, blobs

    @staticmethod
    def size(manifest: dict[str, Any]) -> int:
        """Return the size of a manifest as it is pushed."""
        return len(json.dumps(manifest).encode())

    def push(self, repository: str, tag: str, megabytes: float = 0.1, layers: int = 1) -> str:
        """Push an image of its own with random layers; return its digest."""
        parts = [layer(os.urandom(int(megabytes * 1_000_000)), f"data{number}") for number in range(layers)]
        return self.push_manifest(repository, tag, *self.image(*parts))

    # --- nodes ---

    def node(self) -> str:
        """Start a node."""
        number = len(self.nodes) + 1
        name = f"i-0{number:016x}"
        FLEET.start(name, f"10.77.1.{number}", self.role)
        self.nodes.append(name)
        return name

    def reboot(self, node: str) -> None:
        """Start the node's operating system again."""
        FLEET.reboot(node)

    def container(self, node: str, image: str) -> Callable[[], None]:
        """Start a container of an image as the kubelet does; return what ends and removes it."""
        sandbox = self.python(
            node,
            "metadata = field(1, 'keeps') + field(2, 'keeps') + field(3, 'test')\n"
            "config = field(1, metadata) + field(8, cgroup(kubelet_config()) + field(2, field(1, number(1, 2))))\n"
            "sandbox = text(runtime.call('RuntimeService/RunPodSandbox', field(1, config)), 1)\n"
            f"mine = field(1, field(1, 'keeps')) + field(2, field(1, {image!r}))\n"
            "runtime.call('RuntimeService/CreateContainer', field(1, sandbox) + field(2, mine) + field(3, config))\n"
            "print(sandbox)",
        ).strip()
        return lambda: print(self.python(node, f"stop(runtime, {sandbox!r})"))

    def python(self, node: str, code: str) -> str:
        """Run code on a node that finds the script's parts and the benchmark's, and what speaks CRI."""
        common = (ROLE / "files/nodecache.py").read_text().split("\nif __name__ ==")[0]
        common += (ROOT / "roles/benchmark/files/benchmark.py").read_text().split("def restore")[0]
        return self.shell(node, f"python3 - <<'END'\n{common}\nruntime = Runtime(kubelet_config())\n{code}\nEND\n")

    def node_secrets(self, node: str) -> list[bytes]:
        """Return what the metadata service gives the node that nobody else should know."""
        script = (
            "base=http://169.254.169.254/latest; life='X-aws-ec2-metadata-token-ttl-seconds: 60'\n"
            'token=$(curl -s -X PUT -H "$life" $base/api/token); with="X-aws-ec2-metadata-token: $token"\n'
            'keys=$base/meta-data/iam/security-credentials/; curl -s -H "$with" $keys$(curl -s -H "$with" $keys)'
        )
        # Not through the agent, which writes down what it is told.
        done = subprocess.run([*FLEET.enter(node), "sh", "-c", script], capture_output=True, check=True)
        keys = json.loads(done.stdout)
        return [keys["SecretAccessKey"].encode(), keys["Token"].encode()]

    @staticmethod
    def basic(token: bytes) -> bytes:
        """Return the token as an Authorization header carries it."""
        return base64.b64encode(b"AWS:" + token)

    def files_with(self, node: str, secret: bytes) -> list[str]:
        """Return the node's files that were written since it started and hold the secret."""
        state = next(state for state in recorded() if state.instance_id == node)
        top = Path("/proc", str(state.outer), "root")
        since = Path("/proc", str(state.outer)).stat().st_mtime
        found = []
        for folder in ("run", "etc", "root", "var/log", "var/lib/amazon", "var/tmp", "tmp"):
            for path in (top / folder).rglob("*"):
                if path.is_file() and not path.is_symlink() and path.stat().st_mtime >= since:
                    found += [str(path)] if path.stat().st_size < 1_000_000 and secret in path.read_bytes() else []
        return found

    def shell(self, node: str, script: str, seconds: float = 60) -> str:
        """Run a script on a node and return what it printed; it has to succeed."""
        result = FLEET.run(node, script, {}, seconds)
        assert result.exit_code == 0, result.stderr.decode()
        return result.stdout.decode()

    def script(self, refs: list[str], action: str = "prefetch", **given: Any) -> str:
        """Return the document's script; given may hold the template's variables and more parameters."""
        variables = {key: given.pop(key) for key in list(given) if key.startswith("prefetch_")}
        content = template(**variables)
        parameters = {"action": [action], "images": refs, **{key: [value] for key, value in given.items()}}
        document_parameters.check_parameters(content, parameters)
        return document_run.render(content, parameters)[0].script

    def start(self, node: str, refs: list[str], action: str = "prefetch", seconds: float = 120, **given: Any) -> Result:
        """Run the document on a node."""
        return FLEET.run(node, self.script(refs, action, **given), {}, seconds)

    def cpu_seconds(self, node: str, refs: list[str], **given: Any) -> float:
        """Run the document on a node and return what it took of a processor: other work on the machine adds nothing."""
        path = f"/run/script-{len(self.nodes)}"
        script = f"cat >{path} <<'END_OF_SCRIPT'\n{self.script(refs, **given)}END_OF_SCRIPT\n"
        said = self.shell(node, "#!/bin/bash\n" + script + f"bash {path} >/dev/null; times")
        used = re.findall(r"([0-9]+)m([0-9.]+)s", said.splitlines()[-1])
        return sum(float(minutes) * 60 + float(seconds) for minutes, seconds in used)

    def run(self, node: str, refs: list[str], action: str = "prefetch", **given: Any) -> dict[str, Any]:
        """Run the document on a node and return its report."""
        result = self.start(node, refs, action, **given)
        lines = result.stdout.decode().splitlines()
        assert len(lines) == 1 and result.stderr == b"", (lines, result.stderr.decode())
        assert len(lines[0].encode()) <= 2400
        report = json.loads(lines[0])
        assert result.exit_code == (0 if report["ok"] else 1)
        return report

    def names(self, node: str) -> dict[str, str]:
        """Return the node's image names with their labels."""
        rows = [line.split() for line in self.shell(node, "ctr -n k8s.io images ls").splitlines()[1:]]
        return {row[0]: row[-1] for row in rows}

    def pulls(self, repository: str) -> list[str]:
        """Return what was fetched of a repository: path and method, in the order the registry answered."""
        log = (settings.LOG / "registry-access.log").read_text().splitlines()
        rows = [json.loads(line) for line in log]
        return [f"{row['method']} {row['uri']}" for row in rows if row["uri"].startswith(f"/v2/{repository}/")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The registry's daemons outlive what started them, and are ended by the pid that is written down.
    daemons = pytest.mark.filterwarnings("ignore:subprocess [0-9]+ is still running:ResourceWarning")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(daemons)


@pytest.fixture(scope="session")
def services() -> Iterator[None]:
    """The lab's AWS, registry and bridge, in this process."""
    if os.geteuid() != 0:
        pytest.skip("makes namespaces and mounts")
    from lab import registry, server

    packages.ensure()
    network.bridge_up()
    api = server.serve(server.application())
    try:
        registry.start()
        yield
    finally:
        FLEET.stop_all()
        registry.stop()
        api.shutdown()
        api.server_close()
        network.bridge_down()


@pytest.fixture(scope="module")
def world(services: None) -> Iterator[World]:
    made = World()
    yield made
    for name in made.nodes:
        FLEET.stop(name)


@pytest.fixture(scope="session")
def slow() -> Callable[[str, str], None]:
    """Return what changes how fast a node downloads."""

    def change(node: str, rate: str) -> None:
        command = ["tc", "qdisc", "replace", "dev", network.link_of(node), "root"]
        command += ["tbf", "rate", rate, "burst", "64kb", "latency", "50ms"]
        subprocess.run(command, check=True)

    return change


@pytest.fixture(name="until", scope="session")
def until_fixture() -> Callable[..., Any]:
    return until


@pytest.fixture(scope="session")
def document() -> Callable[..., dict[str, Any]]:
    """Return what makes the document of the role's template."""
    return template


@pytest.fixture(scope="session")
def script() -> Any:
    """Return the node script as a module."""
    spec = importlib.util.spec_from_file_location("nodecache_script", ROLE / "files/nodecache.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
