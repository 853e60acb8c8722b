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
      - The document, as a dictionary or as JSON or YAML text, or as plain text where O(document_format=TEXT);
        at most 64 KB.
      - A new document needs it.
    type: raw
  document_type:
    description:
      - What kind of document it is, V(Command) for a new one unless it says otherwise. It cannot be changed.
      - Name it whenever O(content) is of a kind that has no C(schemaVersion), such as V(ChangeCalendar).
    type: str
    choices:
      - ApplicationConfiguration
      - ApplicationConfigurationSchema
      - AutoApprovalPolicy
      - Automation
      - Automation.ChangeTemplate
      - ChangeCalendar
      - CloudFormation
      - Command
      - ConformancePackTemplate
      - DeploymentStrategy
      - ManualApprovalPolicy
      - Package
      - Policy
      - ProblemAnalysis
      - ProblemAnalysisTemplate
      - QuickSetup
      - Session
  document_format:
    description:
      - The format that the content is stored in, V(JSON) for a new document unless it says otherwise.
      - Text that is in this format already is stored as it was written, and else it is converted.
      - AWS does not store one content twice, so this changes together with O(content) or O(target_type) only.
      - Converting into V(YAML) needs PyYAML where the module runs, as does reading YAML text.
    type: str
    choices: [JSON, YAML, TEXT]
  target_type:
    description: The kind of resource that the document may run on, such as V(/AWS::EC2::Instance), or V(/) for all.
    type: str
  display_name:
    description:
      - A name for people.
      - AWS does not store one content twice, so this changes together with O(content) or O(target_type) only.
    type: str
  version_name:
    description:
      - A label for the version that this run writes. AWS lets no two versions of a document have one.
      - With O(state=absent), the version to delete.
    type: str
  cloud_providers:
    description:
      - The clouds that the document is for. Needs a botocore that knows this option.
      - AWS does not store one content twice, so this changes together with O(content) or O(target_type) only.
    type: list
    elements: str
    choices: [AWS, Azure, GCP]
  requires:
    description: The documents that this one needs. They cannot be changed.
    type: list
    elements: dict
    suboptions:
      name:
        description: The document's name or ARN.
        type: str
        required: true
      version:
        description: The document's version.
        type: str
      require_type:
        description: What kind of need it is.
        type: str
      version_name:
        description: The label of the document's version.
        type: str
  attachments:
    description:
      - The files that go with the version that this run writes, at most 20.
      - AWS tells of a file no more than its name, so that another source under the same name is no change.
      - A new version keeps the files of the one before when this is left out.
      - AWS does not store one content twice, so this changes together with O(content) or O(target_type) only.
    type: list
    elements: dict
    suboptions:
      key:
        description: What kind of source it is.
        type: str
        required: true
        choices: [SourceUrl, S3FileUrl, AttachmentReference]
      values:
        description: The source, exactly one.
        type: list
        elements: str
        required: true
      name:
        description: The file's name.
        type: str
  default_version:
    description:
      - Which version is to be the default one, that is run when none is asked for, a number or V($LATEST).
      - V($DEFAULT) leaves the default version where it is, so that a new one can be tried out first.
      - When left out, the version that holds O(content) becomes the default one.
    type: str
  account_ids:
    description:
      - The accounts that the document is shared with, 12 digits each, or V(All) alone for everybody.
      - An empty list stops sharing.
    type: list
    elements: str
  purge_account_ids:
    description: Whether the document is no longer shared with accounts that are not in O(account_ids).
    type: bool
    default: true
  shared_document_version:
    description: The version that the accounts in O(account_ids) see.
    type: str
    choices: [$DEFAULT, $LATEST, $ALL]
  document_version:
    description: With O(state=absent), the only version to delete.
    type: str
  force:
    description: With O(state=absent), whether to delete an application configuration schema that is in use.
    type: bool
    default: false
  wait:
    description: Whether to wait until the document can be used, or is gone.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait.
    type: int
    default: 60
  state:
    description:
      - Whether the document is there. Deleting it stops sharing it and deletes its associations too.
    type: str
    choices: [present, absent]
    default: present
notes:
  - An option that is left out is left alone.
  - "IAM actions: ssm:DescribeDocument and ssm:GetDocument; to create or change ssm:CreateDocument,
    ssm:ListDocumentVersions, ssm:UpdateDocument and ssm:UpdateDocumentDefaultVersion; with O(tags)
    ssm:AddTagsToResource and ssm:RemoveTagsFromResource; with O(account_ids) and to delete
    ssm:DescribeDocumentPermission and ssm:ModifyDocumentPermission; to delete ssm:DeleteDocument."
seealso:
  - module: nodecache.eks.ssm_document_info
  - module: nodecache.eks.ssm_association
  - module: nodecache.eks.ssm_command
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

- name: Try a new version out before it becomes the default one
  nodecache.eks.ssm_document:
    name: say-hello
    default_version: $DEFAULT
    version_name: "2.0"
    content:
      schemaVersion: "2.2"
      description: Say hello politely
      mainSteps:
        - action: aws:runShellScript
          name: hello
          inputs:
            runCommand: [echo good morning]

