"""A managed node group, and what EKS makes for it first: launch template, instance profile, Auto Scaling group."""

from __future__ import annotations

import threading
from typing import Any

from moto.eks.models import EKSBackend, Nodegroup

from lab.aws.eks import scaling_group
from lab.aws.eks.support import client

IMAGE = "ami-0abcdef1234567890"
METADATA = {"HttpTokens": "required", "HttpPutResponseHopLimit": 2}
BUSY = ("CREATING", "UPDATING", "DELETING")


class Group(Nodegroup):
    """A node group with the instances it runs."""

    def __init__(self, **settings_of_it: Any) -> None:
        super().__init__(**settings_of_it)
        self.account_id: str = settings_of_it["account_id"]
        self.instances: list[str] = []
        self.warm: list[str] = []
        self.warming: list[str] = []
        self.lock = threading.RLock()
        self.warm_pool_config: dict[str, Any] | None = None
        self.template_data: dict[str, Any] = {}
        self.profile_arn = ""
        self.own_name = f"eks-{self.uuid}"
        self.scaling_group: scaling_group.ScalingGroup | None = None

    def everything(self) -> list[str]:
        """Return every instance, in service or not."""
        return self.instances + self.warm + self.warming

    def forget(self, instance_ids: list[str]) -> None:
        """Take instances off the lists."""
        for held in (self.instances, self.warm, self.warming):
            held[:] = [name for name in held if name not in instance_ids]

    @property
    def scaling_group_name(self) -> str:
        """Return the name of its Auto Scaling group."""
        return f"eks-{self.nodegroup_name}-{self.uuid}"


def find(backend: EKSBackend, params: dict[str, Any]) -> Group:
    """Return the node group a request is about, or say as AWS does that it is not there."""
    group = backend.describe_nodegroup(params["clusterName"], params["nodegroupName"])
    assert isinstance(group, Group)  # noqa: S101 - moto makes no other
    return group


def every(backend: EKSBackend) -> list[Group]:
    """Return every node group."""
    groups = [group for cluster in list(backend.clusters.values()) for group in list(cluster.nodegroups.values())]
    return [group for group in groups if isinstance(group, Group)]


def arrive(group: Group, status: str) -> None:
    """Say that a group is through, unless it is to be deleted by now."""
    with group.lock:
        if group.status != "DELETING":
            group.status = status


def instance_tags(cluster: str, group: str) -> dict[str, str]:
    """Return the tags EKS puts on a managed node group's instances; there is no Name among them."""
    return {
        "eks:cluster-name": cluster,
        "eks:nodegroup-name": group,
        f"kubernetes.io/cluster/{cluster}": "owned",
        "k8s.io/cluster-autoscaler/enabled": "true",
        f"k8s.io/cluster-autoscaler/{cluster}": "owned",
    }


