#!/usr/bin/python
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ssm_document_info
version_added: 1.0.0
short_description: Describe AWS Systems Manager documents
description:
  - Returns one document by name, or all those that pass filters; when asked to, with content, versions and
    whom they are shared with.
author:
  - nodecache.eks contributors (@nodecache)
options:
  name:
    description: The name, or the ARN, of the document to return.
    type: str
  document_version:
    description: The document's version, V($DEFAULT), V($LATEST) or a number. Needs O(name).
    type: str
  version_name:
    description: The label of the document's version. Needs O(name).
    type: str
  filters:
    description:
      - Which documents to return, as a dictionary of Systems Manager's own filters, each a value or a list of values,
        such as C(Owner), C(Name) (what names start with), C(PlatformTypes), C(DocumentType), C(TargetType),
        C(SearchKeyword) and C(tag:NAME). All must match.
      - Without O(name) and O(filters) the documents of the account itself are returned, C(Owner=Self).
    type: dict
  include_content:
    description: Whether to return each document's content too.
    type: bool
    default: false
  document_format:
    description: The format to return the content in, its own when left out.
    type: str
    choices: [JSON, YAML, TEXT]
  include_versions:
    description: Whether to return each document's versions too.
    type: bool
    default: false
  include_account_ids:
    description: Whether to return whom each document is shared with. Only its owner may ask.
    type: bool
    default: false
notes:
  - "IAM actions: with O(name) ssm:DescribeDocument, else ssm:ListDocuments; with O(include_content) ssm:GetDocument;
    with O(include_versions) ssm:ListDocumentVersions; with O(include_account_ids) ssm:DescribeDocumentPermission."
seealso:
  - module: nodecache.eks.ssm_document
extends_documentation_fragment:
  - nodecache.eks.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  diff_mode:
    support: N/A
    details: Nothing changes.
"""

EXAMPLES = r"""
- name: Read a document
  nodecache.eks.ssm_document_info:
    name: say-hello
    include_content: true

- name: List the account's own runbooks
  nodecache.eks.ssm_document_info:
    filters:
      Owner: Self
      DocumentType: Automation
"""

RETURN = r"""
documents:
  description: The documents, in the order of their names; none when there is no document of that name or version.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The document's name.
      type: str
      returned: always
      sample: say-hello
    document_version:
      description: The version that was described.
      type: str
      returned: always
      sample: "3"
    latest_version:
      description: The newest version's number.
      type: str
      returned: with O(name)
      sample: "3"
    default_version:
      description: The number of the version that runs when none is asked for.
      type: str
      returned: with O(name)
      sample: "3"
    status:
      description: The version's status.
      type: str
      returned: with O(name)
      sample: Active
    owner:
      description: The account that the document is of.
      type: str
      returned: always
      sample: "123456789012"
    document_type:
      description: The kind of document.
      type: str
      returned: always
      sample: Command
    document_format:
      description: The format that the content is stored in.
      type: str
      returned: always
      sample: JSON
    schema_version:
      description: The version of the language that it is written in.
      type: str
      returned: when it has one
      sample: "2.2"
    target_type:
      description: The kind of resource that it may run on.
      type: str
      returned: when it has one
      sample: /AWS::EC2::Instance
    platform_types:
      description: The operating systems that it is for.
      type: list
      elements: str
      returned: when AWS tells
      sample: [Linux]
    parameters:
      description: What it takes.
      type: list
      elements: dict
      returned: with O(name), when it takes something
      sample: [{name: images, type: StringList, description: The images, default_value: "[]"}]
    hash:
      description: The hash of the content, which M(nodecache.eks.ssm_command) takes as C(document_hash).
      type: str
      returned: with O(name)
      sample: 2ed3f1ba2a0f5e9ae9ac5e1d2ea3f1ba2a0f5e9ae9ac5e1d2ea3f1ba2a0f5e9a
    hash_type:
      description: How the hash was made.
      type: str
      returned: with O(name)
      sample: Sha256
    created_date:
      description: When the version was made.
      type: str
      returned: always
      sample: "2026-11-24T12:00:00+00:00"
    content:
      description: The content; data when it is JSON or YAML, and text when O(document_format) is given or TEXT.
      type: raw
      returned: with O(include_content)
      sample: {schemaVersion: "2.2"}
    versions:
      description: The document's versions, newest first.
      type: list
      elements: dict
      returned: with O(include_versions)
      sample: [{document_version: "1", is_default_version: true, document_format: JSON, status: Active}]
    account_ids:
      description: The accounts that it is shared with.
      type: list
      elements: str
      returned: with O(include_account_ids)
      sample: ["123456789012"]
    tags:
      description: The document's tags.
      type: dict
      returned: always
      sample: {costCentre: A}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _model, _ssm
