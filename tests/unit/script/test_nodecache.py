# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node script against a runtime of its own making; runs on the nodes' Python 3.9 too."""

from __future__ import annotations

import datetime
import importlib.util
import json
import os
import re
import stat
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "roles/prefetch/files/nodecache.py"
TEMPLATE = ROOT / "roles/prefetch/templates/document.yml.j2"
spec = importlib.util.spec_from_file_location("nodecache_script", SCRIPT)
nodecache = importlib.util.module_from_spec(spec)
spec.loader.exec_module(nodecache)

HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
APP = HOST + "/team/app"
A, B, C = ("sha256:" + letter * 64 for letter in "abc")
TOKEN = "very-secret-token"


class FakeRuntime:
    """Holds images as containerd does: names with a digest and labels, several names an image."""

    def __init__(self):
        self.names = {}
        self.remote = {}
        self.pulled = []
        self.fetching = {}
        self.in_use = set()
        self.space = (900, 1000)

    def hold(self, name, digest, label="-"):
        self.names[name] = [digest, label]

    def status(self, name):
        if name not in self.names:
            return None
        digest = self.names[name][0]
        names = [other for other, (held, _label) in self.names.items() if held == digest]
        return {"id": "id-" + digest, "names": names, "size": 42}

    def pull(self, name, auth, deadline):
        self.pulled.append((name, auth))
        digest = name.partition("@")[2] or self.remote[name]
        repository = re.split(r"@|:(?!.*/)", name)[0]
        self.hold(name, digest)
        self.hold(repository + "@" + digest, digest)

    def labels(self):
        return {name: (digest, label) for name, (digest, label) in self.names.items()}

    def ctr(self, verb, name, *labels):
        assert verb == "label"
        kept = dict(item.split("=", 1) for item in re.split(r",(?=\D)", self.names[name][1]) if "=" in item)
        kept.update(label.split("=", 1) for label in labels)
        self.names[name][1] = ",".join(key + "=" + value for key, value in sorted(kept.items()) if value)

    def progress(self, digest):
        return self.fetching.get(digest)

    def remove(self, image_id):
        self.names = {name: item for name, item in self.names.items() if "id-" + item[0] != image_id}

    def used(self):
        return self.in_use

    def disk(self):
        return self.space

    def version(self):
        return "1.6.20"


@pytest.fixture
def runtime(monkeypatch, tmp_path):
    fake = FakeRuntime()
    monkeypatch.setattr(nodecache, "Runtime", lambda kubelet: fake)
    monkeypatch.setattr(nodecache, "LOCKS", str(tmp_path / "locks"))
    monkeypatch.setattr(nodecache, "KUBELET", str(tmp_path / "kubelet"))
    monkeypatch.setattr(nodecache, "credentials", lambda name, ecr: ("AWS", TOKEN))
    monkeypatch.setattr(nodecache, "manifest", lambda host, path, what, auth: (A, 10))
    return fake


def run(images, action="prefetch", keep=0, source="event"):
    report = {"action": action, "images": [], "ok": False}
    nodecache.work({"name": "main", "keep": keep, "action": action, "source": source, "images": images}, report)
    return report


# --- codec ---


def test_codec_round_trip():
    message = nodecache.field(1, nodecache.field(1, "x" * 300)) + nodecache.field(2, b"\xff") + b"\x20\x96\x01"
    fields = nodecache.decode(message)
    assert nodecache.text(nodecache.decode(fields[1][0]), 1) == "x" * 300
    assert fields[2] == [b"\xff"]
    assert fields[4] == [150]


def test_codec_refuses_a_cut_message():
    with pytest.raises(nodecache.Failure, match="cut short"):
        nodecache.decode(nodecache.field(1, "hello")[:-2])


# --- references ---


@pytest.mark.parametrize(
    ("ref", "names"),
    [
        (APP + ":v1@" + A, [APP + ":v1", APP + "@" + A]),
        (APP + "@" + A, [APP + "@" + A]),
        ("registry.k8s.io/pause:3.9", ["registry.k8s.io/pause:3.9"]),
        ("localhost:5000/a/b:c", ["localhost:5000/a/b:c"]),
    ],
)
def test_reference_names(ref, names):
    assert nodecache.Image(ref).names() == names


