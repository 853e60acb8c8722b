"""The registry's protocol, as ECR speaks it.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md for the routes, the referrers and the error codes;
https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html for ECR's own refusals, and
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html for logins.
"""

from __future__ import annotations

import base64
import datetime
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from lab import images, settings
from lab.aws.ecr import layers as ecr_layers
from lab.aws.ecr import manifest as ecr_manifest
from lab.aws.ecr import tokens as ecr_tokens
from lab.registry import v2


def test_a_push_becomes_an_image_of_ecr_and_an_event(lab: Any, registry: Any) -> None:
    client = settings.client("ecr")
    client.create_repository(repositoryName="team/app")
    queue = settings.client("sqs").create_queue(QueueName="seen")["QueueUrl"]
    bus = settings.client("events")
    bus.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.ecr"]}))
    arn = f"arn:aws:sqs:{settings.REGION}:{settings.ACCOUNT}:seen"
    bus.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": arn}])

    assert registry.push("team/app", "v1") == 201
    image = client.describe_images(repositoryName="team/app")["imageDetails"][0]
    message = settings.client("sqs").receive_message(QueueUrl=queue)["Messages"][0]
    event = json.loads(message["Body"])
    assert event["detail-type"] == "ECR Image Action"
    assert event["detail"] == {
        "result": "SUCCESS",
        "repository-name": "team/app",
        "image-digest": image["imageDigest"],
        "action-type": "PUSH",
        "image-tag": "v1",
        "manifest-media-type": ecr_manifest.OCI,
        "artifact-media-type": "application/vnd.oci.image.config.v1+json",
    }
    answer, body = registry.send("GET", "/v2/team/app/manifests/v1", Accept=ecr_manifest.OCI)
    head, _nothing = registry.send("HEAD", "/v2/team/app/manifests/v1", Accept=ecr_manifest.OCI)
    digests = [one.headers["Docker-Content-Digest"] for one in (head, answer)]
    assert digests == [image["imageDigest"], None], "of a whole manifest ECR leaves the digest to its reader"
    parts = json.loads(body)
    assert image["imageSizeInBytes"] == parts["config"]["size"] + parts["layers"][0]["size"]

    assert registry.push("team/app", "v1", "/bin/ls") == 201
    assert len(client.describe_images(repositoryName="team/app")["imageDetails"]) == 2
    tagged = client.describe_images(repositoryName="team/app", filter={"tagStatus": "TAGGED"})["imageDetails"]
    assert [one["imageDigest"] != image["imageDigest"] for one in tagged] == [True]

    log = [json.loads(line) for line in (settings.LOG / "registry-access.log").read_text().splitlines()]
    assert {"client", "agent", "method", "uri", "status", "bytes", "time"} <= set(log[0])
    assert ("PUT", "/v2/team/app/manifests/v1", 201) in [(one["method"], one["uri"], one["status"]) for one in log]


def test_an_unknown_repository_is_refused(registry: Any) -> None:
    assert registry.push("nowhere", "v1") == 404
    answer, body = registry.send("GET", "/v2/nowhere/manifests/v1")
    (error,) = json.loads(body)["errors"]
    assert (answer.status, error["code"]) == (404, "NAME_UNKNOWN")
    said = f"The repository with name 'nowhere' does not exist in the registry with id '{settings.ACCOUNT}'"
    assert error["message"] == said


@pytest.mark.parametrize("token", [None, base64.b64encode(b"AWS:made-up").decode(), "not base64"])
def test_without_a_live_token_the_answer_is_a_challenge(registry: Any, token: str | None) -> None:
    registry.token = token
    answer, _ = registry.send("GET", "/v2/")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith(f'Basic realm="https://{settings.ECR_HOST}/"')


