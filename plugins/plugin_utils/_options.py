# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The prefetch role's options, looked at before AWS is asked anything: pure, so that it can be tried in tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils import _names
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError
from ansible_collections.nodecache.eks.plugins.module_utils._ssm_schedule import check_schedule
from ansible_collections.nodecache.eks.plugins.module_utils._state import check_tags
from ansible_collections.nodecache.eks.plugins.plugin_utils import _plan
from ansible_collections.nodecache.eks.plugins.plugin_utils._plan import PlanError, expect

OWN_TAGS = "nodecache.eks/"
# A number of nodes, or a share of them; of errors there may be none.
SOME = "[1-9][0-9]{0,6}|[1-9][0-9]?%|100%"
WORDS = {
    "prefetch_region": (r"[a-z]{2,4}(-[a-z]+){1,2}-[0-9]+", "an AWS region such as eu-central-1"),
    "prefetch_name": _names.INSTALL,
    "prefetch_cluster": _names.CLUSTER,
    "prefetch_max_concurrency": (SOME, "a number of nodes from 1, or 1% to 100%"),
    "prefetch_max_errors": (f"0%?|{SOME}", "a number of nodes from 0, or 0% to 100%"),
}
# The characters of a role's trust policy without its rules, then with them, and those of all its inline policies: IAM's
# own quotas, of which a raised one cannot be seen.
TRUST, TRUSTS, POLICY = 250, 2048, 10240
# ARNs of these regions are longer than others.
PARTITIONS = {"us-gov": "aws-us-gov", "cn": "aws-cn", "eusc": "aws-eusc"}


def check(given: Mapping[str, Any]) -> None:
    """Refuse the first option that is wrong; for an install that goes, only those that say which it is."""
    for option, (pattern, allowed) in WORDS.items():
        expect(bool(re.fullmatch(pattern, str(given[option]))), option, given[option], allowed)
    for role in given["prefetch_node_roles"]:
        expect(bool(re.fullmatch(_names.ROLE[0], str(role))), "prefetch_node_roles", role, _names.ROLE[1])
    if given["prefetch_state"] == "absent":
        return
    expect(1 <= given["prefetch_keep"] <= _plan.KEEP, "prefetch_keep", given["prefetch_keep"], f"1 to {_plan.KEEP}")
    _schedule(given["prefetch_schedule"])
    topic = given["prefetch_alarm_topic_arn"]
    expect(not topic or bool(re.fullmatch(_names.TOPIC[0], topic)), "prefetch_alarm_topic_arn", topic, _names.TOPIC[1])
    # Alarms and rules reach topics of their own region only.
    near = not topic or topic.split(":")[3] == given["prefetch_region"]
    expect(near, "prefetch_alarm_topic_arn", topic, f"a topic of {given['prefetch_region']}, where the install is")
    # Whose it is, for which cluster, what the last run noted, and the nodes' roles.
    _tags(given["prefetch_tags"], 3 + len(given["prefetch_node_roles"]))
    _images(given)


def _schedule(value: str) -> None:
    try:
        check_schedule({"schedule_expression": value, "apply_only_at_cron_interval": False})
    except NodecacheError as error:
        said = str(error).partition(" but ")[2].rstrip(".")
        raise PlanError(f"prefetch_schedule: '{value}' is not valid, {said}") from None
    # Without one nothing would be repaired.
    expect(bool(value), "prefetch_schedule", value, "rate(...), cron(...) or at(...)")


def _tags(tags: Mapping[str, Any], own: int) -> None:
    try:
        check_tags(dict(tags))
    except NodecacheError as error:
        raise PlanError(f"prefetch_{error}") from None
    for key in tags:
        expect(not key.startswith(OWN_TAGS), "prefetch_tags", key, f"any key that does not begin with {OWN_TAGS}")
    expect(
        len(tags) + own <= 50, "prefetch_tags", f"{len(tags)} tags", f"{50 - own}, as the install has {own} of its own"
    )


def _images(given: Mapping[str, Any]) -> None:
    """Plan with an account that stands for whichever it will be."""
    region = given["prefetch_region"]
    partition = next((PARTITIONS[key] for key in PARTITIONS if region.startswith(f"{key}-")), "aws")
    install = {
        "name": given["prefetch_name"],
        "cluster": given["prefetch_cluster"],
        "registry": f"{'0' * 12}.dkr.ecr.{region}.amazonaws.com",
        "partition": partition,
        "keep": given["prefetch_keep"],
        "jitter": given["prefetch_jitter"],
        "delivery": given["prefetch_delivery"],
    }
    found = _plan.plan(given["prefetch_images"], given["prefetch_nodes"], install)
    few = "so few and short names as fit into one install's {}; make a second install for the rest"
    place = f"arn:{partition}:events:{region}:{'0' * 12}:rule/"
    rules = [place + rule["name"] for group in found["groups"] for rule in group["rules"]]
    what = f"{len(rules)} rules' worth of images and sets of nodes"
    expect(len(json.dumps(rules)) <= TRUSTS - TRUST, "prefetch_images", what, few.format("trust policy"))
    # What else a node's role has inline is not known here.
    size = len(json.dumps(found["ecr_arns"], separators=(",", ":")))
    expect(size <= POLICY - 200, "prefetch_images", f"{len(found['ecr_arns'])} repositories", few.format("policy"))