@pytest.mark.parametrize(
    "ref", ["app", "docker.io/app", "docker.io/app:v*", APP + ":$(id)", APP + "@sha256:12", "h/a:b\n"]
)
def test_reference_refused(ref):
    with pytest.raises(nodecache.Failure):
        nodecache.Image(ref)


@pytest.mark.parametrize(
    ("host", "region"),
    [
        (HOST, "eu-central-1"),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1"),
        ("123456789012.dkr-ecr.us-east-1.on.aws", "us-east-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
    ],
)
def test_ecr_hosts(host, region):
    assert nodecache.ECR.fullmatch(host)["region"] == region


def test_ecr_host_look_alike():
    assert not nodecache.ECR.fullmatch(HOST + ".example.org")


def test_newest_leaves_out_what_a_node_cannot_run():
    images = [
        {"imagePushedAt": 1, "imageTags": ["v1"], "imageDigest": A},
        {"imagePushedAt": 2, "imageTags": ["v2", "other"], "imageDigest": B},
        {"imagePushedAt": 3, "imageTags": ["sha256-aa.sig"], "imageDigest": C},
        {"imagePushedAt": 4, "imageTags": ["v9"], "imageDigest": C, "artifactMediaType": "application/vnd.cncf.helm"},
        {"imagePushedAt": 5, "imageDigest": C},
    ]
    assert nodecache.newest(images, "v*") == ("v2", B)
    with pytest.raises(nodecache.Failure, match="no tagged image"):
        nodecache.newest(images, "w*")


# --- prefetch ---


def test_prefetch_pulls_pins_and_marks_both_names(runtime):
    runtime.remote[APP + ":v1"] = A
    report = run([APP + ":v1@" + A])
    assert report["ok"]
    assert runtime.pulled == [(APP + ":v1", ("AWS", TOKEN))]
    for name in (APP + ":v1", APP + "@" + A):
        assert "io.cri-containerd.pinned=pinned" in runtime.names[name][1]
        assert "nodecache.eks/main=event," in runtime.names[name][1]
    assert report["images"][0]["digest"] == A
    assert report["images"][0]["source"] == "event"
    assert TOKEN not in json.dumps(report)


def test_prefetch_again_changes_nothing(runtime):
    runtime.remote[APP + ":v1"] = A
    run([APP + ":v1@" + A])
    before = json.dumps(runtime.names)
    report = run([APP + ":v1@" + A], source="association")
    assert len(runtime.pulled) == 1
    assert json.dumps(runtime.names) == before
    assert report["images"][0]["source"] == "event"


def test_prefetch_pulls_the_digest_when_the_tag_moved_and_leaves_the_tag_unmarked(runtime):
    runtime.remote[APP + ":v1"] = B
    report = run([APP + ":v1@" + A], keep=1)
    assert report["ok"]
    assert [name for name, _auth in runtime.pulled] == [APP + ":v1", APP + "@" + A]
    assert "nodecache" not in runtime.names[APP + ":v1"][1]
    assert "nodecache" in runtime.names[APP + "@" + A][1]
    assert not run([APP + ":v1@" + A], action="report")["ok"]


def test_prefetch_resolves_the_newest(runtime, monkeypatch):
    images = [{"imagePushedAt": 1, "imageTags": ["v1"], "imageDigest": A}]
    monkeypatch.setattr(nodecache, "describe_images", lambda ecr, repository: images)
    runtime.remote[APP + ":v1"] = A
    report = run([APP])
    assert report["ok"]
    assert report["images"][0]["ref"] == APP


def test_disk_guard_refuses_before_pulling(runtime):
    runtime.space = (155, 1000)
    report = run([APP + ":v1@" + A])
    assert not report["ok"]
    assert runtime.pulled == []
    assert "over 85%" in report["images"][0]["error"]


def test_one_bad_image_does_not_stop_the_others(runtime):
    runtime.remote[APP + ":v1"] = A
    report = run(["nonsense", APP + ":v1@" + A])
    assert [item["cached"] for item in report["images"]] == [False, True]
    assert not report["ok"]


def test_an_unanswered_tag_is_not_called_cached(runtime, monkeypatch):
    def refused(*_arguments):
        raise nodecache.Failure("403 Forbidden")

    monkeypatch.setattr(nodecache, "manifest", refused)
    runtime.hold(APP + ":v1", A)
    report = run([APP + ":v1"], action="report")
    assert not report["ok"]
    assert report["images"][0]["error"] == "403 Forbidden"


def test_a_broken_answer_stops_only_its_image(runtime, monkeypatch):
    monkeypatch.setattr(nodecache, "describe_images", lambda ecr, repository: [{"imageTags": ["v1"]}])
    runtime.remote[APP + ":v1"] = A
    report = run([APP + ":v*", APP + ":v1@" + A])
    assert [item["cached"] for item in report["images"]] == [False, True]


# --- keep ---


def fill(runtime):
    for tag, digest, stamp in (("v1", A, 1), ("v2", B, 2)):
        for name in (APP + ":" + tag, APP + "@" + digest):
            runtime.hold(name, digest, f"io.cri-containerd.pinned=pinned,nodecache.eks/main=event,1.00,{stamp}")
    runtime.remote[APP + ":v3"] = C


def test_keep_lets_go_of_the_oldest(runtime):
    fill(runtime)
    run([APP + ":v3@" + C], keep=2)
    assert sorted(runtime.names) == sorted([APP + ":v2", APP + "@" + B, APP + ":v3", APP + "@" + C])


def test_keep_nothing_set_keeps_all(runtime):
    fill(runtime)
    run([APP + ":v3@" + C], keep=0)
    assert len(runtime.names) == 6


def test_keep_spares_what_a_container_uses(runtime):
    fill(runtime)
    runtime.in_use = {"id-" + A}
    run([APP + ":v3@" + C], keep=1)
    assert APP + ":v1" in runtime.names
    assert APP + ":v2" not in runtime.names


def test_keep_spares_unmarked_and_other_installs_and_other_repositories(runtime):
    fill(runtime)
    runtime.hold(APP + ":foreign", "sha256:f")
    runtime.hold(APP + ":other", "sha256:e", "nodecache.eks/other=event,1.00,1")
    runtime.hold(APP + "-two:v1", "sha256:d", "nodecache.eks/main=event,1.00,1")
    run([APP + ":v3@" + C], keep=1)
    assert {APP + ":foreign", APP + ":other", APP + "-two:v1"} <= set(runtime.names)


def test_keep_only_unpins_an_image_that_has_a_foreign_name(runtime):
    fill(runtime)
    runtime.hold(HOST + "/mirror:v1", A)
    run([APP + ":v3@" + C], keep=2)
    assert APP + ":v1" in runtime.names
    assert "pinned" not in runtime.names[APP + ":v1"][1]


# --- report ---


def test_report_without_images_lists_what_this_install_marked(runtime):
    fill(runtime)
    runtime.hold(APP + ":foreign", C)
    report = run([""], action="report")
    assert [item["ref"] for item in report["images"]] == [APP + ":v1@" + A, APP + ":v2@" + B]
    assert report["images"][0]["seconds"] == 1.0
    assert report["ok"]


def test_report_names_the_expected_digest_of_a_moved_tag(runtime):
    runtime.hold(APP + ":v1", B)
    report = run([APP + ":v1"], action="report")
    assert report["images"][0]["expected"] == A
    assert not report["ok"]


def test_report_says_how_far_a_pull_is(runtime):
    runtime.fetching[A] = (30, 100)
    entry = run([APP + ":v1@" + A], action="report")["images"][0]
    assert (entry["cached"], entry["fetched"], entry["total"]) == (False, 30, 100)
    assert "fetched" not in run([APP + ":v1@" + B], action="report")["images"][0]
    runtime.hold(APP + ":v1", A)
    runtime.hold(APP + "@" + A, A)
    assert "fetched" not in run([APP + ":v1@" + A], action="report")["images"][0]


CONTENT = """
blobs = {blobs!r}
if sys.argv[-2:-1] == ["get"]:
    if sys.argv[-1] not in blobs:
        sys.exit("ctr: content " + sys.argv[-1] + ": not found")
    print(json.dumps(blobs[sys.argv[-1]]))
elif sys.argv[-2:] == ["ls", "-q"]:
    print("\\n".join(list(blobs) + [{finished!r}]))
elif sys.argv[-1] == "active":
    print("REF\\tSIZE\\tAGE\\nlayer-{active}\\t{size}\\t2 seconds\\t\\nlayer-{active}-{active}\\t1B\\t2 hours\\t")
"""


@pytest.mark.parametrize(
    ("size", "fetched"), [("0B", 500), ("1.2kB", 1700), ("3.75MB", 3_750_500), ("1.5GB", 5_000_500)]
)
def test_progress_counts_finished_and_unfinished_layers(monkeypatch, tmp_path, size, fetched):
    monkeypatch.setattr(nodecache.platform, "machine", lambda: "aarch64")
    index = {"manifests": [{"digest": C, "platform": {"architecture": name}} for name in ("amd64", "arm64")]}
    index["manifests"][0]["digest"] = "sha256:" + "0" * 64
    layer, other = "sha256:" + "d" * 64, "sha256:" + "e" * 64
    sizes = {B: 500, layer: 5_000_000, other: 7}
    manifest = {"layers": [{"digest": digest, "size": sizes[digest]} for digest in sizes]}
    body = CONTENT.format(blobs={A: index, C: manifest}, finished=B, active=layer, size=size)
    tool(tmp_path, "ctr", body.replace("-" + layer + "\\t1B", "-x\\t1B"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert nodecache.Runtime({}).progress(A) == (fetched, 5_000_507)
    assert nodecache.Runtime({}).progress(other) is None


@pytest.mark.parametrize("count", [1, 5, 9, 60])
def test_report_never_exceeds_its_line(count):
    images = [nodecache.wrong(f"{APP}:v{number}@{A}", "no\n" * 400 + "é") for number in range(count)]
    images[-1].update(cached=True, digest=A)
    line = nodecache.shorten({"v": 1, "images": images, "ok": False})
    assert len(line.encode()) <= 2400
    assert "\n" not in line
    report = json.loads(line)
    assert len(report["images"]) + report.get("omitted", 0) == count
    assert count == 1 or not report["images"][0]["cached"]


# --- retries ---


def test_retry_repeats_only_what_may_pass(monkeypatch):
    pauses = []
    monkeypatch.setattr(nodecache.time, "sleep", pauses.append)
    calls = []

    def throttled():
        calls.append(1)
        if len(calls) < 3:
            raise nodecache.Passing("429")
        return "done"

    assert nodecache.retry(throttled, time.monotonic() + 60) == "done"
    assert len(pauses) == 2 and pauses[1] > 0.9

    def refused():
        calls.append(1)
        raise nodecache.Failure("403")

    with pytest.raises(nodecache.Failure):
        nodecache.retry(refused, time.monotonic() + 60)
    assert len(calls) == 4


@pytest.mark.parametrize(
    ("said", "passing"),
    [
        ("unexpected status code https://h/v2/a/manifests/v1: 503 Service Unavailable", True),
        ("unexpected status from HEAD request to https://h/v2: 429 Too Many Requests", True),
        ("toomanyrequests: Rate exceeded", True),
        ("dial tcp 10.0.0.1:443: i/o timeout", True),
        ("h/a:v500: not found", False),
        ("unexpected status code https://h/v2/a/manifests/v1: 403 Forbidden", False),
        ("no basic auth credentials", False),
    ],
)
def test_passing_messages(said, passing):
    assert bool(nodecache.PASSING.search(said)) is passing


# --- processes ---


def tool(directory, name, body):
    path = directory / name
    path.write_text("#!/usr/bin/env python3\nimport json, os, sys\n" + body)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_token_is_only_on_standard_input(monkeypatch, tmp_path):
    seen = tmp_path / "seen"
    tool(
        tmp_path,
        "curl",
        "data = sys.stdin.buffer.read()\n"
        f"open({str(seen)!r}, 'w').write(json.dumps([sys.argv, dict(os.environ), data.decode('latin-1')]))\n"
        "sys.stderr.write('HTTP/2 200\\r\\n\\r\\ngrpc-status: 0\\r\\n')\n"
        "sys.stdout.buffer.write(bytes(5))\n",
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    nodecache.Runtime({}).pull(APP + ":v1", ("AWS", TOKEN), time.monotonic() + 60)
    arguments, environment, data = json.loads(seen.read_text())
    assert TOKEN in data
    assert TOKEN not in json.dumps([arguments, environment])
    assert "/run/containerd/containerd.sock" in arguments


@pytest.mark.parametrize(("code", "passing"), [(5, False), (8, True), (4, True), (2, False)])
def test_grpc_failures(monkeypatch, tmp_path, code, passing):
    tool(
        tmp_path,
        "curl",
        "sys.stdin.buffer.read()\n"
        f"sys.stderr.write('HTTP/2 200\\r\\n\\r\\ngrpc-status: {code}\\r\\ngrpc-message: no %20 luck\\r\\n')\n",
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(nodecache.Failure, match="no   luck") as caught:
        nodecache.Runtime({}).status("x")
    assert isinstance(caught.value, nodecache.Passing) is passing


def test_credential_provider_speaks_the_kubelets_protocol(monkeypatch, tmp_path):
    tool(
        tmp_path,
        "ecr-credential-provider",
        "asked = json.load(sys.stdin)\n"
        "assert asked['kind'] == 'CredentialProviderRequest' and os.environ['EXTRA'] == '1'\n"
        f"auth = {{'*.dkr.ecr.*.amazonaws.com': {{'username': 'AWS', 'password': {TOKEN!r}}}}}\n"
        "print(json.dumps({'kind': 'CredentialProviderResponse', 'auth': auth}))\n",
    )
    provider = {
        "name": "ecr-credential-provider",
        "matchImages": ["*.dkr.ecr.*.amazonaws.com"],
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "env": [{"name": "EXTRA", "value": "1"}],
    }
    (tmp_path / "config.json").write_text(json.dumps({"providers": [provider]}))
    monkeypatch.setattr(nodecache, "PROVIDERS", str(tmp_path))
    assert nodecache.credentials(APP, nodecache.ECR.fullmatch(HOST)) == ("AWS", TOKEN)
    assert nodecache.credentials("docker.io/a/b", None) is None


def test_kubelet_drop_ins_win(monkeypatch, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"containerRuntimeEndpoint": "unix:///a", "x": 1}))
    (tmp_path / "config.json.d").mkdir()
    (tmp_path / "config.json.d/10-a.conf").write_text(json.dumps({"imageServiceEndpoint": "unix:///soci"}))
    monkeypatch.setattr(nodecache, "KUBELET", str(tmp_path))
    runtime = nodecache.Runtime(nodecache.kubelet_config())
    assert (runtime.runtime, runtime.images) == ("/a", "/soci")


def test_main_tells_a_broken_runtime_in_its_report(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("AWS_SSM_INSTANCE_ID", "i-0abc")
    monkeypatch.setattr(nodecache, "KUBELET", str(tmp_path))
    monkeypatch.setattr(nodecache, "SOCKET", "unix://" + str(tmp_path / "none.sock"))
    request = {"name": "main", "keep": 0, "action": "report", "source": "command", "images": [""]}
    monkeypatch.setattr(nodecache.os, "fdopen", lambda *_a, **_k: (tmp_path / "request").open(encoding="utf-8"))
    (tmp_path / "request").write_text(json.dumps(request))
    assert nodecache.main() == 1
    report = json.loads(capsys.readouterr().out)
    assert report["node"] == "i-0abc"
    assert not report["ok"] and report["error"]


def test_signature_is_aws_own():
    """Against botocore, where it is installed."""
    auth = pytest.importorskip("botocore.auth")
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    now = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)  # noqa: UP017  Python 3.9
    key = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "secret", "Token": "session"}
    headers = nodecache.sign(key, "api.ecr.us-east-1.amazonaws.com", "us-east-1", "Target", b"{}", now)
    signer = auth.SigV4Auth(Credentials("AKIDEXAMPLE", "secret", "session"), "ecr", "us-east-1")
    sent = {name: value for name, value in headers.items() if name != "authorization"}
    request = AWSRequest("POST", "https://api.ecr.us-east-1.amazonaws.com/", data=b"{}", headers=sent)
    request.context["timestamp"] = headers["x-amz-date"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    assert headers["authorization"].endswith("Signature=" + signer.signature(text, request))


# --- the document ---


def test_document_keeps_parameters_as_data():
    assert "{{" not in SCRIPT.read_text() and "$$" not in SCRIPT.read_text()
    assert "NODECACHE_" not in SCRIPT.read_text()
    template = TEMPLATE.read_text()
    assert "<<'NODECACHE_REQUEST'" in template and "<<'NODECACHE_SCRIPT'" in template
    for pattern in re.findall(r'allowedPattern: "(.*)"', template):
        assert pattern.startswith("^") and pattern.endswith("$")
        assert not re.search(pattern, "a/b:$(reboot)")
        assert not re.search(pattern, 'a/b"')