from ansible_collections.nodecache.eks.plugins.module_utils import _ssm_document_state as state
from ansible_collections.nodecache.eks.plugins.module_utils._aws import make_client
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown
from ansible_collections.nodecache.eks.plugins.module_utils._ssm_document_content import parsed


def check_params(client: Any, params: dict[str, Any]) -> None:
    """Refuse what Systems Manager would refuse."""
    asked = {option: params[option] for option in ("name", "document_version", "version_name")}
    shape = _model.input_shape(client, "GetDocument")
    _model.check(shape, _model.to_request(shape, asked), whole=False)
    for key, value in (params["filters"] or {}).items():
        for item in (value or [None]) if isinstance(value, list) else [value]:
            if item in (None, "") or isinstance(item, (dict, list)):
                raise NodecacheError(f"filters.{key} is {shown(value)} but must be text or a list of texts.")
    _model.check(_model.input_shape(client, "ListDocuments"), {"Filters": _filters(params)})


def _filters(params: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"Key": key, "Values": [str(item) for item in (value if isinstance(value, list) else [value])]}
        for key, value in (params["filters"] or {"Owner": "Self"}).items()
    ]


def _found(client: Any, params: dict[str, Any]) -> list[dict[str, Any]]:
    if params["name"] is not None:
        document = _ssm.find_document(client, params["name"], **state.one_version(params))
        return [document] if document else []
    return _ssm.list_documents(client, _filters(params))


def _told(client: Any, params: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    shapes = {
        name: _model.output_shape(client, operation).members[name]
        for operation, name in (("DescribeDocument", "Document"), ("ListDocumentVersions", "DocumentVersions"))
    }
    result, name = state.facts(shapes["Document"], document), document["Name"]
    if params["include_content"]:
        own = document["DocumentFormat"]
        asked = params["document_format"] or own
        text = _ssm.document_content(client, name, asked, DocumentVersion=document["DocumentVersion"])
        result["content"] = text if params["document_format"] else parsed(text, own, name)
    if params["include_versions"]:
        result["versions"] = _model.to_result(shapes["DocumentVersions"], _ssm.document_versions(client, name))
    if params["include_account_ids"]:
        result["account_ids"] = sorted(_ssm.shared_accounts(client, name))
    return result


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str"},
            "document_version": {"type": "str"},
            "version_name": {"type": "str"},
            "filters": {"type": "dict"},
            "include_content": {"type": "bool", "default": False},
            "document_format": {"type": "str", "choices": ["JSON", "YAML", "TEXT"]},
            "include_versions": {"type": "bool", "default": False},
            "include_account_ids": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("name", "filters")],
        required_by={"document_version": ("name",), "version_name": ("name",)},
        supports_check_mode=True,
    )
    try:
        client = make_client(module, "ssm")
        check_params(client, module.params)
        documents = [_told(client, module.params, document) for document in _found(client, module.params)]
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, documents=sorted(documents, key=lambda document: str(document["name"])))


if __name__ == "__main__":
    main()
