"""AWS's own managed policies, read once: moto reads all 1,500 anew for each account and partition after each reset."""

from __future__ import annotations

import copy
import functools
import json

from moto.iam import models
from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.settings import load_iam_aws_managed_policies

from lab import settings


@functools.cache
def _read() -> list[AWSManagedPolicy]:
    facts = json.loads(models.aws_managed_policies_data)
    return [AWSManagedPolicy.from_data(name, settings.ACCOUNT, "aws", one) for name, one in facts.items()]


def _copied(policy: AWSManagedPolicy, backend: IAMBackend) -> AWSManagedPolicy:
    """Return a policy that an account has for itself, as it counts what the policy is attached to there."""
    made = copy.copy(policy)
    made.account_id, made.partition, made.tags = backend.account_id, backend.partition, {}
    made.versions = [copy.copy(version) for version in policy.versions]
    for version in made.versions:
        version.policy_arn = made.arn
    return made


def policies(self: IAMBackend) -> list[AWSManagedPolicy]:
    """Return the policies of AWS's own that an account finds."""
    return [_copied(policy, self) for policy in _read()] if load_iam_aws_managed_policies() else []


def install() -> None:
    """Give moto the policies."""
    IAMBackend._init_aws_policies = policies  # type: ignore[assignment,method-assign]
