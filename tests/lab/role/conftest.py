"""The prefetch role whole, as ansible-playbook runs it, against the APIs alone; each host is an install of its own."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml

from lab import settings
from lab.node.agent import Result

ROOT = Path(__file__).resolve().parents[3]
READS = re.compile(r"(Describe|Get|List|Filter|BatchGet)")


@dataclass
class Faults:
    """Refuses one writing call of a caller, whom the access key names, or every one when it is first made."""

    refuse: dict[str, int] = field(default_factory=dict)
    each: Callable[[str], None] | None = None
    calls: Counter[str] = field(default_factory=Counter)
    writes: dict[str, list[str]] = field(default_factory=dict)
    seen: set[tuple[str, str, bytes]] = field(default_factory=set)
    odd: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wrap(self, app: Any) -> Any:
        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            caller = re.search(r"Credential=([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
            action = action or parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
            # EKS's calls are paths; of those that a GET asks for none writes.
            action = action or f"{environ['REQUEST_METHOD'].capitalize()} {environ['PATH_INFO']}"
            if caller is None or self.passes(caller[1], action, body):
                return app(environ, start_response)
            # A refusal that no client asks again after, in the form of JSON services and of the others.
            if environ.get("HTTP_X_AMZ_TARGET"):
                kind, text = "application/x-amz-json-1.1", '{"__type": "AccessDeniedException", "message": "cut off"}'
            else:
                kind = "text/xml"
                error = "<Error><Code>AccessDenied</Code><Message>cut off</Message></Error>"
                text = f"<ErrorResponse>{error}</ErrorResponse>"
            start_response("400 Bad Request", [("Content-Type", kind), ("Content-Length", str(len(text)))])
            return [text.encode()]

        return answer

    def passes(self, caller: str, action: str, body: bytes) -> bool:
        with self.lock:
            self.calls[caller] += 1
            if READS.match(action):
                return True
            self.writes.setdefault(caller, []).append(action)
            new = (caller, action, body) not in self.seen
            self.seen.add((caller, action, body))
            if self.each is None or not new or caller == settings.ACCESS_KEY:
                return len(self.writes[caller]) != self.refuse.get(caller)
        try:
            self.each(caller)
        except Exception as error:
            self.odd.append(f"{caller}, cut off at {action}: {error!r}")
        return False


@dataclass
class Run:
    """What a play came to on each host."""

    failed: dict[str, str]
    changes: dict[str, list[str]]
    tasks: dict[str, int]
    messages: dict[str, list[Any]]
    warnings: list[str] = field(default_factory=list)


class World:
    """An account, and the role that is played in it."""

    topic = f"arn:aws:sns:{settings.REGION}:{settings.ACCOUNT}:on-call"
    images: list[dict[str, Any]] = [{"repository": "team/web"}]  # noqa: RUF012
    nothing: dict[str, Any] = {  # noqa: RUF012
        kind: {} for kind in ("documents", "associations", "rules", "queues", "alarms", "roles", "node policies")
    }

    def __init__(self, lab: Any, faults: Faults, directory: Path, python: Path) -> None:
        self.lab, self.faults, self.directory, self.python = lab, faults, directory, python
        trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        self.trust = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        self.node_roles: set[str] = set()
        self.needed: set[str] = set()

    def node_role(self, name: str) -> str:
        """Return a role of nodes, made when it is not there; installs side by side have each their own."""
        if name not in self.node_roles:
            self.lab.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=self.trust)
            self.node_roles.add(name)
        return name

    def need(self, given: dict[str, Any]) -> None:
        """Make the cluster and the topic that an install names, unless one is called no-such."""
        cluster, topic = given.get("prefetch_cluster", "prod"), given.get("prefetch_alarm_topic_arn", "")
        for name in {cluster, topic} - self.needed:
            self.needed.add(name)
            if "no-such" in name or not re.fullmatch(r"[\w-]+|arn:.*:sns:.*", name):
                continue
            if name == topic:
                self.lab.client("sns").create_topic(Name=topic.rpartition(":")[2])
            else:
                subnets = [each["SubnetId"] for each in self.lab.ec2.describe_subnets()["Subnets"]][:2]
                role = f"arn:aws:iam::{settings.ACCOUNT}:role/cluster"
                vpc = {"subnetIds": subnets}
                self.lab.client("eks").create_cluster(name=name, roleArn=role, resourcesVpcConfig=vpc)

    def play(self, hosts: dict[str, dict[str, Any]], *options: str, role: str = "prefetch") -> Run:
        """Play a role on every host at once, with its own variables and an access key of its own."""
        for given in hosts.values() if role == "prefetch" else ():
            self.need(given)
        rows = {
            name: {
                "prefetch_name": name,
                "prefetch_cluster": "prod",
                "prefetch_region": settings.REGION,
                "prefetch_images": self.images,
                "prefetch_node_roles": [self.node_role(f"{name}-node")],
                **given,
            }
            for name, given in hosts.items()
        }
        book = self.directory / "play.yml"
        book.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": [f"nodecache.eks.{role}"]}]))
        return self._played(rows, book, *options)

    def book(self, name: str, *options: str, **given: Any) -> Run:
        """Play one of the playbooks, as the inventories have it; they are for the host localhost alone."""
        places = {"nodecache_results": str(self.directory / "build"), "image_directory": str(self.directory / "image")}
        common = {"nodecache_region": settings.REGION, "nodecache_environment": {}, **places}
        return self._played({"localhost": common | given}, ROOT / f"playbooks/{name}.yml", *options)

    def _played(self, rows: dict[str, dict[str, Any]], book: Path, *options: str) -> Run:
        account = {"endpoint_url": f"http://127.0.0.1:{self.lab.port}", "secret_key": settings.SECRET_KEY}
        common = {"ansible_connection": "local", "ansible_python_interpreter": str(self.python)}
        hosts = {
            name: {**common, "nodecache_aws": {**account, "access_key": name, "region": settings.REGION}, **given}
            for name, given in rows.items()
        }
        inventory = self.directory / "hosts.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "ANSIBLE_FORKS": "4",
            "ANSIBLE_PIPELINING": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
            "WARM_AGAIN": "cut off" if self.faults.each else "",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        done = subprocess.run(
            [program, "-i", str(inventory), *options, str(book)],
            cwd=ROOT, env=environment, text=True, capture_output=True, timeout=600, check=False,
        )  # fmt: skip
        start = done.stdout.find("{\n")
        assert start >= 0, done.stdout + done.stderr
        return self._told(json.JSONDecoder().raw_decode(done.stdout[start:])[0], list(rows))

    @staticmethod
    def _told(told: dict[str, Any], hosts: list[str]) -> Run:
        run = Run({}, {host: [] for host in hosts}, dict.fromkeys(hosts, 0), {host: [] for host in hosts})
        for task in (task for play in told["plays"] for task in play["tasks"]):
            for host, result in task["hosts"].items():
                run.tasks[host] += not result.get("skipped")
                run.messages[host].append(result.get("msg"))
                run.warnings += result.get("warnings", [])
                if result.get("failed") or result.get("unreachable"):
                    messages = [result.get("msg", ""), *(item.get("msg", "") for item in result.get("results", []))]
                    run.failed[host] = " ".join(str(message) for message in messages)
                items = result.get("results", [result])
                run.changes[host] += [task["task"]["name"] for item in items if item.get("changed")]
        return run

    def done(self, hosts: dict[str, dict[str, Any]], *options: str) -> Run:
        """Play the role, which has to go well on every host."""
        run = self.play(hosts, *options)
        assert not run.failed, run.failed
        return run

    def look(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        """Return what the role would find at its start: what has to go, and what is somebody else's."""
        from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry, RetryingBotoClientWrapper
        from ansible_collections.nodecache.eks.plugins.module_utils._install import Install
        from ansible_collections.nodecache.eks.plugins.plugin_utils import _plan

        def client_of(service: str) -> Any:
            return RetryingBotoClientWrapper(self.lab.client(service), AWSRetry.jittered_backoff())

        roles = given.get("prefetch_node_roles", [f"{name}-node"])
        install = Install(name, "prod", settings.REGION)
        options: dict[str, Any] = {"region": settings.REGION, "node_roles": roles}
        options |= {
            "dead_letter": given.get("prefetch_dead_letter", True),
            "alarms": "prefetch_alarm_topic_arn" in given,
        }
        names = {}
        if given.get("prefetch_state") != "absent":
            registry = f"{settings.ACCOUNT}.dkr.ecr.{settings.REGION}.amazonaws.com"
            about = {"name": name, "cluster": "prod", "registry": registry, "partition": "aws", "keep": 2, "jitter": 0}
            about["delivery"] = given.get("prefetch_delivery", "run_command")
            images = given.get("prefetch_images", self.images)
            names = _plan.names(_plan.plan(images, given.get("prefetch_nodes", {}), about), options)
        with ThreadPoolExecutor(1) as pool:
            things = install.things(lambda service, question: pool.submit(question, client_of(service)), roles)
        return _plan.compare(things, names)

    def node_policy(self, name: str, role: str) -> bool:
        """Tell whether an install's policy is in a role of nodes."""
        return (
            f"nodecache-{name}-{settings.REGION}"
            in self.lab.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
        )

    def state(self, name: str) -> dict[str, Any]:
        """Return all that AWS holds under an install's names, whole, with the name itself left out."""
        found: dict[str, Any] = {}
        for kind, rows in self._everything(f"nodecache-{name}").items():
            found[kind] = json.loads(re.sub(rf"\b{re.escape(name)}\b", "INSTALL", json.dumps(rows, default=str)))
        return found

    def _everything(self, identity: str) -> dict[str, Any]:
        ssm, events, iam, sqs = (self.lab.client(service) for service in ("ssm", "events", "iam", "sqs"))
        documents = {}
        for row in self._pages(ssm, "list_documents", "DocumentIdentifiers", Filters=self._own):
            if self._mine(row["Name"], identity):
                content = json.loads(ssm.get_document(Name=row["Name"], DocumentFormat="JSON")["Content"])
                given = tags(row["Tags"])
                # Of the same things with other names, what is noted of them is another text.
                given.pop("nodecache.eks/state", None)
                documents[row["Name"]] = [content, given]
        associations = {}
        for row in self._pages(ssm, "list_associations", "Associations"):
            if self._mine(row.get("AssociationName", ""), identity):
                one = ssm.describe_association(AssociationId=row["AssociationId"])["AssociationDescription"]
                kept = ("Name", "Parameters", "Targets", "ScheduleExpression", "MaxConcurrency", "MaxErrors")
                given = ssm.list_tags_for_resource(ResourceType="Association", ResourceId=row["AssociationId"])
                associations[one["AssociationName"]] = [{key: one.get(key) for key in kept}, tags(given["TagList"])]
        rules = {}
        for row in self._pages(events, "list_rules", "Rules", NamePrefix=identity):
            targets = events.list_targets_by_rule(Rule=row["Name"])["Targets"]
            given = events.list_tags_for_resource(ResourceARN=row["Arn"])["Tags"]
            rules[row["Name"]] = [json.loads(row["EventPattern"]), row.get("Description"), targets, tags(given)]
        queues = {}
        for url in sqs.list_queues(QueueNamePrefix=identity).get("QueueUrls", []):
            policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy", "MessageRetentionPeriod"])
            queues[url.rpartition("/")[2]] = [policy.get("Attributes"), sqs.list_queue_tags(QueueUrl=url).get("Tags")]
        alarms = {}
        for row in self._pages(self.lab.client("cloudwatch"), "describe_alarms", "MetricAlarms"):
            if row["AlarmName"].startswith(identity):
                alarms[row["AlarmName"]] = [row["Dimensions"], row["MetricName"], row["AlarmActions"]]
        roles, policies = {}, {}
        for row in self._pages(iam, "list_roles", "Roles"):
            inline = {
                name: iam.get_role_policy(RoleName=row["RoleName"], PolicyName=name)["PolicyDocument"]
                for name in iam.list_role_policies(RoleName=row["RoleName"])["PolicyNames"]
            }
            if self._mine(row["RoleName"], f"{identity}-{settings.REGION}", "-"):
                given = iam.get_role(RoleName=row["RoleName"])["Role"].get("Tags", [])
                roles[row["RoleName"]] = [row["AssumeRolePolicyDocument"], inline, tags(given)]
            else:
                mine = {name: document for name, document in inline.items() if self._mine(name, identity, "-")}
                policies |= {row["RoleName"]: mine} if mine else {}
        return {
            "documents": documents, "associations": associations, "rules": rules, "queues": queues,
            "alarms": alarms, "roles": roles, "node policies": policies,
        }  # fmt: skip

    _own = [{"Key": "Owner", "Values": ["Self"]}]  # noqa: RUF012

    @staticmethod
    def _mine(name: str, identity: str, joint: str = ".") -> bool:
        return name == identity or name.startswith(identity + joint)

    @staticmethod
    def _pages(client: Any, operation: str, key: str, **request: Any) -> list[Any]:
        return [row for page in client.get_paginator(operation).paginate(**request) for row in page.get(key, [])]


def tags(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["Key"]: row["Value"] for row in rows}


@pytest.fixture(name="faults")
def faults_fixture(monkeypatch: pytest.MonkeyPatch) -> Faults:
    """Return what stands between callers and the APIs."""
    from moto.moto_server import werkzeug_app

    faults, original = Faults(), werkzeug_app.DomainDispatcherApplication
    monkeypatch.setattr(
        werkzeug_app, "DomainDispatcherApplication", lambda *given, **more: faults.wrap(original(*given, **more))
    )
    return faults


@pytest.fixture
def ran(lab: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the scripts that nodes were told to run; each does nothing and succeeds."""
    scripts: list[str] = []

    def run(_instance: str, script: str, *_more: Any) -> Result:
        scripts.append(script)
        return Result(0, b"{}", b"")

    monkeypatch.setattr(lab.fleet, "run", run)
    return scripts


@pytest.fixture
def world(faults: Faults, bus: Any, lab: Any, tmp_path: Path, python: Path) -> World:
    """Return an account where IAM and EventBridge are as in AWS, and nobody has installed anything."""
    return World(lab, faults, tmp_path, python)
