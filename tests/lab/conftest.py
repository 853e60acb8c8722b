"""Moto with the lab's Systems Manager on a local port, and nodes that are just temporary directories."""

from __future__ import annotations

import functools
import importlib
import json
import logging
import os
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from lab import settings
from lab.node.agent import Result
from tests.lab import warm
from tests.lab.bus import Bus
from tests.lab.calls import UNCHECKED, until

# No test looks at moto's thirteen hundred machine images, and each emptied account would make them anew.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")


def pytest_configure(config: pytest.Config) -> None:
    # AWS answers with codes that no operation's model lists, as InvalidAction; moto warns of each, where it answers.
    config.addinivalue_line("filterwarnings", "ignore:.*does not match an error shape")


@pytest.fixture(scope="session", autouse=True)
def quick() -> Iterator[None]:
    """Spare moto's server what it does anew for every request or cluster, a third of what these tests compute."""
    from moto import backends
    from moto.eks import utils

    # A failed test's output would be hundreds of requests, too.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    modules = list(backends.list_of_moto_modules())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backends, "list_of_moto_modules", lambda: modules)
        patch.setattr(utils, "Session", functools.cache(boto3.Session))
        yield


@pytest.fixture(name="python", scope="session")
def python_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the interpreter of all modules that playbooks run."""
    with warm.interpreter(tmp_path_factory.mktemp("warm")) as program:
        yield program


class FakeFleet:
    """Runs scripts as the agent does, each in a directory of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.up: dict[str, bool] = {}
        self.calls: list[tuple[str, str]] = []
        self.running: dict[str, int] = {}
        self.most = 0
        self.reboots: list[str] = []
        self._callbacks: list[Callable[[str], None]] = []
        self._lock = threading.Lock()

    def start(self, instance_id: str) -> None:
        self.up[instance_id] = True
        for callback in self._callbacks:
            callback(instance_id)

    def ids(self) -> list[str]:
        return list(self.up)

    def online(self, instance_id: str) -> bool:
        return self.up.get(instance_id, False)

    def on_online(self, callback: Callable[[str], None]) -> None:
        self._callbacks.append(callback)

    def run(
        self,
        instance_id: str,
        script: str,
        env: dict[str, str],
        timeout: float,
        cancelled: threading.Event,
        where: str = "",
    ) -> Result:
        home = self.root / instance_id
        home.mkdir(exist_ok=True)
        with self._lock:
            self.calls.append((instance_id, script))
            self.running[instance_id] = self.running.get(instance_id, 0) + 1
            self.most = max(self.most, sum(self.running.values()))
            path = home / f"script{len(self.calls)}"
            # Forked while another thread still writes its script, a process would keep that script "busy".
            path.write_text(script)
            path.chmod(0o700)
            command, base = ["sh", "-c", str(path)], {"PATH": "/usr/bin:/bin"}
            pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            running = subprocess.Popen(command, cwd=where or home, env=base | env, start_new_session=True, **pipes)
        deadline, stdout, stderr, stopped = time.monotonic() + timeout, b"", b"", False
        while running.returncode is None:
            if cancelled.is_set() or time.monotonic() > deadline:
                stopped = True
                os.killpg(running.pid, signal.SIGKILL)
            try:
                stdout, stderr = running.communicate(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
        with self._lock:
            self.running[instance_id] -= 1
        code = running.returncode
        return Result((137 if stopped else -1) if code < 0 else code, stdout, stderr)

    def reboot(self, instance_id: str) -> None:
        self.reboots.append(instance_id)


def content(*lines: str, **parameters: Any) -> str:
    step = {"action": "aws:runShellScript", "name": "nodecache", "inputs": {"runCommand": list(lines)}}
    return json.dumps({"schemaVersion": "2.2", "parameters": parameters, "mainSteps": [step]})


class Lab:
    """What a test needs of the lab."""

    def __init__(self, port: int, fleet: FakeFleet) -> None:
        self.port, self.fleet = port, fleet
        self.ssm, self.ec2 = self.client("ssm"), self.client("ec2")

    content = staticmethod(content)
    until = staticmethod(until)

    def client(self, service: str, key: str = settings.ACCESS_KEY, **more: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name=settings.REGION,
            aws_access_key_id=key,
            aws_secret_access_key=settings.SECRET_KEY,
            **more,
        )

    def node(self, online: bool = True, **tags: str) -> str:
        specs = [{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]
        extra = {"TagSpecifications": specs} if tags else {}
        made = self.ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, **extra)
        instance_id = made["Instances"][0]["InstanceId"]
        if online:
            self.fleet.start(instance_id)
        else:
            self.fleet.up[instance_id] = False
        return instance_id

    def calendar(self, name: str, kind: str = "DEFAULT_OPEN", *events: str) -> str:
        """Make a change calendar; each event is its lines without BEGIN and END."""
        text = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
        text = f"BEGIN:VCALENDAR\nVERSION:2.0\nX-CALENDAR-TYPE:{kind}\n{text}END:VCALENDAR\n"
        self.ssm.create_document(Name=name, DocumentType="ChangeCalendar", DocumentFormat="TEXT", Content=text)
        return name

    def document(self, *lines: str, name: str = "nodecache-test", **parameters: Any) -> str:
        self.ssm.create_document(Name=name, DocumentType="Command", Content=content(*lines, **parameters))
        return name


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """Return a lab of its own, empty."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    from lab.aws import absent, validation
    from lab.aws.ssm import association_history as ssm_association_history
    from lab.aws.ssm import associations as ssm_associations
    from lab.aws.ssm import automation
    from lab.aws.ssm import command_lists as ssm_command_lists
    from lab.aws.ssm import commands as ssm_commands
    from lab.aws.ssm import document_lists as ssm_document_lists
    from lab.aws.ssm import documents as ssm_documents
    from lab.aws.ssm import instance_properties as ssm_instance_properties
    from lab.aws.ssm import instances as ssm_instances
    from lab.aws.ssm import parameters as ssm_parameters
    from lab.aws.ssm import patching as ssm_patching
    from lab.aws.ssm import sessions as ssm_sessions

    fleet = FakeFleet(tmp_path)
    monkeypatch.setattr("lab.node.fleet.FLEET", fleet)
    for module in (
        validation,
        ssm_documents,
        ssm_document_lists,
        ssm_commands,
        ssm_command_lists,
        ssm_associations,
        ssm_association_history,
        ssm_instances,
        ssm_instance_properties,
        ssm_parameters,
        ssm_patching,
        ssm_sessions,
        automation,
        absent,
    ):
        module.install()
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    reset = urllib.request.Request(f"http://127.0.0.1:{server.server_port}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset).close()
    monkeypatch.setattr(settings, "API_PORT", server.server_port)
    yield Lab(server.server_port, fleet)
    # An automation that still runs would find the next test's empty backends.
    for thread in [each for each in threading.enumerate() if each.name.startswith("automation-")]:
        thread.join(30)
    server.shutdown()
    server.server_close()


@pytest.fixture
def run_module(lab: Lab, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Return what runs a module of the collection whole, against the lab over HTTP."""
    from ansible.module_utils.testing import patch_module_args

    account = {
        "region": settings.REGION,
        "endpoint_url": f"http://127.0.0.1:{lab.port}",
        "access_key": settings.ACCESS_KEY,
        "secret_key": settings.SECRET_KEY,
    }

    def run(name: str, /, check: bool = False, **options: Any) -> dict[str, Any]:
        module = importlib.import_module(f"ansible_collections.nodecache.eks.plugins.modules.{name}")
        arguments = {**account, **options, "_ansible_check_mode": check, "_ansible_diff": True}
        capsys.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run


@pytest.fixture
def four_times(run_module: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Return what checks, does, does again and checks again, and gives the result that was done."""

    def run(name: str, key: str, /, **options: Any) -> dict[str, Any]:
        predicted, done, again, checked = (run_module(name, check=check, **options) for check in (1, 0, 0, 1))
        assert predicted.get("changed") is done.get("changed") is True, (predicted, done)
        assert predicted["diff"] == done["diff"]
        # What is new has things that only AWS knows; what is there has been seen.
        same = predicted[key].keys() & done[key].keys()
        assert {name: done[key][name] for name in same} == {name: predicted[key][name] for name in same}
        for result in (again, checked):
            assert result.get("changed") is False, result
            assert result["diff"]["before"] == result["diff"]["after"]
            assert done[key].items() <= result[key].items()
        return done

    return run


Wrong = tuple[str, str, dict[str, Any]]


class Refusals:
    """Makes wrong calls, unchecked by the client, and compares the codes they are refused with."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def changes(self, service: str, operation: str, right: dict[str, Any], given: Iterable[Any]) -> None:
        """Make calls that are right but for one thing each; None takes a member away."""
        calls = []
        for code, change in given:
            params = {key: value for key, value in (right | change).items() if value is not None}
            calls.append((code, operation, params))
        self.calls(service, calls)

    def calls(self, service: str, given: Iterable[Wrong]) -> None:
        """Make all calls, and fail with every one that came out otherwise."""
        from botocore.exceptions import ClientError

        client = self.lab.client(service, config=UNCHECKED)
        odd = []
        for code, operation, params in given:
            try:
                getattr(client, operation)(**params)
                told = "accepted"
            except ClientError as refused:
                status = refused.response["ResponseMetadata"]["HTTPStatusCode"]
                told = refused.response["Error"]["Code"] if 400 <= status < 500 else f"HTTP {status}"
            if told != code:
                odd.append(f"{operation}({str(params)[:300]}): {told}, not {code}")
        assert not odd, "\n".join(odd)


@pytest.fixture
def refuses(lab: Lab) -> Refusals:
    """Return what checks that wrong calls are refused."""
    return Refusals(lab)


@pytest.fixture
def bus(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Bus:
    """Return EventBridge as the lab extends it, with IAM enforced."""
    from lab.aws import events
    from lab.aws.events import delivery as event_delivery
    from lab.aws.iam import requests as iam_requests

    events.install()
    iam_requests.install()
    monkeypatch.setattr(settings, "API_PORT", lab.port)
    monkeypatch.setattr(event_delivery, "FIRST_WAIT", 0.01)
    return Bus(lab)


@pytest.fixture
def run_examples(run_module: Callable[..., dict[str, Any]]) -> Callable[..., list[dict[str, Any]]]:
    """Return what runs a module's own examples one after the other, with some of their options replaced."""

    def run(name: str, /, **replaced: Any) -> list[dict[str, Any]]:
        module = importlib.import_module(f"ansible_collections.nodecache.eks.plugins.modules.{name}")
        tasks = [task for task in yaml.safe_load(module.EXAMPLES) if f"nodecache.eks.{name}" in task]
        results = []
        for task in tasks:
            options = task[f"nodecache.eks.{name}"] or {}
            options |= {option: value for option, value in replaced.items() if option in options}
            result = run_module(name, **options)
            assert not result.get("failed"), (task["name"], result["msg"])
            results.append(result)
        return results

    return run
