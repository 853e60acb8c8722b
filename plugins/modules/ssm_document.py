#!/usr/bin/python
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ssm_document
version_added: 1.0.0
short_description: Manage an AWS Systems Manager document
description:
  - Creates, changes and deletes one document of Systems Manager.
  - Contents are compared as data, so spacing, the order of keys, and JSON against YAML do not matter.
  - A change becomes a new version and the default one at once. An older version with the same content becomes
    the default one again instead, as Systems Manager refuses to store it twice.
author:
  - nodecache.eks contributors (@nodecache)
options:
  name:
    description:
      - The document's name, 3 to 128 letters, digits, dots, hyphens or underscores.
      - Names that start with aws, amazon or amzn are AWS's own.
    type: str
    required: true
  content:
    description:
      - The document, as a dictionary or as JSON or YAML text; at most 64 KB.
      - A new document needs it.
    type: raw
  document_type:
    description: What kind of document a new one is; it cannot be changed.
    type: str
    choices: [Command, Automation]
    default: Command
  document_format:
    description: The format that the content is stored in.
    type: str
    choices: [JSON]
    default: JSON
  target_type:
    description: The kind of resource that the document may run on, V(/) for all.
    type: str
  display_name:
    description: A name for people.
    type: str
  version_name:
    description: A label for the version that this run writes.
    type: str
  wait:
    description: Whether to wait until the document can be used.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait.
    type: int
    default: 60
  state:
    description: Whether the document is there. Deleting it deletes its associations too.
    type: str
    choices: [present, absent]
    default: present
notes:
  - An option that is left out is left alone.
  - "IAM actions: ssm:DescribeDocument, ssm:GetDocument, ssm:ListDocumentVersions, ssm:CreateDocument,
    ssm:UpdateDocument, ssm:UpdateDocumentDefaultVersion, ssm:DeleteDocument, ssm:AddTagsToResource,
    ssm:RemoveTagsFromResource."
extends_documentation_fragment:
  - nodecache.eks.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Have a document that says hello
  nodecache.eks.ssm_document:
    name: say-hello
    target_type: /AWS::EC2::Instance
    content:
      schemaVersion: "2.2"
      description: Say hello
      mainSteps:
        - action: aws:runShellScript
          name: hello
          inputs:
            runCommand: [echo hello]

- name: Delete it
  nodecache.eks.ssm_document:
    name: say-hello
    state: absent
"""

RETURN = r"""
document:
  description: The document, V({}) when it is gone.
  returned: always
  type: dict
  contains:
    name:
      description: The document's name.
      type: str
      sample: say-hello
    latest_version:
      description: The newest version's number.
      type: str
      sample: "3"
    default_version:
      description: The number of the version that runs when none is asked for.
      type: str
      sample: "3"
    status:
      description: The document's status.
      type: str
      sample: Active
    document_type:
      description: The kind of document.
      type: str
      sample: Command
    target_type:
      description: The kind of resource that it may run on.
      type: str
      sample: /AWS::EC2::Instance
    content:
      description: The content of the default version, its keys as they were given.
      type: dict
    tags:
      description: The document's tags.
      type: dict
