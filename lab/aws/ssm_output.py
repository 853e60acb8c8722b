"""A step's output: cut as the agent cuts it, and written to S3 with the node's own role."""

from __future__ import annotations

import logging
from typing import Any

from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from lab.aws import iam

LOG = logging.getLogger(__name__)
LIST_LIMIT, STDOUT_LIMIT, STDERR_LIMIT = 2500, 24000, 8000
ERROR_TITLE = "\n----------ERROR-------\n"
OUTPUT_CUT, ERROR_CUT = "\n---Output truncated---", "\n---Error truncated----"
CUT = "--output truncated--"


def joined(stdout: str, stderr: str, capacity: int = LIST_LIMIT) -> str:
    """Join both outputs, and cut what is too long, as the agent does for ListCommandInvocations."""
    title = ERROR_TITLE if stderr else ""
    space = capacity - len(title)
    if len(stdout) + len(stderr) < space:
        return stdout + title + stderr
    half = space // 2
    if len(stdout) > half and len(stderr) > half:
        part = (space - len(ERROR_CUT) - len(OUTPUT_CUT)) // 2
        return stdout[:part] + OUTPUT_CUT + title + stderr[:part] + ERROR_CUT
    if len(stdout) <= half:
        return stdout + title + stderr[: space - len(ERROR_CUT) - len(stdout)] + ERROR_CUT
    return stdout[: space - len(OUTPUT_CUT) - len(stderr)] + OUTPUT_CUT + title + stderr


def cut(text: str, limit: int) -> str:
    """Cut one output as GetCommandInvocation shows it."""
    return text if len(text) < limit else text[: limit - len(CUT)] + CUT


def role_of(instance: Any) -> str | None:
    """Return the ARN of the role in an instance's profile."""
    profile = getattr(instance, "iam_instance_profile", None) or {}
    known = iam_backends[instance.owner_id]["aws"].instance_profiles.values()
    for one in known:
        if profile and (one.arn == profile.get("Arn") or one.name == profile.get("Name")) and one.roles:
            return str(one.roles[0].arn)
    return None


def upload(instance: Any, bucket: str, key: str, text: str) -> str:
    """Write an output to S3 and return its URL; a failure is the agent's to log and changes no status."""
    if not bucket:
        return ""
    place = "/".join(part for part in key.split("/") if part).replace(":", "")
    url = f"https://s3.{instance.region_name}.amazonaws.com/{bucket}/{place}"
    if not text:
        return url
    role = role_of(instance)
    if role is None:
        LOG.warning("%s: output is not written to %s: the node has no role", instance.id, url)
        return url
    backend = s3_backends[instance.owner_id]["aws"]
    try:
        iam.check(role, "s3:PutObject", f"arn:aws:s3:::{bucket}/{place}")
    except iam.Denied as denied:
        LOG.warning("%s: output is not written to %s: %s", instance.id, url, denied.message)
        return url
    if bucket not in backend.buckets:
        LOG.warning("%s: output is not written to %s: there is no such bucket", instance.id, url)
        return url
    backend.put_object(bucket, place, text.encode())
    return url