- name: Share it with two accounts
  nodecache.eks.ssm_document:
    name: say-hello
    account_ids: ["123456789012", "210987654321"]

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
      returned: when it is there
      sample: say-hello
    description:
      description: What the content says that it is for.
      type: str
      returned: when it says so
      sample: Say hello
    document_version:
      description: The number of the version that the other values are of.
      type: str
      returned: when it is there
      sample: "3"
    latest_version:
      description: The newest version's number.
      type: str
      returned: when it is there
      sample: "3"
    default_version:
      description: The number of the version that runs when none is asked for.
      type: str
      returned: when it is there
      sample: "3"
    schema_version:
      description: The version of Systems Manager's own rules that the content follows.
      type: str
      returned: when the content says so
      sample: "2.2"
    hash:
      description: The hash of the content, by which M(nodecache.eks.ssm_command) can insist on it.
      type: str
      returned: when it is there
      sample: 88228a9f76d59522f4fd9731d07b52c118caf318557c27707f21f43b8bf795d1
    hash_type:
      description: How the hash was made.
      type: str
      returned: when it is there
      sample: Sha256
    status:
      description: The status of the version that the other values are of.
      type: str
      returned: when it is there
      sample: Active
    document_type:
      description: The kind of document.
      type: str
      returned: when it is there
      sample: Command
    document_format:
      description: The format that the content is stored in.
      type: str
      returned: when it is there
      sample: JSON
    target_type:
      description: The kind of resource that it may run on.
      type: str
      returned: when it has one
      sample: /AWS::EC2::Instance
    display_name:
      description: The name for people.
      type: str
      returned: when it has one
      sample: Say hello
    version_name:
      description: The version's label.
      type: str
      returned: when it has one
      sample: "2.0"
    cloud_providers:
      description: The clouds that it is for.
      type: list
      elements: str
      returned: when it has some
      sample: [AWS]
    requires:
      description: The documents that it needs.
      type: list
      elements: dict
      returned: when it has some
      sample: [{name: a-schema, version: "1"}]
    content:
      description:
        - The content of the default version, or of the newest one when O(default_version) is given, its keys as
          they were given; text when the format is TEXT.
      type: raw
      returned: when it is there
      sample: {schemaVersion: "2.2"}
    account_ids:
      description: The accounts that it is shared with.
      type: list
      elements: str
      returned: when O(account_ids) is given
      sample: ["123456789012"]
    tags:
      description: The document's tags.
      type: dict
      returned: when it is there
      sample: {costCentre: A}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _model, _ssm
from ansible_collections.nodecache.eks.plugins.module_utils import _ssm_document_state as state
from ansible_collections.nodecache.eks.plugins.module_utils._aws import make_client
from ansible_collections.nodecache.eks.plugins.module_utils._blocks import make_module
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown
from ansible_collections.nodecache.eks.plugins.module_utils._ssm_document_content import parsed
from ansible_collections.nodecache.eks.plugins.module_utils._state import diff_dict, resulting_tags, tag_plan


