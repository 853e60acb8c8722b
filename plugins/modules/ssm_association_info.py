#!/usr/bin/python
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ssm_association_info
version_added: 1.0.0
short_description: Describe AWS Systems Manager State Manager associations
description:
  - Returns associations with all their options, and, when asked to, what their runs did on each node.
author:
  - nodecache.eks contributors (@nodecache)
options:
  association_name:
    description: The name of the associations to return. Systems Manager lets two associations have one name.
    type: str
  association_id:
    description: The id of the association to return.
    type: str
  association_version:
    description: The association's version, V($LATEST) or a number. Needs O(association_id).
    type: str
  filters:
    description:
      - Which associations to return, as a dictionary of Systems Manager's own filters C(Name) (the document),
        C(InstanceId), C(AssociationStatusName), C(LastExecutedBefore), C(LastExecutedAfter),
        C(ResourceGroupName), C(AssociationId), C(AssociationName) and C(CloudConnectorId). All must match.
    type: dict
    default: {}
  executions:
    description: How many of the newest runs of each association to return, with what they did on each node.
    type: int
    default: 0
notes:
  - Without O(association_name), O(association_id) and O(filters) all associations of the region are returned.
  - "IAM actions: ssm:ListAssociations, ssm:DescribeAssociation and ssm:ListTagsForResource; with O(executions)
    ssm:DescribeAssociationExecutions and ssm:DescribeAssociationExecutionTargets."
seealso:
  - module: nodecache.eks.ssm_association
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
- name: See how the last run of an association went, node by node
  nodecache.eks.ssm_association_info:
    association_name: nodecache-ml
    executions: 1

- name: Find the associations of a document that failed
  nodecache.eks.ssm_association_info:
    filters:
      Name: nodecache-ml
      AssociationStatusName: Failed
"""

RETURN = r"""
associations:
  description:
    - The associations, in the order of their names and ids. Every option that is set is there under the name that
      M(nodecache.eks.ssm_association) has for it.
  returned: always
  type: list
  elements: dict
  contains:
    association_id:
      description: The association's id.
      type: str
      returned: always
      sample: 8dfe3659-4309-493a-8755-0123456789ab
    association_version:
      description: The version that was described.
      type: str
      returned: always
      sample: "1"
    association_name:
      description: The association's name.
      type: str
      returned: when it has one
      sample: nodecache-ml
    name:
      description: The document.
      type: str
      returned: always
      sample: nodecache-ml
    parameters:
      description: The document's parameters, as they were given.
      type: dict
      returned: when it has some
      sample: {action: [prefetch]}
    targets:
      description: The nodes to run on.
      type: list
      elements: dict
      returned: when it has some
      sample: [{key: "tag:kubernetes.io/cluster/ml", values: [owned]}]
    overview:
      description: How it stands, and how many nodes are in which state.
      type: dict
      returned: always
      sample: {status: Success, detailed_status: Success, association_status_aggregated_count: {Success: 3}}
    date:
      description: When it was made.
      type: str
      returned: always
      sample: "2026-11-24T12:00:00+00:00"
    last_update_association_date:
      description: When it was last changed.
      type: str
      returned: when it was changed
      sample: "2026-11-24T12:00:00+00:00"
    last_execution_date:
      description: When it last ran.
      type: str
      returned: when it ran
      sample: "2026-11-24T12:00:00+00:00"
    last_successful_execution_date:
      description: When it last ran well.
      type: str
      returned: when it ran well
      sample: "2026-11-24T12:00:00+00:00"
    executions:
      description: The newest runs, newest first.
      type: list
      elements: dict
      returned: when O(executions) is not 0
      contains:
        execution_id:
          description: The run's id.
          type: str
          returned: always
          sample: 76a5a04f-caf6-490c-b448-0123456789ab
        association_version:
          description: The version that ran.
          type: str
          returned: always
          sample: "1"
        status:
          description: How the run stands.
          type: str
          returned: always
          sample: Success
        detailed_status:
          description: The status in more detail.
          type: str
          returned: always
          sample: Success
        resource_count_by_status:
          description: How many nodes are in which state, in AWS's own words.
          type: str
          returned: when AWS tells
          sample: "{Success=1}"
        created_time:
          description: When it was started.
          type: str
          returned: always
          sample: "2026-11-24T12:00:00+00:00"
        targets:
          description:
            - One entry a node. Its C(output_source.output_source_id) is the id of a command whose output
              C(aws ssm get-command-invocation) shows.
          type: list
          elements: dict
          returned: always
          sample: [{resource_id: i-0123456789abcdef0, resource_type: ManagedInstance, status: Success}]
    tags:
      description: The association's tags.
      type: dict
      returned: always
      sample: {costCentre: A}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _model, _ssm
