"""Pull-through cache rules, and the import of what a first pull wants.

The upstream that can be reached here is another registry of the lab's ECR; of the others nothing ever arrives.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ecr.models import ECRBackend, Image, Repository
from moto.ecr.responses import ECRResponse
from moto.secretsmanager.models import secretsmanager_backends

from lab.aws.ecr import access, events, images
from lab.aws.ecr.support import LOCK, backend, error, page, registry
from lab.registry import store

ROOT = "ROOT"
# Without a secret these let nobody in.
_SECRET = ("docker-hub", "github-container-registry", "azure-container-registry", "gitlab-container-registry")
_UPSTREAMS = {
    "ecr-public": r"public\.ecr\.aws",
    "quay": r"quay\.io",
    "k8s": r"registry\.k8s\.io",
    "docker-hub": r"registry-1\.docker\.io",
    "github-container-registry": r"ghcr\.io",
    "azure-container-registry": r"[a-z0-9]+\.azurecr\.io",
    "gitlab-container-registry": r"registry\.gitlab\.com",
    "chainguard": r"cgr\.dev",
    "ecr": r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com",
}


@dataclass(frozen=True)
class Upstream:
    """Where a repository's images come from."""

    rule: dict[str, Any]
    name: str


def _rules(owner: ECRBackend) -> dict[str, dict[str, Any]]:
    rules: dict[str, dict[str, Any]] = vars(owner).setdefault("lab_cache_rules", {})
    return rules


def _rule(owner: ECRBackend, prefix: str) -> dict[str, Any]:
    if prefix not in _rules(owner):
        message = f"The pull through cache rule with ecrRepositoryPrefix '{prefix}' does not exist"
        said = f"{message} in the registry with id '{owner.account_id}'"
        raise error("PullThroughCacheRuleNotFoundException", said)
    return _rules(owner)[prefix]


def _check_secret(owner: ECRBackend, arn: str | None) -> None:
    """Refuse a secret that is not there.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html#API_CreatePullThroughCacheRule_Errors
    """
    secrets = secretsmanager_backends[owner.account_id][owner.region_name].secrets
    if arn and arn not in {secret.arn for secret in secrets.values()}:
        raise error("SecretNotFoundException", f"The secret with ARN '{arn}' does not exist.")


def create_pull_through_cache_rule(self: ECRResponse) -> ActionResult:
    """Answer CreatePullThroughCacheRule."""
    owner, prefix, url = registry(self), self._get_param("ecrRepositoryPrefix"), self._get_param("upstreamRegistryUrl")
    kind = next((name for name, pattern in _UPSTREAMS.items() if re.fullmatch(pattern, url)), None)
    if kind is None or self._get_param("upstreamRegistry") not in (None, kind):
        raise error("UnsupportedUpstreamRegistryException", f"The upstream registry '{url}' is not supported.")
    if kind in _SECRET and not self._get_param("credentialArn"):
        raise error("InvalidParameterException", f"The upstream registry '{url}' needs a credentialArn.")
    _check_secret(owner, self._get_param("credentialArn"))
    if prefix in _rules(owner):
        message = f"A pull through cache rule with ecrRepositoryPrefix '{prefix}' exists already"
        said = f"{message} in the registry with id '{owner.account_id}'"
        raise error("PullThroughCacheRuleAlreadyExistsException", said)
    now = datetime.datetime.now(datetime.UTC)
    rule = {
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": url,
        "upstreamRegistry": kind,
        "upstreamRepositoryPrefix": self._get_param("upstreamRepositoryPrefix") or ROOT,
        "registryId": owner.account_id,
        "credentialArn": self._get_param("credentialArn"),
        "customRoleArn": self._get_param("customRoleArn"),
        "createdAt": now,
        "updatedAt": now,
    }
    _rules(owner)[prefix] = {key: value for key, value in rule.items() if value is not None}
    return ActionResult(_rules(owner)[prefix])


def describe_pull_through_cache_rules(self: ECRResponse) -> ActionResult:
    """Answer DescribePullThroughCacheRules."""
    owner, wanted = registry(self), self._get_param("ecrRepositoryPrefixes")
    if wanted:
        return ActionResult({"pullThroughCacheRules": [_rule(owner, prefix) for prefix in wanted]})
    return ActionResult(page(self, list(_rules(owner).values()), "pullThroughCacheRules"))


