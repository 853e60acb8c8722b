"""The configuration files of docker-registry and nginx.

https://distribution.github.io/distribution/about/configuration/ and
https://nginx.org/en/docs/http/ngx_http_auth_request_module.html
"""

from __future__ import annotations

import json
import re

import pytest

from lab import settings
from lab.registry import config, store


def test_the_registry_stores_where_the_lab_reads_and_listens_on_loopback_alone():
    told = json.loads(config.registry())
    assert told["version"] == "0.1"
    assert told["storage"]["filesystem"]["rootdirectory"] == str(store.STORE)
    assert told["http"]["addr"] == f"127.0.0.1:{settings.REGISTRY_PORT}"
    # It has no users: who may do what, the API says.
    assert "auth" not in told


@pytest.fixture(name="text")
def text_fixture(tmp_path):
    return config.nginx(tmp_path)


@pytest.mark.parametrize(
    ("host", "found"),
    [
        (settings.ECR_HOST, (settings.ACCOUNT, settings.REGION)),
        (settings.ECR_HOSTS[1], (settings.OTHER_ACCOUNT, settings.REGION)),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", ("123456789012", "eu-central-1")),
        ("12345.dkr.ecr.us-east-1.amazonaws.com", None),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com.example", None),
        ("x123456789012.dkr.ecr.us-east-1.amazonaws.com", None),
        ("123456789012.dkr.ecr.us.east.amazonaws.com", None),
    ],
)
def test_hosts_of_registries(text, host, found):
    (pattern,) = re.findall(r'server_name "~([^"]+)"', text)
    match = re.search(pattern.replace("(?<", "(?P<"), host)
    assert (match and match.group("account", "region")) == found


def test_every_other_host_of_aws_leads_to_the_apis(text):
    named = re.search(r"server_name ([a-z0-9. -]+);", text)
    assert named and named[1].split() == list(settings.AWS_HOSTS)


def test_no_request_for_a_layer_passes_unasked(text):
    layers = text[text.index("location ~ ^/v2/.+/blobs/") : text.index("location = /auth")]
    assert "auth_request /auth;" in layers
    # Whatever the client sent as its login goes no further than the API.
    assert 'proxy_set_header Authorization "";' in layers
    assert "internal;" in text[text.index("location = /auth") : text.index("location @refused")]