"""

import json
import re
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _ssm
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, make_client
from ansible_collections.nodecache.eks.plugins.module_utils._state import (
    diff_dict,
    normalise_json,
    resulting_tags,
    tag_plan,
)

NAME = re.compile(r"[a-zA-Z0-9_.-]{3,128}")
# https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
RESERVED = ("aws", "amazon", "amzn")
CONTENT_BYTES = 64 * 1024


def check_params(params: dict[str, Any]) -> None:
    """Refuse what Systems Manager would refuse."""
    name = params["name"]
    if not NAME.fullmatch(name):
        raise NodecacheError(
            f"name is '{name}' but must be 3 to 128 letters, digits, dots, hyphens or underscores."
        )
    if name.lower().startswith(RESERVED):
        raise NodecacheError(f"name is '{name}' but must not start with {', '.join(RESERVED)}, which AWS keeps.")
    if params["content"] is None:
        return
    try:
        content = normalise_json(params["content"])
    except ValueError as error:
        raise NodecacheError(f"content of '{name}' is {error}.") from error
    if not isinstance(content, dict) or "schemaVersion" not in content:
        raise NodecacheError(f"content of '{name}' must be a mapping with schemaVersion.")
    size = len(json.dumps(content).encode())
    if size > CONTENT_BYTES:
        raise NodecacheError(f"content of '{name}' has {size} bytes but must have at most {CONTENT_BYTES}.")


def _parsed(document: dict[str, Any] | None) -> dict[str, Any]:
    if document is None:
        return {}
    return {**document, "Content": json.loads(document["Content"])}


def _result(document: dict[str, Any]) -> dict[str, Any]:
    names = {
        "Name": "name",
        "LatestVersion": "latest_version",
        "DefaultVersion": "default_version",
        "Status": "status",
        "DocumentType": "document_type",
        "TargetType": "target_type",
        "DisplayName": "display_name",
        "Content": "content",
        "Tags": "tags",
    }
    return {name: document[key] for key, name in names.items() if document.get(key) is not None}


def _request(params: dict[str, Any], content: Any) -> dict[str, Any]:
    request = {
        "Name": params["name"],
        "Content": json.dumps(content),
        "DocumentFormat": params["document_format"],
        "TargetType": params["target_type"],
        "DisplayName": params["display_name"],
        "VersionName": params["version_name"],
    }
    return {key: value for key, value in request.items() if value is not None}


def _create(client: Any, module: AnsibleAWSModule) -> dict[str, Any]:
    params = module.params
    if params["content"] is None:
        raise NodecacheError(f"document '{params['name']}' does not exist, so content is needed.")
    content = normalise_json(params["content"])
    request = {**_request(params, content), "DocumentType": params["document_type"]}
    tags = params["tags"] or {}
    if not module.check_mode:
        _ssm.create_document(client, request, tags)
    status = "Active" if params["wait"] else "Creating"
    return {
        **request,
        "Content": content,
        "Status": status,
        "LatestVersion": "1",
        "DefaultVersion": "1",
        "Tags": tags,
    }


def _equal_version(client: Any, current: dict[str, Any], content: Any) -> str | None:
    """Return the number of an older version with this content."""
    for number in _ssm.document_versions(client, current["Name"]):
        if number != current["LatestVersion"] and content == json.loads(
            _ssm.document_content(client, current["Name"], number)
        ):
            return number
    return None


def _update(client: Any, module: AnsibleAWSModule, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Bring content, then the default version, to what is wanted."""
    params, name = module.params, current["Name"]
    content = current["Content"] if params["content"] is None else normalise_json(params["content"])
    after = {**current, "Content": content}
    described = {"TargetType": params["target_type"], "DisplayName": params["display_name"]}
    described = {key: value for key, value in described.items() if value is not None and value != current.get(key)}
    version = current["LatestVersion"]
    rewrite = bool(described)
    if content != current["Content"]:
        older = _equal_version(client, current, content)
        rewrite, version = (rewrite, older) if older else (True, version)
    after.update(described)
    if rewrite:
        version = str(int(current["LatestVersion"]) + 1)
        if not module.check_mode:
            version = _ssm.update_document(client, _request(params, content))
        after["LatestVersion"] = version
        after["Status"] = "Active" if params["wait"] else "Updating"
    moves = params["content"] is not None or rewrite
    if moves and version != current["DefaultVersion"]:
        after["DefaultVersion"] = version
        if not module.check_mode:
            if rewrite:
                _ssm.wait_for_document(client, name, params["wait_timeout"])
            _ssm.set_default_version(client, name, version)
    return rewrite or after["DefaultVersion"] != current["DefaultVersion"], after


def ensure_present(client: Any, module: AnsibleAWSModule, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Create or change the document."""
    params = module.params
    if not current:
        after = _create(client, module)
        changed = True
    else:
        if current["DocumentType"] != params["document_type"]:
            raise NodecacheError(
                f"document '{params['name']}' is of type {current['DocumentType']}, "
                f"which cannot become {params['document_type']}: delete it first."
            )
        changed, after = _update(client, module, current)
        to_set, to_unset = tag_plan(current["Tags"], params["tags"], params["purge_tags"])
        after["Tags"] = resulting_tags(current["Tags"], to_set, to_unset)
        if (to_set or to_unset) and not module.check_mode:
            _ssm.tag(client, "Document", params["name"], to_set, to_unset)
        changed = changed or bool(to_set or to_unset)
    if changed and params["wait"] and not module.check_mode:
        _ssm.wait_for_document(client, params["name"], params["wait_timeout"])
    return changed, after


def ensure_absent(client: Any, module: AnsibleAWSModule, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Delete the document."""
    if current and not module.check_mode:
        _ssm.delete_document(client, current["Name"])
    return bool(current), {}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"required": True},
            "content": {"type": "raw"},
            "document_type": {"choices": ["Command", "Automation"], "default": "Command"},
            "document_format": {"choices": ["JSON"], "default": "JSON"},
            "target_type": {},
            "display_name": {},
            "version_name": {},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 60},
            "state": {"choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    try:
        check_params(module.params)
        client = make_client(module, "ssm")
        current = _parsed(_ssm.find_document(client, module.params["name"]))
        ensure = ensure_present if module.params["state"] == "present" else ensure_absent
        changed, after = ensure(client, module, current)
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    before, after = _result(current), _result(after)
    module.exit_json(changed=changed, document=after, diff=diff_dict(before, after))


if __name__ == "__main__":
    main()
