# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options under AWS's names and answers under ours, both read off an argument spec. Pure.

Only what a spec describes is renamed, so the keys of a user's own maps come back as they went in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Spec = Mapping[str, Mapping[str, Any]]


def camel(option: str) -> str:
    """Return AWS's name of an option."""
    return "".join(part[:1].upper() + part[1:] for part in option.split("_"))


def snake(key: str) -> str:
    """Return the option of AWS's name."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()


def to_api(spec: Spec, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the spec's options hold, under AWS's names; None is left out."""
    return {
        camel(option): _inside(to_api, facts, params[option])
        for option, facts in spec.items()
        if params.get(option) is not None
    }


def from_api(spec: Spec, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what AWS answered, under the spec's names; what is not there or empty text is left out."""
    return {
        option: _inside(from_api, facts, answer[camel(option)])
        for option, facts in spec.items()
        if answer.get(camel(option)) not in (None, "")
    }


def _inside(turn: Callable[[Spec, Any], Any], facts: Mapping[str, Any], value: Any) -> Any:
    inside = facts.get("options")
    if inside is None:
        return value.isoformat() if isinstance(value, datetime) else value
    if isinstance(value, list):
        return [turn(inside, item) for item in value]
    return turn(inside, value)
