# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing and merging state: pure functions, no boto, no module."""

from __future__ import annotations

import json
import re
from typing import Any

from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown

# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
_TAG_TEXT = re.compile(r"[\w\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000 .:/=+\-@]*")
_TAG_RULE = "{} to {} letters, digits, spaces or any of _ . : / = + - @"
_MOST_TAGS = 50
# No run of Systems Manager is longer.
_LONGEST_WAIT = 30 * 24 * 60 * 60


def normalise_json(value: Any) -> Any:
    """Return the data that a JSON or YAML text holds; data comes back as it is.

    Raises ValueError where a text is neither.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        pass
    try:
        # Few texts are YAML, and loading its library would slow every module down.
        import yaml
    except ImportError as error:
        raise ValueError("it is no JSON, and reading it as YAML needs PyYAML") from error

    class Loader(yaml.SafeLoader):
        """Reads a date as the text that it is, since JSON, which AWS turns all into, has no dates."""

        yaml_implicit_resolvers = {
            first: [(kind, pattern) for kind, pattern in rules if not kind.endswith(":timestamp")]
            for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    try:
        # Through JSON, so that 1 as a key is the text that AWS would make of it.
        return json.loads(json.dumps(yaml.load(value, Loader)))
    except (yaml.YAMLError, TypeError) as error:
        # YAML's own text takes several lines.
        raise ValueError(" ".join(str(error).split())) from error


def is_empty(value: Any) -> bool:
    """Tell whether a value asks for something to be taken away: empty text, list or mapping, at every depth."""
    if isinstance(value, dict):
        return all(is_empty(item) for item in value.values())
    return value is not False and value != 0 and not value


def without_empty(value: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping without what asks for something to be taken away."""
    return {
        key: without_empty(item) if isinstance(item, dict) else item
        for key, item in value.items()
        if not is_empty(item)
    }


def diff_dict(before: Any, after: Any) -> dict[str, Any]:
    """Return what Ansible shows under --diff."""
    return {"before": before or {}, "after": after or {}}


def tag_plan(current: dict[str, str], desired: dict[str, Any] | None, purge: bool) -> tuple[dict[str, str], list[str]]:
    """Return which tags to set and which to remove; None in desired leaves all alone.

    AWS's own tags are never removed.
    """
    if desired is None:
        return {}, []
    wanted = {key: tag_text(value) for key, value in desired.items()}
    to_set = {key: value for key, value in wanted.items() if current.get(key) != value}
    to_unset = sorted(key for key in current if purge and key not in wanted and not key.startswith("aws:"))
    return to_set, to_unset


def resulting_tags(current: dict[str, str], to_set: dict[str, str], to_unset: list[str]) -> dict[str, str]:
    """Return the tags that are there once tag_plan's answer is carried out."""
    return {key: value for key, value in {**current, **to_set}.items() if key not in to_unset}


def tag_text(value: Any) -> str:
    """Return a tag's value as AWS stores it."""
    return "" if value is None else str(value)


def check_wait(params: dict[str, Any]) -> None:
    """Refuse to wait for no time or for longer than anything can take."""
    seconds = params["wait_timeout"]
    # YAML reads yes as true, which Python takes for the number 1.
    if seconds is True or not 1 <= seconds <= _LONGEST_WAIT:
        raise NodecacheError(f"wait_timeout is {seconds} but must be from 1 to {_LONGEST_WAIT}.")


def check_tags(desired: dict[str, Any] | None) -> None:
    """Refuse tags that AWS would refuse."""
    tags = desired or {}
    if len(tags) > _MOST_TAGS:
        raise NodecacheError(f"tags has {len(tags)} entries but may have at most {_MOST_TAGS}.")
    for key, value in tags.items():
        if key.lower().startswith("aws:"):
            raise NodecacheError(f"tags has the key '{key}' but keys must not start with aws:, which AWS keeps.")
        if not 1 <= len(key) <= 128 or not _TAG_TEXT.fullmatch(key):
            raise NodecacheError(f"tags has the key '{key}' but keys must be {_TAG_RULE.format(1, 128)}.")
        text = tag_text(value)
        if len(text) > 256 or not _TAG_TEXT.fullmatch(text):
            raise NodecacheError(f"tags: '{key}' is {shown(text)} but must be {_TAG_RULE.format(0, 256)}.")
