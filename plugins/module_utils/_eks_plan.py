# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a managed node group may be asked for, and the updates that takes: pure functions, no boto, no module."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils import _model
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown
from ansible_collections.nodecache.eks.plugins.module_utils._state import check_tags, check_wait, tag_text

CONFIGS = ("scaling_config", "update_config", "node_repair_config", "warm_pool_config")
IMMUTABLE = ("subnets", "instance_types", "ami_type", "disk_size", "node_role", "capacity_type", "remote_access")
OPTIONS = ("cluster_name", "nodegroup_name", "labels", "taints", "version", "release_version", "launch_template")
UNORDERED = ("subnets", "sourceSecurityGroups", "nodeRepairConfigOverrides")
# What a person can ask for; a diff shows this and not what EKS adds.
MANAGED = (*OPTIONS, *CONFIGS, *IMMUTABLE, "tags")
# Of each pair the API takes one; setting one takes the other away.
EXCLUSIVE = (
    ("maxUnavailable", "maxUnavailablePercentage"),
    ("maxUnhealthyNodeThresholdCount", "maxUnhealthyNodeThresholdPercentage"),
    ("maxParallelNodesRepairedCount", "maxParallelNodesRepairedPercentage"),
)
_NAME = re.compile(r"[0-9A-Za-z][-_0-9A-Za-z]*")
_TEMPLATE = (
    ("id", r"lt-[0-9a-f]+", "be lt- and hexadecimal digits"),
    ("name", r"[a-zA-Z0-9().\-/_]{3,128}", "be 3 to 128 letters, digits or any of ( ) . - / _"),
    ("version", r"[1-9][0-9]*|\$Latest|\$Default", "be a number, $Latest or $Default"),
)
# The model has no limits for these: whose part they are, their name, what matches, and the same in words.
_TEXTS = (
    ("subnets", None, r"subnet-[0-9a-z]+", "be the id of a subnet"),
    ("instance_types", None, r"[a-z0-9-]+\.[a-z0-9-]+", "be an instance type"),
    ("remote_access", "ec2_ssh_key", r"[!-~]([ -~]{0,253}[!-~])?", "have 1 to 255 ASCII characters"),
    ("remote_access", "source_security_groups", r"sg-[0-9a-z]+", "be the id of a security group"),
    ("release_version", None, r"[0-9A-Za-z][0-9A-Za-z._-]*", "be the version of an AMI, such as 1.34.0-20260715"),
)
_OVERRIDES = ("node_monitoring_condition", "node_unhealthy_reason")
_TEMPLATE_HAS_THEM = ("disk_size", "remote_access")
_AMI_HAS_THEM = ("version", "release_version", "warm_pool_config")


def member(option: str) -> str:
    """Return the API's name of an option."""
    first, *rest = option.split("_")
    return first + "".join(word.capitalize() for word in rest)


def build_desired(params: dict[str, Any], shape: Any) -> dict[str, Any]:
    """Return what the options ask for in the API's shape, without what was left out; refuse what is wrong."""
    options = {option: params[option] for option in (*OPTIONS, *CONFIGS, *IMMUTABLE)}
    desired: dict[str, Any] = _model.to_request(shape, options)
    check_wait(params)
    if params["tags"]:
        check_tags(params["tags"])
        desired["tags"] = {key: tag_text(value) for key, value in params["tags"].items()}
    _model.check(shape, desired, whole=False)
    _check_names(params)
    _check_sizes(desired.get("scalingConfig", {}))
    template = params["launch_template"]
    for option in _TEMPLATE_HAS_THEM if template else ():
        if params[option] is not None:
            raise NodecacheError(f"{option} must be left out beside launch_template, which says it.")
    for option in _AMI_HAS_THEM if params["ami_type"] == "CUSTOM" else ():
        if params[option] is not None:
            raise NodecacheError(f"{option} must be left out where ami_type is 'CUSTOM'.")
    pairs = [(taint["key"], taint["effect"]) for taint in desired.get("taints", [])]
    for key, effect in pairs:
        if pairs.count((key, effect)) > 1:
            raise NodecacheError(f"taints has {shown(key)} with {effect} twice but a node can have it only once.")
    return desired