def test_a_token_that_ended_is_refused(registry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert registry.send("GET", "/v2/")[0].status == 200
    settings.client("ecr").create_repository(repositoryName="app")
    now = datetime.datetime.now(datetime.UTC)
    for password, token in dict(ecr_tokens._tokens).items():
        monkeypatch.setitem(ecr_tokens._tokens, password, ecr_tokens.Token(token.principal, now))
    for method, path in (("GET", "/v2/"), ("GET", "/v2/app/manifests/v1"), ("POST", "/v2/app/blobs/uploads/")):
        answer, body = registry.send(method, path)
        message = "Your authorization token has expired. Reauthenticate and try again."
        assert (answer.status, json.loads(body)) == (403, {"errors": [{"code": "DENIED", "message": message}]})


def test_the_aws_host_names_lead_to_the_apis(registry: Any) -> None:
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories",
        "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIA/20261124/{settings.REGION}/ecr/aws4_request",
    }
    registry.token = None
    answer, body = registry.send("POST", "/", b"{}", host=f"api.ecr.{settings.REGION}.amazonaws.com", **headers)
    assert (answer.status, json.loads(body)) == (200, {"repositories": []})


def test_the_seed_is_in_ecr(registry: Any) -> None:
    images.seed()
    found = settings.client("ecr").describe_images(repositoryName="busybox")["imageDetails"]
    assert [image["imageTags"] for image in found] == [["stable"]]


def refusal(reply: Any) -> tuple[int, str, str]:
    (error,) = json.loads(reply[1])["errors"]
    return reply[0].status, error["code"], error["message"]


def test_an_immutable_tag_is_refused_by_the_registry(registry: Any) -> None:
    client = settings.client("ecr")
    client.create_repository(repositoryName="app", imageTagMutability="IMMUTABLE")
    assert registry.push("app", "v1") == 201
    other = images.image(["/bin/ls"])
    assert registry.push_content("app", "v2", other) == 201
    said = (
        "The image tag 'v1' already exists in the 'app' repository "
        "and cannot be overwritten because the tag is immutable."
    )
    assert refusal(registry.manifest("app", "v1", other.manifest)) == (400, "TAG_INVALID", said)
    (image,) = client.describe_images(repositoryName="app", imageIds=[{"imageTag": "v1"}])["imageDetails"]
    assert image["imageDigest"] != ecr_manifest.digest_of(other.manifest)


def test_the_same_push_again_succeeds_and_is_no_other_image(registry: Any) -> None:
    client = settings.client("ecr")
    client.create_repository(repositoryName="app")
    for tag in ("v1", "v1", "v2"):
        assert registry.push("app", tag) == 201
    (image,) = client.describe_images(repositoryName="app")["imageDetails"]
    assert image["imageTags"] == ["v1", "v2"]


def test_an_index_and_a_signature_are_pushed_by_digest_and_found_again(registry: Any) -> None:
    client = settings.client("ecr")
    client.create_repository(repositoryName="app")
    several = images.multi_architecture(["/bin/sh"])
    unknown = refusal(registry.manifest("app", "v1", several.manifest))
    assert unknown[:2] == (400, "MANIFEST_BLOB_UNKNOWN")
    for child in several.images:
        assert registry.push_content("app", ecr_manifest.digest_of(child.manifest), child) == 201
    assert registry.manifest("app", "v1", several.manifest)[0].status == 201
    details = client.describe_images(repositoryName="app")["imageDetails"]
    assert [one.get("imageTags") for one in details] == [None, None, None, ["v1"]]
    child_sizes = [one["imageSizeInBytes"] for one in details[:3]]
    assert details[3]["imageSizeInBytes"] == max(child_sizes)

    subject = {"digest": details[3]["imageDigest"], "size": len(several.manifest), "mediaType": ecr_manifest.OCI_INDEX}
    signature = json.loads(several.images[0].manifest) | {"subject": subject, "artifactType": "application/test.sig"}
    body = json.dumps(signature).encode()
    answer, _ = registry.manifest("app", ecr_manifest.digest_of(body), body)
    assert (answer.status, answer.headers["OCI-Subject"]) == (201, subject["digest"])
    answer, body = registry.send("GET", f"/v2/app/referrers/{subject['digest']}")
    assert answer.headers["Content-Type"] == ecr_manifest.OCI_INDEX
    assert [one["artifactType"] for one in json.loads(body)["manifests"]] == ["application/test.sig"]
    answer, body = registry.send("GET", "/v2/app/tags/list")
    assert json.loads(body) == {"name": "app", "tags": ["v1"]}


