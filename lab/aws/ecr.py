"""ECR in moto's place: images are their manifests, tags move, tokens end, events tell of it."""

from __future__ import annotations

from moto.ecr.responses import ECRResponse

from lab.aws import ecr_api, ecr_layers, ecr_tokens


def install() -> None:
    """Put these in moto's place."""
    for methods in (ecr_api.METHODS, ecr_layers.METHODS, ecr_tokens.METHODS):
        for name, method in methods.items():
            setattr(ECRResponse, name, method)