def _check_names(params: dict[str, Any]) -> None:
    for option, most in (("cluster_name", 100), ("nodegroup_name", 63)):
        name = params[option]
        if not _NAME.fullmatch(name) or len(name) > most:
            raise NodecacheError(
                f"{option} is {shown(name)} but must be 1 to {most} letters, digits, hyphens and underscores, "
                "the first of them a letter or a digit."
            )
    role = params["node_role"]
    if role is not None and not re.fullmatch(r"arn:[^:]+:iam::\d{12}:role/\S+", role):
        raise NodecacheError(f"node_role is {shown(role)} but must be the role's ARN.")
    for option in ("subnets", "instance_types"):
        if params[option] == []:
            raise NodecacheError(f"{option} is [] but must have an entry.")
    for option, part, pattern, allowed in _TEXTS:
        value = params[option] if part is None else (params[option] or {}).get(part)
        for item in value if isinstance(value, list) else [] if value is None else [value]:
            if not re.fullmatch(pattern, item):
                raise NodecacheError(f"{'.'.join(filter(None, (option, part)))} has {shown(item)} but must {allowed}.")
    for override in (params["node_repair_config"] or {}).get("node_repair_config_overrides") or []:
        for option in _OVERRIDES:
            if not re.fullmatch("[A-Za-z0-9_-]+", override[option]):
                raise NodecacheError(f"{option} is {shown(override[option])} but must be letters and digits.")
    version = params["version"]
    if version is not None and not re.fullmatch(r"\d+\.\d{2}", version):
        # YAML reads 1.30 without quotes as the number 1.3.
        raise NodecacheError(f"version is {shown(version)} but must be like '1.34', in quotes.")
    size = params["disk_size"]
    if size is not None and size < 1:
        raise NodecacheError(f"disk_size is {size} but must be at least 1.")
    template = params["launch_template"] or {}
    for name, pattern, allowed in _TEMPLATE:
        value = template.get(name)
        if value is not None and not re.fullmatch(pattern, value):
            raise NodecacheError(f"launch_template.{name} is {shown(value)} but must {allowed}.")


def _check_sizes(sizes: dict[str, int]) -> None:
    least, most, wanted = (sizes.get(name) for name in ("minSize", "maxSize", "desiredSize"))
    if least is not None and most is not None and least > most:
        raise NodecacheError(f"scaling_config.min_size is {least} but must be at most max_size, {most}.")
    if wanted is not None and least is not None and wanted < least:
        raise NodecacheError(f"scaling_config.desired_size is {wanted} but must be at least min_size, {least}.")
    if wanted is not None and most is not None and wanted > most:
        raise NodecacheError(f"scaling_config.desired_size is {wanted} but must be at most max_size, {most}.")


def create_request(desired: dict[str, Any]) -> dict[str, Any]:
    """Return what CreateNodegroup takes: a launch template's id or its name, not both."""
    template = desired.get("launchTemplate", {})
    named = {key: value for key, value in template.items() if key != "name" or "id" not in template}
    return {**desired, **({"launchTemplate": named} if named else {})}


def check_immutable(current: dict[str, Any], desired: dict[str, Any]) -> None:
    """Refuse to change what only a new node group can have."""
    for option in IMMUTABLE:
        key = member(option)
        one, other = ({key: group.get(key)} for group in (current, desired))
        if key in desired and not _model.same(one, other, UNORDERED):
            _refuse(current, option, current.get(key), desired[key])
    template = current.get("launchTemplate") or {}
    for key in ("id", "name"):
        want = desired.get("launchTemplate", {}).get(key)
        if want is not None and want != template.get(key):
            _refuse(current, f"launch_template.{key}", template.get(key), want)


def _refuse(current: dict[str, Any], option: str, have: Any, want: Any) -> None:
    have = "not set" if have is None else shown(have)
    raise NodecacheError(
        f"node group '{current['nodegroupName']}': {option} is {have} and cannot become {shown(want)}; "
        "only a new node group can have that."
    )


