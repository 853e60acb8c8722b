# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing and merging state: pure functions, no boto, no module."""

from __future__ import annotations

import json
from typing import Any

import yaml


def scrub(value: Any) -> Any:
    """Return value without the None entries of its mappings, at every depth."""
    if isinstance(value, dict):
        return {key: scrub(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [scrub(item) for item in value]
    return value


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
        return yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ValueError(f"neither JSON nor YAML: {error}") from error


def canonical_targets(targets: list[dict[str, Any]] | None) -> list[tuple[str, tuple[str, ...]]]:
    """Return targets in a form that compares equal whatever the order of keys and values."""
    return sorted((target["Key"], tuple(sorted(target.get("Values") or []))) for target in targets or [])


def merge(current: dict[str, Any], desired: dict[str, Any]) -> dict[str, Any]:
    """Return current with what is desired on top; None in desired leaves alone."""
    return {**current, **scrub(desired)}


def changed_keys(current: dict[str, Any], desired: dict[str, Any]) -> set[str]:
    """Return the keys of desired whose value differs from current's; None in desired leaves alone."""

    def comparable(key: str, value: Any) -> Any:
        return canonical_targets(value) if key == "Targets" else value

    return {
        key
        for key, value in scrub(desired).items()
        if comparable(key, value) != comparable(key, current.get(key))
    }


def diff_dict(before: Any, after: Any) -> dict[str, Any]:
    """Return what Ansible shows under --diff."""
    return {"before": before or {}, "after": after or {}}
