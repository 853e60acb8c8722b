"""ECR in moto's place: images are their manifests, tags move, tokens end, events tell of it."""

from __future__ import annotations

from moto.ecr.responses import ECRResponse

from lab.aws import (
    ecr_access,
    ecr_api,
    ecr_checks,
    ecr_layers,
    ecr_lifecycle,
    ecr_policies,
    ecr_pull_through,
    ecr_replication,
    ecr_settings,
    ecr_support,
    ecr_templates,
    ecr_tokens,
)

PARTS = (
    ecr_api,
    ecr_checks,
    ecr_layers,
    ecr_lifecycle,
    ecr_policies,
    ecr_pull_through,
    ecr_replication,
    ecr_settings,
    ecr_templates,
    ecr_tokens,
)


def install() -> None:
    """Put these in moto's place."""
    # For what moto answers itself: it takes the caller's registry even where another is named.
    ECRResponse.ecr_backend = property(ecr_support.registry)  # type: ignore[assignment]
    ECRResponse._authenticate_and_authorize_normal_action = ecr_access.authorize  # type: ignore[method-assign]
    for part in PARTS:
        for name, method in part.METHODS.items():
            setattr(ECRResponse, name, method)
