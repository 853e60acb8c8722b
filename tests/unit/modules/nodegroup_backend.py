"""EKS with one node group, and EC2 with a launch template, as eks_nodegroup sees them."""

from __future__ import annotations

import copy
import datetime

from botocore.exceptions import ClientError

ARN = "arn:aws:eks:eu-central-1:123456789012:nodegroup/demo/workers/1"
NEW = {
    "node_role": "arn:aws:iam::123456789012:role/node",
    "subnets": ["subnet-2", "subnet-1"],
    "instance_types": ["m7i.large", "m6i.large"],
    "ami_type": "AL2023_x86_64_STANDARD",
    "capacity_type": "ON_DEMAND",
    "disk_size": 100,
    "scaling_config": {"min_size": 1, "max_size": 4, "desired_size": 2},
    "update_config": {"max_unavailable": 1},
    "labels": {"example.com/nodeRole": "Worker", "Spot": False},
    "taints": [{"key": "startUp", "value": "yes", "effect": "NO_SCHEDULE"}],
    "tags": {"costCentre": "A"},
    "version": "1.34",
}
TEMPLATE = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "nodes"}
WRITES = {"CreateNodegroup", "UpdateNodegroupConfig", "UpdateNodegroupVersion", "DeleteNodegroup"}
WRITES |= {"TagResource", "UntagResource"}


def missing(operation):
    return ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "none"}}, operation)


class Eks:
    """One node group that takes a look or two to come to rest."""

    def __init__(self):
        self.group, self.after, self.refusal, self.update_ends = None, [], {}, "Successful"
        self.update_leaves, self.ailments, self.tokens = "ACTIVE", [], []
        self.has_cluster = True

    def __getattribute__(self, name):
        if name[0].isupper() and name in self.refusal:
            raise ClientError({"Error": {"Code": self.refusal[name], "Message": "refused"}}, name)
        return super().__getattribute__(name)

    def _begin(self, *statuses):
        self.after = list(statuses)
        self.group["status"] = self.after.pop(0)

    def DescribeCluster(self, name):
        if not self.has_cluster:
            raise missing("DescribeCluster")
        return {"cluster": {"name": name}}

    def DescribeNodegroup(self, clusterName, nodegroupName):
        if self.group is None:
            raise missing("DescribeNodegroup")
        answer = copy.deepcopy(self.group)
        if self.after:
            self.group["status"] = self.after.pop(0)
            if self.group["status"] == "GONE":
                self.group = None
        return {"nodegroup": answer}

    def CreateNodegroup(self, clientRequestToken, **request):
        self.tokens.append(clientRequestToken)
        if "launchTemplate" in request:
            template = request["launchTemplate"]
            assert len({"id", "name"} & set(template)) == 1
            request["launchTemplate"] = {"id": "lt-1", "name": "nodes", "version": template.get("version", "2")}
        created = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        self.group = {**request, "nodegroupArn": ARN, "createdAt": created, "health": {"issues": []}}
        self._begin("CREATING", "CREATING", "ACTIVE")
        return {"nodegroup": copy.deepcopy(self.group)}

    def _update(self):
        assert self.group["status"] in ("ACTIVE", "DEGRADED")
        self._begin("UPDATING", self.update_leaves)
        self.group["health"]["issues"] = self.ailments
        return {"update": {"id": "u-1", "status": "InProgress"}}

    def UpdateNodegroupConfig(self, clusterName, nodegroupName, clientRequestToken, labels=None, taints=None, **blocks):
        self.tokens.append(clientRequestToken)
        self.group.update(blocks)
        if labels:
            kept = {
                key: value for key, value in self.group["labels"].items() if key not in labels.get("removeLabels", [])
            }
            self.group["labels"] = {**kept, **labels.get("addOrUpdateLabels", {})}
        if taints:
            changed, removed = taints.get("addOrUpdateTaints", []), taints.get("removeTaints", [])
            touched = [(taint["key"], taint["effect"]) for taint in changed + removed]
            kept = [taint for taint in self.group["taints"] if (taint["key"], taint["effect"]) not in touched]
            self.group["taints"] = kept + changed
        return self._update()

    def UpdateNodegroupVersion(self, clientRequestToken, clusterName, nodegroupName, launchTemplate=None, **versions):
        self.tokens.append(clientRequestToken)
        versions.pop("force", None)
        self.group.update(versions)
        if launchTemplate:
            assert {"id", "name"} & set(launchTemplate) == {"id"}
            self.group["launchTemplate"] |= launchTemplate
        return self._update()

    def DescribeUpdate(self, name, nodegroupName, updateId):
        errors = [{"errorCode": "AccessDenied", "errorMessage": "no", "resourceIds": []}]
        return {"update": {"id": updateId, "status": self.update_ends, "errors": errors}}

    def DeleteNodegroup(self, clusterName, nodegroupName):
        assert self.group["status"] not in ("CREATING", "UPDATING")
        self._begin("DELETING", "DELETING", "GONE")
        return {"nodegroup": self.group}

    def TagResource(self, resourceArn, tags):
        self.group["tags"] = {**self.group.get("tags", {}), **tags}

    def UntagResource(self, resourceArn, tagKeys):
        self.group["tags"] = {key: value for key, value in self.group["tags"].items() if key not in tagKeys}


class Ec2:
    def __init__(self):
        self.templates = [{**TEMPLATE, "LatestVersionNumber": 3, "DefaultVersionNumber": 2}]

    def DescribeLaunchTemplates(self, LaunchTemplateIds=None, LaunchTemplateNames=None):
        assert LaunchTemplateIds == ["lt-1"] or LaunchTemplateNames == ["nodes"]
        if not self.templates:
            code = f"InvalidLaunchTemplate{'Id.NotFound' if LaunchTemplateIds else 'Name.NotFoundException'}"
            raise ClientError({"Error": {"Code": code, "Message": "none"}}, "DescribeLaunchTemplates")
        return {"LaunchTemplates": self.templates}


def four_times(run, client, **options):
    """Check, do, do again and check again; return the results of the first two, and leave the second one's calls."""
    client.calls.clear()
    predicted = run(check=True, **options)
    assert not set(client.names()) & WRITES
    client.calls.clear()
    done = run(**options)
    assert predicted["changed"] and done["changed"], (predicted, done)
    assert predicted["diff"] == done["diff"]
    assert {key: value for key, value in done["nodegroup"].items() if key in predicted["nodegroup"]} == {
        **predicted["nodegroup"],
        **({"status": done["nodegroup"]["status"]} if "status" in predicted["nodegroup"] else {}),
    }
    requests = list(client.calls)
    for check in (False, True):
        client.calls.clear()
        again = run(check=check, **options)
        assert not again["changed"], again
        assert again["diff"]["before"] == again["diff"]["after"]
        assert again["nodegroup"] == done["nodegroup"]
        assert not set(client.names()) & WRITES
        assert len(client.names()) <= 2
        assert not again.get("warnings")
    client.calls[:] = requests
    return predicted["nodegroup"], done["nodegroup"]
