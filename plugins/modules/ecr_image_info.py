#!/usr/bin/python
# Copyright (c) 2026 nodecache.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecr_image_info
version_added: 1.0.0
short_description: List the images of an Amazon ECR repository
description:
  - Lists the images of one private repository, the newest pushed first, so that a tag leads to a digest.
  - By default these are the tagged images that a node can run; signatures, attestations, SOCI indexes and other
    artifacts are left out, and so are archived images.
author:
  - nodecache.eks contributors (@nodecache)
options:
  repository_name:
    description: The repository's name.
    type: str
    required: true
  registry_id:
    description:
      - The AWS account that owns the repository.
      - By default it is the caller's own.
    type: str
  image_tags:
    description:
      - Only images with one of these tags.
      - A tag that is not there is no error, it finds no image.
    type: list
    elements: str
  image_digests:
    description: Only images with one of these digests.
    type: list
    elements: str
  tag_pattern:
    description: Only images with a tag that matches this shell-style pattern, as V(v1.*).
    type: str
  tag_status:
    description:
      - Whether images with tags, without, or both are listed.
      - Without tags are superseded images and the parts of an index.
      - V(TAGGED) unless it says otherwise, and V(ANY) with O(image_digests), which a superseded image still has.
    type: str
    choices: [TAGGED, UNTAGGED, ANY]
  image_status:
    description: Whether images that can be pulled, archived images or images on their way back are listed, or all.
    type: str
    choices: [ACTIVE, ARCHIVED, ACTIVATING, ANY]
    default: ACTIVE
  artifacts:
    description: Whether signatures, attestations, SOCI indexes and other artifacts are listed too.
    type: bool
    default: false
notes:
  - Needs C(ecr:DescribeRepositories) and C(ecr:DescribeImages).
seealso:
  - module: nodecache.eks.ecr_authorization_token_info
  - module: community.aws.ecs_ecr
extends_documentation_fragment:
  - nodecache.eks.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Find the newest release
  nodecache.eks.ecr_image_info:
    repository_name: team/app
    tag_pattern: v*
  register: releases

- name: Name it by its digest
  ansible.builtin.debug:
    msg: "{{ releases.images[0].repository_uri }}@{{ releases.images[0].image_digest }}"
  when: releases.images

- name: Find what was archived
  nodecache.eks.ecr_image_info:
    repository_name: team/app
    image_status: ARCHIVED
    tag_status: ANY
"""

RETURN = r"""
images:
  description: The images, the newest pushed first.
  returned: always
  type: list
  elements: dict
  contains:
    repository_name:
      description: The repository's name.
      returned: always
      type: str
      sample: team/app
    registry_id:
      description: The AWS account that owns the repository.
      returned: always
      type: str
      sample: "123456789012"
    repository_uri:
      description: What an image name begins with.
      returned: always
      type: str
      sample: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app
    image_digest:
      description: The digest of the image or of its index.
      returned: always
      type: str
      sample: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    image_tags:
      description: All the image's tags, those that were asked for first.
      returned: always
      type: list
      elements: str
      sample: [v1.2, latest]
    image_size_in_bytes:
      description: The compressed size; of an index it is the largest image's.
      returned: when ECR tells
      type: int
      sample: 104857600
    image_pushed_at:
      description: When it was pushed, in UTC.
      returned: always
      type: str
      sample: "2026-01-31T12:00:00+00:00"
    image_status:
      description: Whether it can be pulled.
      returned: when ECR tells
      type: str
      sample: ACTIVE
    image_manifest_media_type:
      description: The kind of its manifest, which tells an index from an image.
      returned: when ECR tells
      type: str
      sample: application/vnd.oci.image.index.v1+json
    artifact_media_type:
      description: What it is.
      returned: when ECR tells
      type: str
      sample: application/vnd.oci.image.config.v1+json
    last_recorded_pull_time:
      description: When it was pulled last, in UTC and to the day.
      returned: when it was pulled
      type: str
      sample: "2026-02-01T00:00:00+00:00"
    image_scan_status:
      description: How far its scan is.
      returned: when it is scanned
      type: dict
      sample: {"status": "COMPLETE", "description": "The scan was completed successfully."}
    image_scan_findings_summary:
      description: What the scan found; the severities are ECR's own words.
      returned: when it was scanned
      type: dict
      sample: {"finding_severity_counts": {"HIGH": 1}}
    subject_manifest_digest:
      description: The digest of the image that an artifact is about.
      returned: when it is about one
      type: str
      sample: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
"""

import re
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.nodecache.eks.plugins.module_utils import _ecr, _model
from ansible_collections.nodecache.eks.plugins.module_utils._aws import NodecacheError, make_client
from ansible_collections.nodecache.eks.plugins.module_utils._errors import shown

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
PATTERN = re.compile(r"[A-Za-z0-9_.*?!\[\]-]+")


def build_request(params: dict[str, Any], shape: Any) -> dict[str, Any]:
    """Return the options in the API's shape; refuse what is wrong."""
    tag = shape.members["imageIds"].member.members["imageTag"]
    for number, value in enumerate(params["image_tags"] or []):
        if not _model.fits(tag, value):
            raise NodecacheError(f"image_tags[{number}] is {shown(value)} but must {_model.allowed(tag)}.")
    for number, value in enumerate(params["image_digests"] or []):
        if not DIGEST.fullmatch(value):
            raise NodecacheError(
                f"image_digests[{number}] is {shown(value)} but must be sha256: and 64 hexadecimal digits."
            )
    pattern = params["tag_pattern"]
    if pattern is not None and not PATTERN.fullmatch(pattern):
        raise NodecacheError(
            f"tag_pattern is {shown(pattern)} but must have letters, digits or any of _ . - * ? ! [ ] alone."
        )
    status = params["image_status"]
    tagged = params["tag_status"] or ("TAGGED" if params["image_digests"] is None else "ANY")
    # What is the API's default is left out, because older botocores do not know it.
    chosen = {"tag_status": tagged, "image_status": None if status == "ACTIVE" else status}
    options = {name: params[name] for name in ("repository_name", "registry_id")}
    request: dict[str, Any] = _model.to_request(shape, options)
    request["filter"] = _model.to_request(shape.members["filter"], chosen)
    _model.check(shape, request)
    return request


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "repository_name": {"required": True},
            "registry_id": {},
            "image_tags": {"type": "list", "elements": "str"},
            "image_digests": {"type": "list", "elements": "str"},
            "tag_pattern": {},
            "tag_status": {"choices": ["TAGGED", "UNTAGGED", "ANY"]},
            "image_status": {"choices": ["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"], "default": "ACTIVE"},
            "artifacts": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        client = make_client(module, "ecr")
        request = build_request(params, _model.input_shape(client, "DescribeImages"))
        repository = _ecr.describe_repository(client, params["repository_name"], params["registry_id"])
        shape = _model.output_shape(client, "DescribeImages").members["imageDetails"].member
        images = _ecr.select(
            _ecr.describe_images(client, request),
            shape,
            tags=params["image_tags"],
            digests=params["image_digests"],
            pattern=params["tag_pattern"],
            status=params["image_status"],
            artifacts=params["artifacts"],
        )
    except NodecacheError as error:
        module.fail_json(msg=str(error))
    place = {
        "repository_name": repository["repositoryName"],
        "registry_id": repository["registryId"],
        "repository_uri": repository["repositoryUri"],
    }
    module.exit_json(changed=False, images=[{**image, **place} for image in images])


if __name__ == "__main__":
    main()