def plan_config(current: dict[str, Any], desired: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields as they shall be, and the changes UpdateNodegroupConfig has to be asked for."""
    after: dict[str, Any] = {}
    changes: dict[str, Any] = {}
    for key in map(member, CONFIGS):
        present = current.get(key) or {}
        merged = _merge(present, desired[key]) if key in desired else present
        # What was never switched on is off, and a warm pool that is off keeps no settings.
        one, other = {"enabled": False, **merged}, {"enabled": False, **present}
        both_off = key == "warmPoolConfig" and not one["enabled"] and not other["enabled"]
        if not both_off and not _model.same(one, other, UNORDERED):
            after[key] = changes[key] = merged
    _check_sizes(after.get("scalingConfig", {}))
    labels = current.get("labels") or {}
    if desired.get("labels", labels) != labels:
        after["labels"] = desired["labels"]
        changes["labels"] = _label_changes(labels, desired["labels"])
    taints = _taint_map(current.get("taints") or [])
    wanted = _taint_map(desired["taints"]) if "taints" in desired else taints
    if wanted != taints:
        after["taints"] = list(wanted.values())
        changes["taints"] = _taint_changes(taints, wanted)
    return after, changes


def _merge(current: dict[str, Any], desired: dict[str, Any]) -> dict[str, Any]:
    merged = {**current, **desired}
    for pair in EXCLUSIVE:
        for mine, other in (pair, pair[::-1]):
            if mine in desired and other not in desired:
                merged.pop(other, None)
    if "desiredSize" in current and "desiredSize" not in desired:
        merged["desiredSize"] = max(merged["minSize"], min(merged["maxSize"], current["desiredSize"]))
    return merged


def _label_changes(current: dict[str, str], wanted: dict[str, str]) -> dict[str, Any]:
    changed = {key: value for key, value in wanted.items() if current.get(key) != value}
    removed = sorted(set(current) - set(wanted))
    return {**({"addOrUpdateLabels": changed} if changed else {}), **({"removeLabels": removed} if removed else {})}


def _taint_map(taints: list[dict[str, str]]) -> dict[tuple[str, str], dict[str, str]]:
    # Kubernetes tells taints apart by key and effect; no value and an empty one are the same.
    return {(taint["key"], taint["effect"]): {key: value for key, value in taint.items() if value} for taint in taints}


def _taint_changes(current: dict[Any, Any], wanted: dict[Any, Any]) -> dict[str, Any]:
    changed = [taint for key, taint in wanted.items() if current.get(key) != taint]
    removed = [taint for key, taint in current.items() if key not in wanted]
    return {**({"addOrUpdateTaints": changed} if changed else {}), **({"removeTaints": removed} if removed else {})}


def plan_version(current: dict[str, Any], desired: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields as they shall be, and the changes UpdateNodegroupVersion has to be asked for."""
    keys = ("version", "releaseVersion")
    after = {key: desired[key] for key in keys if key in desired and desired[key] != current.get(key)}
    template, version = current.get("launchTemplate") or {}, desired.get("launchTemplate", {}).get("version")
    if version is not None and version != template.get("version"):
        after["launchTemplate"] = {**template, "version": version}
    if not after:
        return {}, {}
    custom = current.get("amiType") == "CUSTOM"
    for key in keys if custom else ():
        if key in after:
            raise NodecacheError(
                f"node group '{current['nodegroupName']}': {'version' if key == 'version' else 'release_version'} "
                "cannot change, because its AMI is its launch template's."
            )
    changes = {key: after[key] for key in keys if key in after}
    if not custom:
        changes = {**_kept_versions(current, after), **changes}
    if "launchTemplate" in after:
        # The API takes the id or the name, not both.
        changes["launchTemplate"] = {"id": template["id"], "version": version}
    return after, changes


def _kept_versions(current: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    # Without a version EKS takes the cluster's, and without a release the newest: neither is left alone.
    version, release = current.get("version"), after.get("releaseVersion")
    if "version" in after or (release and not release.startswith(f"{version}.")):
        return {}
    kept = {"version": version, "releaseVersion": current.get("releaseVersion")}
    return {key: value for key, value in kept.items() if value}


def argument_spec() -> dict[str, Any]:
    """Return the options."""
    flag, number, text = {"type": "bool"}, {"type": "int"}, {"type": "str"}
    needed, texts = {"type": "str", "required": True}, {"type": "list", "elements": "str"}

    def block(exclusive: tuple[tuple[str, str], ...] = (), **options: Any) -> dict[str, Any]:
        return {"type": "dict", "options": options, "mutually_exclusive": list(exclusive)}

    def blocks(**options: Any) -> dict[str, Any]:
        return {"type": "list", "elements": "dict", "options": options}

    effects = ["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"]
    thresholds = [f"max_{what}" for what in ("unhealthy_node_threshold", "parallel_nodes_repaired")]
    return {
        "cluster_name": {"required": True},
        "nodegroup_name": {"required": True},
        "scaling_config": block(min_size=number, max_size=number, desired_size=number),
        "disk_size": number,
        "subnets": texts,
        "instance_types": texts,
        "ami_type": text,
        "node_role": text,
        "remote_access": block(ec2_ssh_key={"no_log": False}, source_security_groups=texts),
        "labels": {"type": "dict"},
        "taints": blocks(key={**needed, "no_log": False}, value=text, effect={**needed, "choices": effects}),
        "launch_template": {
            **block((("id", "name"),), id=text, name=text, version=text),
            "required_one_of": [("id", "name")],
        },
        "capacity_type": {"choices": ["ON_DEMAND", "SPOT", "CAPACITY_BLOCK"]},
        "update_config": block(
            (("max_unavailable", "max_unavailable_percentage"),),
            max_unavailable=number,
            max_unavailable_percentage=number,
            update_strategy={"choices": ["DEFAULT", "MINIMAL"]},
        ),
        "node_repair_config": block(
            tuple((f"{name}_count", f"{name}_percentage") for name in thresholds),
            enabled=flag,
            **{f"{name}_{unit}": number for name in thresholds for unit in ("count", "percentage")},
            node_repair_config_overrides=blocks(
                node_monitoring_condition=needed,
                node_unhealthy_reason=needed,
                min_repair_wait_time_mins={"type": "int", "required": True},
                repair_action={**needed, "choices": ["Replace", "Reboot", "NoAction"]},
            ),
        ),
        "warm_pool_config": block(
            enabled=flag,
            min_size=number,
            max_group_prepared_capacity=number,
            pool_state={"choices": ["STOPPED", "RUNNING", "HIBERNATED"]},
            reuse_on_scale_in=flag,
        ),
        "version": text,
        "release_version": text,
        "force": {"type": "bool", "default": False},
        "tags": {"type": "dict", "aliases": ["resource_tags"]},
        "purge_tags": {"type": "bool", "default": True},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 1200},
        "state": {"choices": ["present", "absent"], "default": "present"},
    }
