"""ECR in moto's place: images are their manifests, tags move, tokens end, events tell of it."""

from __future__ import annotations

from moto.ecr.responses import ECRResponse

from lab.aws.ecr import (
    access,
    api,
    checks,
    layers,
    lifecycle,
    policies,
    pull_through,
    replication,
    settings,
    support,
    templates,
    tokens,
)

PARTS = (
    api,
    checks,
    layers,
    lifecycle,
    policies,
    pull_through,
    replication,
    settings,
    templates,
    tokens,
)


def install() -> None:
    """Put these in moto's place."""
    # For what moto answers itself: it takes the caller's registry even where another is named.
    ECRResponse.ecr_backend = property(support.registry)  # type: ignore[assignment]
    ECRResponse._authenticate_and_authorize_normal_action = access.authorize  # type: ignore[method-assign]
    for part in PARTS:
        for name, method in part.METHODS.items():
            setattr(ECRResponse, name, method)
