"""https://kubernetes.io/docs/tasks/administer-cluster/kubelet-credential-provider/"""

from __future__ import annotations

import json
import subprocess

import pytest

from lab.node import credential_provider, files


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", ("123456789012", "us-east-1")),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", ("123456789012", "eu-west-1")),
        ("docker.io", None),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example", None),
    ],
)
def test_the_provider_knows_registries(host, found):
    match = credential_provider.HOST.match(host)
    assert (match and match.groups()[:2]) == found


def test_the_provider_stays_silent_for_other_registries(tmp_path):
    path = tmp_path / "provider"
    path.write_text(files.script(credential_provider), encoding="utf-8")
    path.chmod(0o755)
    request = {"apiVersion": "credentialprovider.kubelet.k8s.io/v1", "image": "docker.io/library/busybox"}
    done = subprocess.run([str(path)], input=json.dumps(request), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["auth"] == {}