def test_a_manifest_that_is_not_its_digest_or_of_no_known_type_is_refused(registry: Any) -> None:
    settings.client("ecr").create_repository(repositoryName="app")
    content = images.image(["/bin/sh"])
    assert registry.push_content("app", "v1", content) == 201
    wrong = registry.manifest("app", f"sha256:{'0' * 64}", content.manifest)
    assert refusal(wrong)[:2] == (400, "DIGEST_INVALID")
    odd = registry.send("PUT", "/v2/app/manifests/v2", content.manifest, **{"Content-Type": "text/plain"})
    assert refusal(odd)[:2] == (400, "MANIFEST_INVALID")
    assert refusal(registry.send("DELETE", "/v2/app/manifests/v1"))[:2] == (405, "UNSUPPORTED")


def test_layers_come_from_a_signed_address_without_a_login(registry: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = settings.client("ecr")
    client.create_repository(repositoryName="app")
    registry.push("app", "v1")
    (image,) = client.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "v1"}])["images"]
    layer = json.loads(image["imageManifest"])["layers"][0]
    asked = {"repositoryName": "app", "layerDigests": [layer["digest"]]}
    (known,) = client.batch_check_layer_availability(**asked)["layers"]
    assert (known["layerSize"], known["mediaType"]) == (layer["size"], layer["mediaType"])
    url = client.get_download_url_for_layer(repositoryName="app", layerDigest=layer["digest"])["downloadUrl"]
    with urllib.request.urlopen(url) as answer:
        assert ecr_manifest.digest_of(answer.read()) == layer["digest"]
    for forged in (url.replace("/app/", "/other/"), url[:-1] + "x", url.replace("X-Amz-Expires=", "X-Amz-Expires=9")):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(forged)
    monkeypatch.setattr(ecr_layers, "LIFETIME", -1)
    ended = client.get_download_url_for_layer(repositoryName="app", layerDigest=layer["digest"])["downloadUrl"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(ended)
    with pytest.raises(client.exceptions.LayersNotFoundException):
        client.get_download_url_for_layer(repositoryName="app", layerDigest=f"sha256:{'0' * 64}")


def test_what_the_api_uploads_is_pulled_from_the_registry(registry: Any) -> None:
    client = settings.client("ecr")
    client.create_repository(repositoryName="app")
    content = images.image(["/bin/sh"])
    for digest, data in content.blobs.items():
        upload = {"repositoryName": "app", "uploadId": client.initiate_layer_upload(repositoryName="app")["uploadId"]}
        client.upload_layer_part(**upload, partFirstByte=0, partLastByte=len(data) - 1, layerPartBlob=data)
        with pytest.raises(client.exceptions.InvalidLayerException):
            client.complete_layer_upload(**upload, layerDigests=[f"sha256:{'0' * 64}"])
        assert client.complete_layer_upload(**upload, layerDigests=[digest])["layerDigest"] == digest
    client.put_image(repositoryName="app", imageManifest=content.manifest.decode(), imageTag="v1")
    answer, body = registry.send("GET", "/v2/app/manifests/v1")
    assert (answer.headers["Content-Type"], body) == (ecr_manifest.OCI, content.manifest)
    for digest, data in content.blobs.items():
        assert registry.send("GET", f"/v2/app/blobs/{digest}")[1] == data


def test_what_ecr_deletes_cannot_be_pulled(registry: Any) -> None:
    client = settings.client("ecr")
    contents = {"kept": images.image(["/bin/sh"]), "gone": images.image(["/bin/ls"])}
    for name in ("app", "app/nested"):
        client.create_repository(repositoryName=name)
        for tag, content in contents.items():
            registry.push_content(name, tag, content)
    client.batch_delete_image(repositoryName="app", imageIds=[{"imageTag": "gone"}])
    assert refusal(registry.send("GET", "/v2/app/manifests/gone"))[:2] == (404, "MANIFEST_UNKNOWN")
    digests = {tag: ecr_manifest.digest_of(content.manifest) for tag, content in contents.items()}
    assert registry.send("GET", f"/v2/app/manifests/{digests['gone']}")[0].status == 404
    config, layer = contents["gone"].blobs
    assert registry.send("GET", f"/v2/app/blobs/{config}")[0].status == 404
    # The other image has the layer too.
    assert registry.send("GET", f"/v2/app/blobs/{layer}")[0].status == 200
    client.delete_repository(repositoryName="app", force=True)
    assert registry.send("GET", f"/v2/app/manifests/{digests['kept']}")[0].status == 404
    client.create_repository(repositoryName="app")
    assert registry.send("GET", f"/v2/app/blobs/{layer}")[0].status == 404
    assert registry.send("GET", "/v2/app/nested/manifests/gone")[0].status == 200
    assert registry.send("GET", f"/v2/app/nested/blobs/{layer}")[0].status == 200


def test_registries_of_other_accounts_and_regions_are_apart(registry: Any) -> None:
    client = settings.client("ecr")
    client.create_repository(repositoryName="app", registryId=settings.OTHER_ACCOUNT)
    host = settings.ECR_HOSTS[1]
    content = images.image(["/bin/sh"])
    for digest, data in content.blobs.items():
        answer, _ = registry.send("POST", "/v2/app/blobs/uploads/", host=host)
        location = answer.headers["Location"]
        assert location.startswith(f"https://{host}/v2/app/blobs/uploads/")
        path = location.removeprefix(f"https://{host}")
        assert registry.send("PUT", f"{path}&digest={digest}", data, host=host)[0].status == 201
    kind = {"Content-Type": ecr_manifest.OCI}
    assert registry.send("PUT", "/v2/app/manifests/v1", content.manifest, host=host, **kind)[0].status == 201
    assert registry.send("GET", "/v2/app/manifests/v1", host=host)[1] == content.manifest
    assert registry.send("GET", "/v2/app/manifests/v1")[0].status == 404
    (image,) = client.describe_images(repositoryName="app", registryId=settings.OTHER_ACCOUNT)["imageDetails"]
    assert image["imageTags"] == ["v1"]


def test_a_first_pull_through_the_cache_imports_all_of_an_image(lab: Any, registry: Any) -> None:
    client = settings.client("ecr")
    client.create_repository(repositoryName="team/app")
    several = images.multi_architecture(["/bin/sh"])
    for child in several.images:
        registry.push_content("team/app", ecr_manifest.digest_of(child.manifest), child)
    registry.manifest("team/app", "v1", several.manifest)
    theirs = {"registryId": settings.OTHER_ACCOUNT}
    client.create_pull_through_cache_rule(**theirs, ecrRepositoryPrefix="cache", upstreamRegistryUrl=settings.ECR_HOST)
    host = settings.ECR_HOSTS[1]

    assert registry.send("GET", "/v2/cache/team/app/manifests/v2", host=host)[0].status == 404
    assert registry.send("GET", "/v2/elsewhere/team/app/manifests/v1", host=host)[0].status == 404
    assert client.describe_repositories(**theirs)["repositories"] == []
    assert registry.send("GET", "/v2/cache/team/app/manifests/v1", host=host)[1] == several.manifest
    for child in several.images:
        digest = ecr_manifest.digest_of(child.manifest)
        assert registry.send("GET", f"/v2/cache/team/app/manifests/{digest}", host=host)[1] == child.manifest
        for blob, data in child.blobs.items():
            assert registry.send("GET", f"/v2/cache/team/app/blobs/{blob}", host=host)[1] == data
    details = client.describe_images(**theirs, repositoryName="cache/team/app")["imageDetails"]
    assert [one.get("imageTags") for one in details] == [None, None, None, ["v1"]]


def test_a_region_that_is_none_has_no_repositories(registry: Any) -> None:
    host = f"{settings.ACCOUNT}.dkr.ecr.no-where-1.amazonaws.com"
    reply = v2.answer(v2.Request(host, "GET", "/v2/app/manifests/v1", {}, f"Basic {registry.token}", ""))
    assert (reply.status, json.loads(reply.body)["errors"][0]["code"]) == (404, "NAME_UNKNOWN")