def update_pull_through_cache_rule(self: ECRResponse) -> ActionResult:
    """Answer UpdatePullThroughCacheRule: a rule's secret and role can change, nothing else."""
    owner = registry(self)
    rule = _rule(owner, self._get_param("ecrRepositoryPrefix"))
    _check_secret(owner, self._get_param("credentialArn"))
    for name in ("credentialArn", "customRoleArn"):
        if self._get_param(name):
            rule[name] = self._get_param(name)
    rule["updatedAt"] = datetime.datetime.now(datetime.UTC)
    return ActionResult(rule)


def delete_pull_through_cache_rule(self: ECRResponse) -> ActionResult:
    """Answer DeletePullThroughCacheRule; what was imported stays."""
    owner, prefix = registry(self), self._get_param("ecrRepositoryPrefix")
    rule = _rule(owner, prefix)
    del _rules(owner)[prefix]
    return ActionResult(rule)


def validate_pull_through_cache_rule(self: ECRResponse) -> ActionResult:
    """Answer ValidatePullThroughCacheRule: here only another registry of the lab's can be reached."""
    rule = _rule(registry(self), self._get_param("ecrRepositoryPrefix"))
    names = ("ecrRepositoryPrefix", "registryId", "upstreamRegistryUrl", "credentialArn", "customRoleArn")
    answer = {name: rule[name] for name in (*names, "upstreamRepositoryPrefix") if name in rule}
    reached = rule["upstreamRegistry"] == "ecr"
    return ActionResult(
        answer | {"isValid": reached} | ({} if reached else {"failure": "The upstream did not answer."})
    )


def upstream(owner: ECRBackend, name: str) -> Upstream | None:
    """Return where the longest rule for a repository's name says its images are."""
    for prefix in sorted(_rules(owner), key=len, reverse=True):
        rest = name if prefix == ROOT else name.removeprefix(f"{prefix.rstrip('/')}/")
        if prefix == ROOT or rest != name:
            rule = _rules(owner)[prefix]
            theirs = rule["upstreamRepositoryPrefix"]
            return Upstream(rule, rest if theirs == ROOT else f"{theirs.rstrip('/')}/{rest}")
    return None


def fetch(principal: str, account: str, region: str, name: str, reference: str) -> Repository | None:
    """Import what a first pull wants, if a rule covers it; the puller needs rights for that."""
    owner = backend(account, region)
    found = upstream(owner, name) if owner else None
    if owner is None or found is None:
        return None
    with LOCK:
        known = owner.repositories.get(name)
        if known and images.find(known, reference):
            return known
        _permit(principal, account, region, name, known is None)
        source = _source(found)
        image = images.find(source, reference) if source else None
        if source is None or image is None:
            if known:
                _tell(known, found, reference, "FAILED", None)
            return known
        target = known or owner.create_repository(name, None, {}, None, "", [])
        tag = None if ":" in reference else reference
        _copy(source, target, image, tag)
        _tell(target, found, reference, "SUCCESS", image)
        return target


def _permit(principal: str, account: str, region: str, name: str, new: bool) -> None:
    for action in ("BatchImportUpstreamImage", *(("CreateRepository",) if new else ())):
        access.permit(principal, f"ecr:{action}", account, region, name)


def _source(found: Upstream) -> Repository | None:
    match = re.fullmatch(_UPSTREAMS["ecr"], found.rule["upstreamRegistryUrl"])
    owner = backend(match["account"], match["region"]) if match else None
    return owner.repositories.get(found.name) if owner else None


def _copy(source: Repository, target: Repository, image: Image, tag: str | None) -> None:
    manifest = images.manifest_of(image)
    for digest in manifest.children:
        child = images.by_digest(source, digest)
        if child and not images.by_digest(target, digest):
            _copy(source, target, child, None)
    for digest, _, _ in manifest.blobs:
        store.link(target.account_id, target.region_name, target.name, digest)
    try:
        images.put(target, image.image_manifest, tag, image.image_manifest_media_type)
    except ServiceException as wrong:
        if wrong.code != "ImageAlreadyExistsException":
            raise


def _tell(target: Repository, found: Upstream, reference: str, status: str, image: Image | None) -> None:
    detail = {
        "rule-version": "1",
        "sync-status": status,
        "ecr-repository-prefix": found.rule["ecrRepositoryPrefix"],
        "repository-name": target.name,
        "upstream-registry-url": found.rule["upstreamRegistryUrl"],
        "image-tag": "" if ":" in reference else reference,
        "image-digest": image.image_digest if image else "",
    }
    events.emit(target, "ECR Pull Through Cache Action", detail, [target.arn])


METHODS = {
    function.__name__: function
    for function in (
        create_pull_through_cache_rule,
        describe_pull_through_cache_rules,
        update_pull_through_cache_rule,
        delete_pull_through_cache_rule,
        validate_pull_through_cache_rule,
    )
}