def read_template(specification: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a launch template's version says, and the template named as EKS names it in its answers."""
    wanted = specification.get("version") or "$Default"
    names = {"id": "LaunchTemplateId", "name": "LaunchTemplateName"}
    request = {names[key]: specification[key] for key in names if specification.get(key)}
    found = client("ec2").describe_launch_template_versions(**request, Versions=[wanted])["LaunchTemplateVersions"][0]
    named = {
        "id": found["LaunchTemplateId"],
        "name": found["LaunchTemplateName"],
        "version": str(found["VersionNumber"]),
    }
    return found["LaunchTemplateData"], named


def template_of(group: Group, users: dict[str, Any]) -> dict[str, Any]:
    """Return EKS's own launch template: the user's, and what EKS adds to it."""
    data = dict(users)
    data.setdefault("ImageId", IMAGE)
    data.setdefault("MetadataOptions", METADATA)
    disk = {"VolumeSize": group.disk_size or 20, "VolumeType": "gp3", "DeleteOnTermination": True}
    data.setdefault("BlockDeviceMappings", [{"DeviceName": "/dev/xvda", "Ebs": disk}])
    if group.instance_types:
        data["InstanceType"] = group.instance_types[0]
    data.setdefault("InstanceType", "t3.medium")
    if group.remote_access:
        data["KeyName"] = group.remote_access["ec2SshKey"]
    own = {"aws:eks:cluster-name": group.cluster_name, **instance_tags(group.cluster_name, group.nodegroup_name)}
    specifications = {row["ResourceType"]: list(row["Tags"]) for row in data.get("TagSpecifications", [])}
    theirs = [tag for tag in specifications.get("instance", []) if tag["Key"] not in own]
    specifications["instance"] = theirs + [{"Key": key, "Value": value} for key, value in own.items()]
    data["TagSpecifications"] = [{"ResourceType": kind, "Tags": tags} for kind, tags in specifications.items()]
    return data


def _open_to_ssh(group: Group) -> str:
    """Make the security group through which a node group's key is used."""
    ec2 = client("ec2")
    vpc = ec2.describe_subnets(SubnetIds=group.subnets[:1])["Subnets"][0]["VpcId"]
    name = f"eks-remoteAccess-{group.uuid}"
    made: str = ec2.create_security_group(GroupName=name, Description="SSH to the nodes", VpcId=vpc)["GroupId"]
    port: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    sources = (group.remote_access or {}).get("sourceSecurityGroups")
    origin = {"UserIdGroupPairs": [{"GroupId": source} for source in sources or []]}
    port |= origin if sources else {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[port])
    return made


def equip(group: Group, security_groups: list[str]) -> scaling_group.ScalingGroup:
    """Make the launch template, the instance profile and the Auto Scaling group of a node group."""
    group.resources = {"autoScalingGroups": [{"name": group.scaling_group_name}]}
    if group.remote_access and group.remote_access.get("ec2SshKey"):
        opened = _open_to_ssh(group)
        group.resources["remoteAccessSecurityGroup"] = opened
        security_groups = [*security_groups, opened]
    if security_groups and not {"SecurityGroupIds", "NetworkInterfaces"} & set(group.template_data):
        group.template_data["SecurityGroupIds"] = security_groups
    group.template_data = template_of(group, group.template_data)
    made = client("ec2").create_launch_template(
        LaunchTemplateName=group.own_name, LaunchTemplateData=group.template_data
    )["LaunchTemplate"]
    iam = client("iam")
    profile = iam.create_instance_profile(InstanceProfileName=group.own_name)["InstanceProfile"]
    iam.add_role_to_instance_profile(InstanceProfileName=group.own_name, RoleName=group.node_role.rpartition("/")[2])
    group.profile_arn = profile["Arn"]
    group.scaling_group = scaling_group.create(
        group.account_id,
        group.region,
        group.scaling_group_name,
        sizes=group.scaling_config,
        subnets=group.subnets,
        launch_template={"LaunchTemplateId": made["LaunchTemplateId"], "Version": "1"},
        tags=instance_tags(group.cluster_name, group.nodegroup_name),
    )
    return group.scaling_group


def renew_template(group: Group, users: dict[str, Any]) -> None:
    """Make a new version of EKS's launch template out of a new one of the user's."""
    group.template_data = template_of(group, users)
    ec2 = client("ec2")
    number = ec2.create_launch_template_version(
        LaunchTemplateName=group.own_name, LaunchTemplateData=group.template_data
    )["LaunchTemplateVersion"]["VersionNumber"]
    ec2.modify_launch_template(LaunchTemplateName=group.own_name, DefaultVersion=str(number))


def strip(group: Group) -> None:
    """Remove what ``equip`` made."""
    if group.scaling_group is None:
        return
    scaling_group.remove(group.account_id, group.region, group.scaling_group_name)
    iam, ec2 = client("iam"), client("ec2")
    for role in iam.get_instance_profile(InstanceProfileName=group.own_name)["InstanceProfile"]["Roles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=group.own_name, RoleName=role["RoleName"])
    iam.delete_instance_profile(InstanceProfileName=group.own_name)
    ec2.delete_launch_template(LaunchTemplateName=group.own_name)
    if "remoteAccessSecurityGroup" in group.resources:
        ec2.delete_security_group(GroupId=group.resources["remoteAccessSecurityGroup"])