def _find(client: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Return the version that the options speak of, and whom it is shared with where they speak of that."""
    present = params["state"] == "present"
    base = "$LATEST" if present and params["default_version"] is not None else "$DEFAULT"
    found = _describe(client, params["name"], {} if present else state.one_version(params), base)
    if found and present and params["account_ids"] is not None:
        shared = _ssm.shared_accounts(client, params["name"])
        found.update(Shared=shared, AccountIds=sorted(shared))
    return found


def _describe(client: Any, name: str, version: dict[str, str], base: str = "$DEFAULT") -> dict[str, Any]:
    """Return one version of the document with its content as data, {} where there is none."""
    version = version or {"DocumentVersion": base}
    document = _ssm.find_document(client, name, **version)
    if document is None:
        return {}
    text = _ssm.document_content(client, name, document["DocumentFormat"], **version)
    return {**document, "Content": parsed(text, document["DocumentFormat"], name)}


def _create(client: Any, module: AnsibleAWSModule) -> dict[str, Any]:
    params = module.params
    if params["content"] is None:
        raise NodecacheError(f"document '{params['name']}' does not exist, so content is needed.")
    request = state.create_request(client, params)
    content = parsed(params["content"], request["DocumentFormat"], params["name"])
    tags, _unset = tag_plan({}, params["tags"], True)
    answer: dict[str, Any] = {}
    if not module.check_mode:
        answer = _ssm.create_document(client, request, tags)
        if params["wait"]:
            _ssm.wait_for_document(client, params["name"], params["wait_timeout"])
    status = "Active" if params["wait"] else "Creating"
    return {**state.after_write({"Tags": tags}, request, content, answer, status), "DefaultVersion": "1"}


def _holder(client: Any, params: dict[str, Any], current: dict[str, Any], content: Any) -> dict[str, Any]:
    """Return the newest other version that meets the options, {} where none does and a new one can."""
    options, seen = state.wanted(client, params), [current]
    for version in _ssm.document_versions(client, params["name"]):
        number = version["DocumentVersion"]
        if number == current["DocumentVersion"]:
            continue
        found = _describe(client, params["name"], {"DocumentVersion": number})
        if found and not state.differing(options, found, content):
            return found
        if params["version_name"] is not None and version.get("VersionName") == params["version_name"]:
            raise NodecacheError(
                f"version_name is {shown(params['version_name'])} but version {number} of document "
                f"'{params['name']}' has it already, with other content."
            )
        seen += [found] if found else []
    state.check_new(options, content, current, seen)
    return {}


def _write(client: Any, module: AnsibleAWSModule, current: dict[str, Any], content: Any) -> dict[str, Any]:
    """Write a new version, and return it as it then is."""
    params = module.params
    given = current["Content"] if params["content"] is None else params["content"]
    request = state.request(state.wanted(client, params), params, current, given)
    answer: dict[str, Any] | None = {}
    if not module.check_mode:
        answer = _ssm.update_document(client, request)
        if answer is None:
            # Somebody else wrote it in between, or it differs in what AWS does not look at.
            found = _holder(client, params, current, content)
            if not found:
                raise NodecacheError(
                    f"document '{params['name']}': could not update (DuplicateDocumentContent): AWS does not store one "
                    "content twice, and what else was asked for cannot change without it."
                )
            return found
    return state.after_write(current, request, content, answer, "Active" if params["wait"] else "Updating")


def _update(client: Any, module: AnsibleAWSModule, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Bring the content, then the default version, to what is wanted."""
    params, name = module.params, module.params["name"]
    state.check_fixed(client, params, current)
    content, after, wrote = current["Content"], current, False
    if params["content"] is not None:
        content = parsed(params["content"], params["document_format"] or current["DocumentFormat"], name)
    if state.differing(state.wanted(client, params), current, content):
        after = _holder(client, params, current, content) or _write(client, module, current, content)
        wrote = after["LatestVersion"] != current["LatestVersion"]
    version = state.default_number(params, current, after)
    moves = version != current["DefaultVersion"]
    if wrote and (params["wait"] or moves) and not module.check_mode:
        # Only a version that is ready can become the default one.
        _ssm.wait_for_document(client, name, params["wait_timeout"], DocumentVersion=after["DocumentVersion"])
    if moves:
        numbers = {entry["DocumentVersion"] for entry in _ssm.document_versions(client, name)}
        if version not in numbers | {after["DocumentVersion"]}:
            raise NodecacheError(f"default_version is {shown(version)} but document '{name}' has no such version.")
        if not module.check_mode:
            _ssm.set_default_version(client, name, version)
    if not wrote and params["default_version"] is not None:
        # Another version holds the content, and which one is shown does not change with that.
        after = current
    return wrote or moves, {**after, "DefaultVersion": version}


def ensure_present(client: Any, module: AnsibleAWSModule, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Create or change the document."""
    params = module.params
    if not current:
        changed, after = True, _create(client, module)
    else:
        changed, after = _update(client, module, current)
        to_set, to_unset = tag_plan(current["Tags"], params["tags"], params["purge_tags"])
        if (to_set or to_unset) and not module.check_mode:
            _ssm.tag(client, "Document", params["name"], to_set, to_unset)
        after["Tags"] = resulting_tags(current["Tags"], to_set, to_unset)
        changed = changed or bool(to_set or to_unset)
    add, remove, accounts = state.sharing_plan(params, current.get("Shared", {}))
    if (add or remove) and not module.check_mode:
        _ssm.share_document(client, params["name"], add, remove, params["shared_document_version"])
    return changed or bool(add or remove), {**after, **accounts}


def ensure_absent(client: Any, module: AnsibleAWSModule, current: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Delete the document, or the one version that is named."""
    if current and not module.check_mode:
        name, one = module.params["name"], state.one_version(module.params)
        if not one:
            # AWS deletes no document that is shared.
            _ssm.share_document(client, name, [], sorted(_ssm.shared_accounts(client, name)), None)
        _ssm.delete_document(client, name, **one, **({"Force": True} if module.params["force"] else {}))
        if module.params["wait"]:
            _ssm.wait_for_no_document(client, name, module.params["wait_timeout"], **one)
    return bool(current), {}


def main() -> None:
    module = make_module(
        argument_spec={
            "name": {"type": "str", "required": True},
            "content": {"type": "raw"},
            "document_type": {"type": "str", "choices": state.TYPES},
            **state.VERSIONED,
            "requires": state.REQUIRES,
            "default_version": {"type": "str"},
            "account_ids": {"type": "list", "elements": "str"},
            "purge_account_ids": {"type": "bool", "default": True},
            "shared_document_version": {"type": "str", "choices": ["$DEFAULT", "$LATEST", "$ALL"]},
            "document_version": {"type": "str"},
            "force": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 60},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        client = make_client(module, "ssm")
        state.check_params(client, params)
        current = _find(client, params)
        ensure = ensure_present if params["state"] == "present" else ensure_absent
        changed, after = ensure(client, module, current)
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    shape = _model.output_shape(client, "DescribeDocument").members["Document"]
    before, result = state.settings(shape, current), state.settings(shape, after)
    module.exit_json(changed=changed, document=result, diff=diff_dict(before, result))


if __name__ == "__main__":
    main()