from ansible_collections.nodecache.eks.plugins.module_utils import _ssm_association_state as state
from ansible_collections.nodecache.eks.plugins.module_utils._aws import make_client
from ansible_collections.nodecache.eks.plugins.module_utils._errors import NodecacheError, shown

FILTERS = (
    "AssociationId",
    "AssociationName",
    "AssociationStatusName",
    "CloudConnectorId",
    "InstanceId",
    "LastExecutedAfter",
    "LastExecutedBefore",
    "Name",
    "ResourceGroupName",
)
_FILTERS = ", ".join(FILTERS)


def check_params(client: Any, params: dict[str, Any]) -> None:
    """Refuse what Systems Manager would refuse."""
    if params["executions"] < 0:
        raise NodecacheError(f"executions is {params['executions']} but must be at least 0.")
    named = {option: params[option] for option in ("association_id", "association_version", "association_name")}
    shape = _model.input_shape(client, "UpdateAssociation")
    _model.check(shape, _model.to_request(shape, named), whole=False)
    for name, value in params["filters"].items():
        if name not in FILTERS or value in (None, "") or isinstance(value, (dict, list)):
            raise NodecacheError(f"filters has {shown(name)} with {shown(value)} but must have text for {_FILTERS}.")


def _ids(client: Any, params: dict[str, Any]) -> list[str]:
    if params["association_id"] is not None:
        return [params["association_id"]]
    filters = {name: str(value) for name, value in params["filters"].items()}
    if params["association_name"] is not None:
        filters["AssociationName"] = params["association_name"]
    rows = _ssm.list_associations(client, filters)
    name = filters.get("AssociationName")
    return [row["AssociationId"] for row in rows if name in (None, row.get("AssociationName"))]


def _described(client: Any, params: dict[str, Any], association_id: str) -> dict[str, Any] | None:
    version = params["association_version"]
    found = _ssm.describe_association(client, association_id, **({"AssociationVersion": version} if version else {}))
    if found is None:
        return None
    shape = _model.output_shape(client, "DescribeAssociation").members["AssociationDescription"]
    result = state.facts(shape, found)
    if params["executions"]:
        newest = _ssm.executions(client, association_id)[: params["executions"]]
        result["executions"] = [
            state.run(client, {**run, "Targets": _ssm.execution_targets(client, association_id, run["ExecutionId"])})
            for run in newest
        ]
    return result


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "association_name": {"type": "str"},
            "association_id": {"type": "str"},
            "association_version": {"type": "str"},
            "filters": {"type": "dict", "default": {}},
            "executions": {"type": "int", "default": 0},
        },
        mutually_exclusive=[("association_id", "association_name"), ("association_id", "filters")],
        required_by={"association_version": ("association_id",)},
        supports_check_mode=True,
    )
    try:
        client = make_client(module, "ssm")
        check_params(client, module.params)
        found = [_described(client, module.params, identifier) for identifier in _ids(client, module.params)]
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    associations = sorted(
        (association for association in found if association),
        key=lambda one: (one.get("association_name", ""), one["association_id"]),
    )
    module.exit_json(changed=False, associations=associations)


if __name__ == "__main__":
    main()
