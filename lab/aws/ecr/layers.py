"""ECR's layers: uploads through the API, what is there, and addresses that download without a login."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
import urllib.parse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.exceptions import InvalidLayerPartException, UploadNotFoundException
from moto.ecr.models import Repository
from moto.ecr.responses import ECRResponse

from lab.aws.ecr import images
from lab.aws.ecr.support import error, repository
from lab.registry import store

PREFIX = "/_lab/registry/layer/"
# What a signed address of S3 lasts unless told otherwise; ECR does not say.
LIFETIME = 3600
# Of every part but the last: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CompleteLayerUpload.html
SMALLEST_PART = 5 << 20
_upload_layer_part: Callable[[ECRResponse], Any] = ECRResponse.upload_layer_part
_KEY = secrets.token_bytes(32)


def batch_check_layer_availability(self: ECRResponse) -> ActionResult:
    """Answer BatchCheckLayerAvailability."""
    target = repository(self)
    layers: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    types = {digest: kind for image in target.images for digest, _, kind in images.manifest_of(image).blobs}
    for digest in self._get_param("layerDigests"):
        size = layer_size(target, digest)
        if digest and not re.fullmatch(r"sha256:[a-f0-9]{64}", digest):
            reason = f"Invalid layer digest '{digest}'"
            failures.append({"layerDigest": digest, "failureCode": "InvalidLayerDigest", "failureReason": reason})
        elif size is None:
            reason = f"Layer digest '{digest}' could not be found"
            failures.append({"layerDigest": digest, "failureCode": "MissingLayerDigest", "failureReason": reason})
        else:
            layers.append(
                {
                    "layerDigest": digest,
                    "layerAvailability": "AVAILABLE",
                    "layerSize": size,
                    "mediaType": types.get(digest, "application/vnd.docker.image.rootfs.diff.tar.gzip"),
                }
            )
    return ActionResult({"layers": layers, "failures": failures})


def layer_size(target: Repository, digest: str) -> int | None:
    """Return the size of a layer the repository has, whichever way it came."""
    path = store.blob(target.account_id, target.region_name, target.name, digest)
    return path.stat().st_size if path else target.layers.get(digest)


def check_parts(target: Repository, text: str) -> None:
    """Refuse a manifest whose layers or images the repository does not have."""
    manifest = images.read(text)
    where = f"in the repository with name '{target.name}' in the registry with id '{target.registry_id}'"
    if missing := [digest for digest, _, _ in manifest.blobs if layer_size(target, digest) is None]:
        raise error(
            "LayersNotFoundException",
            f"Layers with digests '[{', '.join(missing)}]' required for pushing image do not exist {where}",
        )
    if missing := [digest for digest in manifest.children if images.by_digest(target, digest) is None]:
        raise error(
            "ReferencedImagesNotFoundException",
            f"Images with digests '[{', '.join(missing)}]' required for pushing image do not exist {where}",
        )


def upload_layer_part(self: ECRResponse) -> Any:
    """Answer UploadLayerPart; a part is as long as its first and last byte say."""
    target, upload_id = repository(self), self._get_param("uploadId")
    upload = target.uploads.get(upload_id)
    first, last = self._get_param("partFirstByte"), self._get_param("partLastByte")
    blob = self._get_param("layerPartBlob")
    size = len(blob if isinstance(blob, bytes) else base64.b64decode(blob))
    if upload is not None and size != last - first + 1:
        last_byte = upload.last_byte_received
        raise InvalidLayerPartException(target.registry_id, target.name, upload_id, last_byte)
    answer = _upload_layer_part(self)
    vars(upload).setdefault("lab_sizes", []).append(size)
    return answer


def complete_layer_upload(self: ECRResponse) -> ActionResult:
    """Answer CompleteLayerUpload; the registry gets the layer too, so that it can be pulled."""
    target, upload_id = repository(self), self._get_param("uploadId")
    upload = target.uploads.get(upload_id)
    if upload is None:
        raise UploadNotFoundException(upload_id, target.name, target.registry_id)
    said = f"upload with id '{upload_id}' in the repository with name '{target.name}'"
    if not upload.layer_parts:
        raise error("EmptyUploadException", f"The {said} holds no layer parts.")
    if min(vars(upload)["lab_sizes"][:-1], default=SMALLEST_PART) < SMALLEST_PART:
        raise error("LayerPartTooSmallException", f"Layer parts of the {said} must be at least 5 MiB in size.")
    data = bytes(upload.layer_parts)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    if digest not in self._get_param("layerDigests"):
        raise error("InvalidLayerException", f"The layer of the {said} has the digest '{digest}'.")
    del target.uploads[upload_id]
    if layer_size(target, digest) is not None:
        raise error("LayerAlreadyExistsException", f"The layer of the {said} exists already: '{digest}'.")
    target.layers[digest] = len(data)
    if store.running:
        store.add(target.account_id, target.region_name, target.name, data)
    answer = {"repositoryName": target.name, "uploadId": upload_id, "layerDigest": digest}
    return ActionResult(answer | {"registryId": target.registry_id})


def get_download_url_for_layer(self: ECRResponse) -> ActionResult:
    """Answer GetDownloadUrlForLayer with an address on the host the caller reached us by."""
    target, digest = repository(self), self._get_param("layerDigest")
    if store.blob(target.account_id, target.region_name, target.name, digest) is None:
        message = f"Layer with digest '{digest}' does not exist in the repository with name '{target.name}'"
        raise error("LayersNotFoundException", f"{message} in the registry with id '{target.registry_id}'")
    path = f"{PREFIX}{target.account_id}/{target.region_name}/{target.name}/{digest}"
    end = int(time.time()) + LIFETIME
    query = urllib.parse.urlencode({"X-Amz-Expires": end, "X-Amz-Signature": _signature(path, end)})
    scheme = self.headers.get("X-Forwarded-Proto", "http")
    return ActionResult({"downloadUrl": f"{scheme}://{self.headers['Host']}{path}?{query}", "layerDigest": digest})


def _signature(path: str, end: int) -> str:
    return hmac.new(_KEY, f"{path} {end}".encode(), hashlib.sha256).hexdigest()


def opened(path: str, query: Mapping[str, list[str]]) -> Path | None:
    """Return the file a signed address stands for, if the signature is ours and its time not over."""
    end, signature = query.get("X-Amz-Expires", ["0"])[0], query.get("X-Amz-Signature", [""])[0]
    if not end.isdecimal() or not hmac.compare_digest(signature, _signature(path, int(end))) or int(end) < time.time():
        return None
    account, region, rest = path.removeprefix(PREFIX).split("/", 2)
    name, _, digest = rest.rpartition("/")
    return store.blob(account, region, name, digest)


METHODS = {
    function.__name__: function
    for function in (
        batch_check_layer_availability,
        upload_layer_part,
        complete_layer_upload,
        get_download_url_for_layer,
    )
}
