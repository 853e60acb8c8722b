"""Names, addresses and paths of the lab: the one place where they are decided."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"
ECR_HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
# Another account's registry, for pulls from account to account and through its cache.
OTHER_ACCOUNT = "210987654321"
# Another region's registry and its API; nodes, and all else there is, are in the one region.
OTHER_REGION = "us-west-2"
ECR_HOSTS = (
    ECR_HOST,
    f"{OTHER_ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com",
    f"{ACCOUNT}.dkr.ecr.{OTHER_REGION}.amazonaws.com",
)
AWS_HOSTS = (
    "iam.amazonaws.com",
    f"api.ecr.{OTHER_REGION}.amazonaws.com",
    *(
        f"{service}.{REGION}.amazonaws.com"
        for service in ("api.ecr", "autoscaling", "ec2", "eks", "events", "logs", "monitoring", "sqs", "ssm", "sts")
    ),
)

API_HOST = "127.0.0.1"
API_PORT = 4599
REGISTRY_PORT = 4598

# Link-local, so that it can clash with no VPC of the walkthrough and no route of the host.
BRIDGE = "nodecache0"
GATEWAY = "169.254.42.1"

LINK_BITS_PER_SECOND = 400_000_000

# Sockets live under /run: a Unix socket's path is cut at 108 bytes.
RUN = Path("/run/nodecache-lab")
VAR = Path("/var/lib/nodecache-lab")
CACHE = Path("/var/cache/nodecache-lab")
LOG = VAR / "log"

# moto takes any key; these are the ones AWS's documentation uses, so nobody mistakes them for secrets.
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105


def endpoint() -> str:
    """Return the URL that speaks every AWS API of the lab."""
    return f"http://{API_HOST}:{API_PORT}"


def client(service: str) -> Any:
    """Return a boto3 client deaf to the person's own AWS configuration, which leaves it to the lab what is wrong."""
    import boto3
    from botocore.config import Config

    session = boto3.session.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name=REGION)
    return session.client(service, endpoint_url=endpoint(), config=Config(parameter_validation=False))
