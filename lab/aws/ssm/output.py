"""A step's output: cut as the agent cuts it, and written to S3 and CloudWatch Logs as the node's own role."""

from __future__ import annotations

import logging
import time
from typing import Any

from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

from lab.aws import iam

LOG = logging.getLogger(__name__)
LIST_LIMIT, STDOUT_LIMIT, STDERR_LIMIT = 2500, 24000, 8000
ERROR_TITLE = "\n----------ERROR-------\n"
OUTPUT_CUT, ERROR_CUT = "\n---Output truncated---", "\n---Error truncated----"
CUT = "--output truncated--"


def _prefix(text: str, size: int) -> str:
    """Return as much of a text as the agent does, which counts bytes and may cut a character in two."""
    return text.encode()[:size].decode(errors="replace")


def joined(stdout: str, stderr: str, capacity: int = LIST_LIMIT) -> str:
    """Join both outputs, and cut what is too long, as the agent does for ListCommandInvocations."""
    title = ERROR_TITLE if stderr else ""
    space, out, err = capacity - len(title), len(stdout.encode()), len(stderr.encode())
    if out + err < space:
        return stdout + title + stderr
    half = space // 2
    if out > half and err > half:
        part = (space - len(ERROR_CUT) - len(OUTPUT_CUT)) // 2
        return _prefix(stdout, part) + OUTPUT_CUT + title + _prefix(stderr, part) + ERROR_CUT
    if out <= half:
        return stdout + title + _prefix(stderr, space - len(ERROR_CUT) - out) + ERROR_CUT
    return _prefix(stdout, space - len(OUTPUT_CUT) - err) + OUTPUT_CUT + title + stderr


def cut(text: str, limit: int) -> str:
    """Cut one output as GetCommandInvocation shows it."""
    return text if len(text.encode()) < limit else _prefix(text, limit - len(CUT)) + CUT


def role_of(instance: Any) -> str | None:
    """Return the ARN of the role in an instance's profile."""
    profile = getattr(instance, "iam_instance_profile", None) or {}
    known = iam_backends[instance.owner_id]["aws"].instance_profiles.values()
    for one in known:
        if profile and (one.arn == profile.get("Arn") or one.name == profile.get("Name")) and one.roles:
            return str(one.roles[0].arn)
    return None


def _refusal(instance: Any, action: str, resource: str) -> str:
    """Return why the node may not do this, or nothing: it acts as its role, and without one as nobody."""
    role = role_of(instance)
    if role is None:
        return "the node has no role"
    try:
        iam.check(role, action, resource)
    except iam.Denied as denied:
        return denied.message
    return ""


def upload(instance: Any, bucket: str, key: str, text: str) -> str:
    """Write an output to S3 and return its URL; a failure is the agent's to log and changes no status."""
    if not bucket:
        return ""
    place = "/".join(part for part in key.split("/") if part).replace(":", "")
    url = f"https://s3.{instance.region_name}.amazonaws.com/{bucket}/{place}"
    if not text:
        return url
    backend = s3_backends[instance.owner_id]["aws"]
    refusal = _refusal(instance, "s3:PutObject", f"arn:aws:s3:::{bucket}/{place}")
    if not refusal and bucket not in backend.buckets:
        refusal = "there is no such bucket"
    if refusal:
        LOG.warning("%s: output is not written to %s: %s", instance.id, url, refusal)
        return url
    backend.put_object(bucket, place, text.encode())
    return url


def log(instance: Any, group: str, stream: str, text: str) -> None:
    """Write an output to CloudWatch Logs, line by line, in a group that is made when it is not there."""
    if not text:
        return
    stream = stream.replace(":", "-").replace("*", "-")
    arn = f"arn:aws:logs:{instance.region_name}:{instance.owner_id}:log-group:{group}"
    refusal = _refusal(instance, "logs:PutLogEvents", f"{arn}:log-stream:{stream}")
    if refusal:
        LOG.warning("%s: output is not written to log group %s: %s", instance.id, group, refusal)
        return
    backend = logs_backends[instance.owner_id][instance.region_name]
    if group not in backend.groups:
        backend.create_log_group(group, {})
    if stream not in backend.groups[group].streams:
        backend.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    backend.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in text.splitlines()])
