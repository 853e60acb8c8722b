# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that have options of their own: Ansible falls over some values there, and tells others without a name."""

from __future__ import annotations

from typing import Any

from ansible.module_utils import basic
from ansible.module_utils.common.validation import check_type_dict
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown


def make_module(argument_spec: dict[str, Any], **more: Any) -> Any:
    """Return the module; a block of options that is none ends it."""
    try:
        # Of a module whose documentation is checked there are no options.
        check_blocks(argument_spec, basic._load_params() or {})
    except NodecacheError as error:
        loose = {
            name: {"type": "raw", "aliases": option.get("aliases", []), "no_log": option.get("no_log", False)}
            for name, option in argument_spec.items()
        }
        AnsibleAWSModule(argument_spec=loose, supports_check_mode=True).fail_json(msg=str(error))
    return AnsibleAWSModule(argument_spec=argument_spec, **more)


def check_blocks(spec: dict[str, Any], given: dict[str, Any], path: str = "") -> None:
    """Refuse what can be no block of options, at every depth."""
    for name, option in spec.items():
        value = next((given[key] for key in (name, *option.get("aliases", ())) if given.get(key) is not None), None)
        if "options" not in option or value is None:
            continue
        many = option["type"] == "list"
        if many and not isinstance(value, (list, str)):
            raise NodecacheError(f"{path}{name} is {shown(value)} but must be a list of mappings.")
        for block in value if many and isinstance(value, list) else [value]:
            if not _is_mapping(block):
                sentence = "{} has {} but must have mappings alone." if many else "{} is {} but must be a mapping."
                raise NodecacheError(sentence.format(f"{path}{name}", shown(block)))
            if isinstance(block, dict):
                check_blocks(option["options"], block, f"{path}{name}.")


def _is_mapping(value: Any) -> bool:
    try:
        check_type_dict(value)
    except (TypeError, ValueError):
        return False
    return True
