# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the images a person names to what AWS has to hold: pure, so that it can be tried in tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

EVERY_NODE = "all"
# All nodes are always there; behind the install's name the others are its Automation documents and its alarms' rule.
TAKEN = (EVERY_NODE, "automation", "failures")
KEEP = 100
# EventBridge takes no wildcards that are too complex, and says of none what that is.
STARS = 4
# An event pattern's characters: EventBridge's own quota, which not every account has raised.
PATTERN = 2048
# A run ends after an hour, and has to pull in what is left of it.
JITTER = 1800
NODES = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")
# ECR's CreateRepository allows 2 to 256 characters of this shape.
REPOSITORY = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
HOST = re.compile(r"(?:[a-zA-Z0-9-]+\.)+[a-zA-Z0-9-]+(?::[0-9]+)?|localhost(?::[0-9]+)?")
ECR = re.compile(r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws|on)\.[a-z.]+")
TAGS = re.compile(r"[A-Za-z0-9_*][A-Za-z0-9_.*-]{0,127}")
TAG = re.compile(r"tag:[\w .:/=@-]{1,128}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
KINDS = ("document", "association", "rule", "queue", "alarm", "role", "node_policy")
KEYS = {"repository", "tags", "digest", "keep", "nodes"}


class PlanError(Exception):
    """A wrong input, in one sentence that names the option, the value and what is allowed."""


def expect(holds: bool, option: str, value: Any, allowed: str) -> None:
    if not holds:
        raise PlanError(f"{option}: '{value}' is not valid, allowed is {allowed}")


def _image(entry: Any, at: int, install: Mapping[str, Any], nodes: Mapping[str, Any]) -> dict[str, Any]:
    """Return one image with every field filled in."""
    option = f"prefetch_images[{at}]"
    expect(isinstance(entry, Mapping), option, entry, f"a dict with {', '.join(sorted(KEYS))}")
    unknown = sorted(set(entry) - KEYS)
    expect(not unknown, option, ", ".join(map(str, unknown)), f"{', '.join(sorted(KEYS))}")
    given = str(entry.get("repository") or "")
    host, slash, path = given.partition("/")
    if not slash or not HOST.fullmatch(host):
        host, path = install["registry"], given
    fits = REPOSITORY.fullmatch(path) and 2 <= len(path) <= 256
    expect(bool(fits), f"{option}.repository", given, "an ECR repository's name, or host/name for another registry")
    digest, ecr = entry.get("digest"), ECR.fullmatch(host)
    expect(
        digest is None or bool(DIGEST.fullmatch(str(digest))), f"{option}.digest", digest, "sha256: and 64 hex digits"
    )
    tags = str(entry.get("tags") or ("*" if ecr and not digest else ""))
    fits = (not tags and digest) or (TAGS.fullmatch(tags) and "**" not in tags and tags.count("*") <= STARS)
    stars = f"one tag, or on ECR a pattern in which up to {STARS} * stand for anything"
    expect(bool(fits), f"{option}.tags", tags, stars)
    expect(
        "*" not in tags or bool(ecr and not digest), f"{option}.tags", tags, "one tag: only ECR tells what is newest"
    )
    keep = entry.get("keep", install["keep"])
    expect(str(keep).isdigit() and 1 <= int(keep) <= KEEP, f"{option}.keep", keep, f"1 to {KEEP}")
    group = str(entry.get("nodes") or EVERY_NODE)
    expect(group in nodes, f"{option}.nodes", group, f"a name from prefetch_nodes: {', '.join(sorted(nodes))}")
    own = host == install["registry"]
    return {
        "repository": f"{host}/{path}",
        "name": path,
        "tags": tags,
        "digest": digest,
        "keep": int(keep),
        "nodes": group,
        # Only this account's registry of this region sends its pushes to this event bus.
        "events": own and not digest,
        "arn": f"arn:{install['partition']}:ecr:{ecr['region']}:{ecr['account']}:repository/{path}" if ecr else None,
    }


def reference(image: Mapping[str, Any]) -> str:
    """Return what the node script is asked for: the newest that matches, or exactly this."""
    tag = "" if image["tags"] in ("", "*") else f":{image['tags']}"
    return f"{image['repository']}{tag}" + (f"@{image['digest']}" if image["digest"] else "")


def _matcher(tags: str) -> Any:
    if tags == "*":
        # The children of a multi-architecture image are pushed with an empty tag.
        return {"anything-but": [""]}
    if tags.count("*") == 1 and (tags[0] == "*" or tags[-1] == "*"):
        # An event bus takes no more than 30 rules with wildcards, for the whole account, whoever asks for more.
        return {"suffix": tags[1:]} if tags[0] == "*" else {"prefix": tags[:-1]}
    return {"wildcard": tags} if "*" in tags else tags


def event_pattern(images: Sequence[Mapping[str, Any]], registry: str) -> dict[str, Any]:
    """Return the pattern that lets tagged pushes of these images to the registry through."""
    by_tags: dict[str, set[str]] = {}
    for image in images:
        by_tags.setdefault(image["tags"], set()).add(image["name"])
    parts = [
        {"repository-name": sorted(names), "image-tag": [_matcher(tags)]} for tags, names in sorted(by_tags.items())
    ]
    detail: dict[str, Any] = {"action-type": ["PUSH"], "result": ["SUCCESS"]}
    detail.update(parts[0] if len(parts) == 1 else {"$or": parts})
    account, _dkr, _ecr, region = registry.split(".")[:4]
    # Another account or region may send its events to this bus too, where its repositories may have the same names.
    place = {"source": ["aws.ecr"], "account": [account], "region": [region]}
    return {**place, "detail-type": ["ECR Image Action"], "detail": detail}


def event_patterns(images: Sequence[Mapping[str, Any]], registry: str) -> list[dict[str, Any]]:
    """Return patterns for the images, each as short as EventBridge takes it from every account."""
    found: list[list[Mapping[str, Any]]] = []
    for image in sorted(images, key=lambda image: (image["tags"], image["name"])):
        if found:
            longer = json.dumps(event_pattern([*found[-1], image], registry), separators=(",", ":"))
            if len(longer) <= PATTERN:
                found[-1].append(image)
                continue
        found.append([image])
    return [event_pattern(some, registry) for some in found]


def _targets(name: str, value: Any, cluster: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a set's targets; only the cluster's own tag tells its nodes from another's, so it is always one."""
    option = f"prefetch_nodes.{name}"
    expect(
        isinstance(value, list) and 1 <= len(value) <= 4,
        option,
        value,
        "a list of 1 to 4 targets with key and values; the cluster's tag is the fifth",
    )
    for target in value:
        fits = isinstance(target, Mapping) and set(target) == {"key", "values"} and isinstance(target["values"], list)
        expect(fits, option, target, "a dict with key and a list of values")
        key = f"{option}.key"
        expect(bool(TAG.fullmatch(str(target["key"]))), key, target["key"], "tag:NAME, with a name as EC2's tags have")
        expect(1 <= len(target["values"]) <= 50, f"{option}.values", target["values"], "1 to 50 values")
        for one in target["values"]:
            fits = 1 <= len(str(one)) <= 256 and str(one).isprintable()
            expect(fits, f"{option}.values", one, "1 to 256 printable characters")
    own = [{"key": target["key"], "values": [str(each) for each in target["values"]]} for target in value]
    return [target for target in own if target["key"] != cluster["key"]] + [dict(cluster)]


def plan(images: Any, nodes: Any, install: Mapping[str, Any]) -> dict[str, Any]:
    """Return the install's images, and one group of them for each set of nodes."""
    expect(0 <= install["jitter"] <= JITTER, "prefetch_jitter", install["jitter"], f"0 to {JITTER}")
    expect(isinstance(images, list), "prefetch_images", images, "a list of images")
    cluster = {"key": f"tag:kubernetes.io/cluster/{install['cluster']}", "values": ["owned"]}
    expect(not nodes or isinstance(nodes, Mapping), "prefetch_nodes", nodes, "a dict of sets of nodes")
    for name in nodes or {}:
        expect(
            bool(NODES.fullmatch(str(name))) and name not in TAKEN,
            "prefetch_nodes",
            name,
            f"names of 1 to 20 lower-case letters, digits and -, but {', '.join(TAKEN[:-1])} and {TAKEN[-1]}",
        )
    targets = {EVERY_NODE: [cluster]} | {name: _targets(name, value, cluster) for name, value in (nodes or {}).items()}
    wanted = [_image(entry, at, install, targets) for at, entry in enumerate(images)]
    seen: set[tuple[str, str]] = set()
    for at, image in enumerate(wanted):
        twice = (reference(image), image["nodes"])
        expect(twice not in seen, f"prefetch_images[{at}]", reference(image), "each image once for the same nodes")
        seen.add(twice)
    identity = f"nodecache-{install['name']}"
    made = []
    for name in sorted({image["nodes"] for image in wanted}):
        mine = [image for image in wanted if image["nodes"] == name]
        pushed = [image for image in mine if image["events"]]
        # EventBridge's Run Command takes one tag, and only the cluster's own is on no other cluster's nodes.
        one = install["delivery"] == "run_command" and len(targets[name]) == 1
        made.append(
            {
                "nodes": name,
                "id": group_id(identity, name),
                "targets": targets[name],
                "references": [reference(image) for image in mine],
                "rules": [
                    {"name": rule_name(identity, name, at), "event_pattern": pattern}
                    for at, pattern in enumerate(event_patterns(pushed, install["registry"]), 1)
                ],
                "delivery": ("run_command" if one else "automation") if pushed else None,
            }
        )
    return {
        "id": identity,
        "wanted": {reference(image): image["keep"] for image in sorted(wanted, key=lambda image: image["keep"])},
        "groups": made,
        "ecr_arns": sorted({image["arn"] for image in wanted if image["arn"] and not image["digest"]}),
    }


def group_id(identity: str, nodes: str) -> str:
    """Return the name of a group's first rule and of its association; no install has a dot in its name."""
    return identity if nodes == EVERY_NODE else f"{identity}.{nodes}"


def rule_name(identity: str, nodes: str, at: int) -> str:
    """Return the name of a group's first rule, or of another one; no set of nodes has a dot in its name."""
    return group_id(identity, nodes) if at == 1 else f"{identity}.{nodes}.{at}"


def names(found: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names, by kind, of all that a plan makes with the install's C(region) and other options."""
    groups, identity = found["groups"], found["id"]
    ids = {how: [group["id"] for group in groups if group["delivery"] == how] for how in ("run_command", "automation")}
    pushes, alarms = sorted(rule["name"] for group in groups for rule in group["rules"]), bool(options["alarms"])
    rules = pushes + [f"{identity}.failures"] * alarms
    letters = bool(options["dead_letter"] and rules)
    role = f"{identity}-{options['region']}"
    return {
        "document": [identity, *(f"{each}.automation" for each in ids["automation"])],
        "association": [group["id"] for group in groups],
        "rule": rules,
        "queue": [f"{identity}-dead-letter"] * letters,
        "alarm": [f"{each}.failed-invocations" for each in rules * alarms]
        + [f"{identity}.dead-letters"] * (letters and alarms),
        "role": [f"{role}-events"] * bool(pushes) + [f"{role}-automation"] * bool(ids["automation"]),
        "node_policy": list(options["node_roles"]) if found["ecr_arns"] else [],
    }


def compare(things: Sequence[Mapping[str, Any]], wanted: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return what is the install's and wanted no more, by kind, and what is somebody else's under a name of it."""
    gone: dict[str, list[Mapping[str, Any]]] = {kind: [] for kind in KINDS}
    for thing in things:
        if thing["ours"] and thing["name"] not in wanted.get(thing["kind"], ()):
            gone[thing["kind"]].append(thing)
    theirs = [thing for thing in things if not thing["ours"]]
    taken = [thing for thing in theirs if thing["name"] in wanted.get(thing["kind"], ())]
    return {"gone": gone, "theirs": _shown(theirs), "taken": _shown(taken)}


# Of each kind that an install needs: the option that names it, and what is allowed.
NEEDED = {
    "cluster": ("prefetch_cluster", "an EKS cluster of this account and region, where there is none of that name"),
    "node_role": ("prefetch_node_roles", "names of roles of this account, where there is none of that name"),
    "topic": ("prefetch_alarm_topic_arn", "the ARN of a topic that is there, which this one is not"),
}


def refusal(taken: str, options: Mapping[str, Any]) -> str:
    """Return why nothing may be made, in one sentence, or nothing."""
    if not taken:
        return ""
    return (
        f"prefetch_name: '{options['name']}' is taken: {taken} is there and not of this install of cluster "
        f"'{options['cluster']}', so another install, or somebody else, made it; choose another name."
    )


def lacking(missing: Mapping[str, Sequence[str]], made: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what the install cannot work without and is not there, a sentence for each."""
    return [
        f"{option}: '{name}' is not valid, allowed is {allowed}"
        for kind, (option, allowed) in NEEDED.items()
        for name in missing.get(kind, ())
        # Where no image is asked for by its newest push, the nodes' roles get nothing.
        if kind != "node_role" or name in made["node_policy"]
    ]


def _shown(things: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{thing['kind'].replace('_', ' ')} {thing['name']}" for thing in things)
