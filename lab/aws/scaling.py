"""Auto Scaling groups, as far as EKS's users touch them: sizes, templates, hooks and warm pools that AWS refuses.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html and the pages beside it
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.exceptions import ServiceException
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends

from lab.aws import guard

HEALTH_CHECKS = ("EC2", "EBS", "ELB", "VPC_LATTICE")
TRANSITIONS = ("autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING")
HOOK_ENDS = ("CONTINUE", "ABANDON")
HEARTBEATS = range(30, 7201)
ADJUSTMENTS = ("ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity")
# The page of the group's creation: none at all, or a day at least.
SHORTEST_LIFE = 86400
# Operations on a group that has to be there; moto looks for it in some, and takes the others.
NEED_GROUP = (
    *("PutLifecycleHook", "PutScalingPolicy", "PutScheduledUpdateGroupAction", "SetDesiredCapacity"),
    "UpdateAutoScalingGroup",
)
_plain: dict[str, Callable[..., Any]] = {}


def _group(self: AutoScalingResponse, params: Mapping[str, Any]) -> FakeAutoScalingGroup | None:
    return self.autoscaling_backend.autoscaling_groups.get(str(params.get("AutoScalingGroupName")))


def _there(self: AutoScalingResponse, params: Mapping[str, Any]) -> None:
    """Refuse a name that no group has: https://github.com/hashicorp/terraform/issues/17238 has AWS's words."""
    if _group(self, params) is None:
        raise ValidationError("AutoScalingGroup name not found - null")


def _sizes(params: Mapping[str, Any], group: FakeAutoScalingGroup | None) -> None:
    """Refuse bounds that cross, and a size out of them: https://github.com/convox/praxis/pull/258 has the words."""
    least = params.get("MinSize", group.min_size if group else 0)
    most = params.get("MaxSize", group.max_size if group else 0)
    for name, size in (("min", least), ("max", most)):
        if size < 0:
            raise ValidationError(f"The {name} size of a group must not be negative, and is {size}.")
    if least > most:
        raise ValidationError(f"Max bound, {most}, must be greater than or equal to min bound, {least}")
    wanted = params.get("DesiredCapacity")
    if wanted is not None and not least <= wanted <= most:
        raise ValidationError(
            f"Desired capacity:{wanted} must be between the specified min size:{least} and max size:{most}"
        )


def _settings(params: Mapping[str, Any]) -> None:
    for kind in filter(None, (params.get("HealthCheckType") or "").split(",")):
        if kind.strip() not in HEALTH_CHECKS:
            raise ValidationError(f"Valid health check types are: [{', '.join(HEALTH_CHECKS)}]; {kind} is none.")
    if 0 < params.get("MaxInstanceLifetime", 0) < SHORTEST_LIFE:
        raise ValidationError(f"MaxInstanceLifetime must be 0 or at least {SHORTEST_LIFE} seconds.")
    for name in ("DefaultCooldown", "HealthCheckGracePeriod"):
        if params.get(name, 0) < 0:
            raise ValidationError(f"{name} must not be negative.")
    _tags(params)


def _template(self: AutoScalingResponse, params: Mapping[str, Any]) -> None:
    """Refuse a version that the template has not; moto looks for it when an instance starts."""
    spec = params.get("LaunchTemplate") or {}
    version, known = str(spec.get("Version") or "$Default"), ec2_backends[self.current_account][self.region]
    named = (spec.get("LaunchTemplateId"), spec.get("LaunchTemplateName"))
    for template in known.launch_templates.values():
        numbers = ["$Default", "$Latest", *(str(number) for number in range(1, len(template.versions) + 1))]
        if {template.id, template.name} & {*named} and version not in numbers:
            said = "You must use a valid fully-formed launch template."
            raise ValidationError(f"{said} Could not find the specified version {version}.")


def _tags(params: Mapping[str, Any]) -> None:
    keys = [tag.get("Key", "") for tag in params.get("Tags") or []]
    if any(key.lower().startswith("aws:") for key in keys):
        raise ValidationError("Tag keys that begin with aws: are reserved for AWS's own use.")


def check_new(self: AutoScalingResponse, params: Mapping[str, Any]) -> None:
    """Refuse a group that is there, has no valid name, or sizes that do not fit."""
    name = params["AutoScalingGroupName"]
    if ":" in name:
        raise ValidationError("The name of a group can't contain a colon.")
    if _group(self, params) is not None:
        said = "AutoScalingGroup by this name already exists"
        raise AutoscalingClientError("AlreadyExists", f"{said} - A group with the name {name} already exists")
    _sizes(params, None)
    _settings(params)
    _template(self, params)


def check_change(self: AutoScalingResponse, params: Mapping[str, Any]) -> None:
    """Refuse sizes that do not fit those that stay."""
    _sizes(params, _group(self, params))
    _settings(params)
    _template(self, params)


def check_capacity(self: AutoScalingResponse, params: Mapping[str, Any]) -> None:
    """Refuse a size out of the group's bounds."""
    group, wanted = _group(self, params), params["DesiredCapacity"]
    assert group is not None
    for beyond, way, name in ((wanted > group.max_size, "above", "max"), (wanted < group.min_size, "below", "min")):
        if beyond:
            bound = getattr(group, f"{name}_size")
            said = f"New SetDesiredCapacity value {wanted} is {way} {name} value {bound}"
            raise ValidationError(f"{said} for the AutoScalingGroup.")


def check_end(self: AutoScalingResponse, params: Mapping[str, Any]) -> None:
    """Refuse to delete a group that has instances, unless it is forced."""
    group = _group(self, params)
    if group is not None and group.instance_states and not params.get("ForceDelete"):
        raise AutoscalingClientError(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
            "still in the group.",
        )


def check_termination(self: AutoScalingResponse, params: Mapping[str, Any]) -> None:
    """Refuse to shrink a group below its bound."""
    for group in self.autoscaling_backend.autoscaling_groups.values():
        mine = any(state.instance.id == params["InstanceId"] for state in group.instance_states)
        if mine and params["ShouldDecrementDesiredCapacity"] and group.desired_capacity == group.min_size:
            raise ValidationError(
                f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance without replacement "
                "will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or "
                "lower group's min size."
            )


def check_hook(self: AutoScalingResponse, params: Mapping[str, Any]) -> None:
    """Refuse what no hook waits for, or how long none does."""
    group, transition = str(params["AutoScalingGroupName"]), params.get("LifecycleTransition")
    known = {hook.name for hook in self.autoscaling_backend.describe_lifecycle_hooks(group)}
    if transition is None and params["LifecycleHookName"] not in known:
        raise ValidationError("LifecycleTransition is required for a new lifecycle hook.")
    if transition is not None and transition not in TRANSITIONS:
        raise ValidationError(f"Valid lifecycle transitions are: [{', '.join(TRANSITIONS)}]")
    if params.get("HeartbeatTimeout", HEARTBEATS[0]) not in HEARTBEATS:
        raise ValidationError("Heartbeat timeout must be between 30 and 7200 seconds.")
    if params.get("DefaultResult", HOOK_ENDS[0]) not in HOOK_ENDS:
        raise ValidationError(f"Valid default results are: [{', '.join(HOOK_ENDS)}]")


def check_policy(self: AutoScalingResponse, params: Mapping[str, Any]) -> None:
    """Refuse an adjustment that is none."""
    if params.get("AdjustmentType") and params["AdjustmentType"] not in ADJUSTMENTS:
        raise ValidationError(f"Valid adjustment types are: [{', '.join(ADJUSTMENTS)}]")


def check_tags(self: AutoScalingResponse, params: Mapping[str, Any]) -> None:
    """Refuse tags that only AWS itself sets."""
    _tags(params)


def _in_own_words(name: str) -> Callable[[AutoScalingResponse], Any]:
    """Return an operation that says as Auto Scaling what EC2 found wrong."""

    def respond(self: AutoScalingResponse) -> Any:
        try:
            return _plain[name](self)
        except EC2ClientError as wrong:
            said = "You must use a valid fully-formed launch template. " if "LaunchTemplate" in str(wrong.code) else ""
            raise ValidationError(f"{said}{wrong.message}") from wrong

    return respond


def describe_auto_scaling_groups(self: AutoScalingResponse) -> Any:
    """Answer DescribeAutoScalingGroups; a token that it does not give is no wrong value of another kind."""
    try:
        return _plain["describe_auto_scaling_groups"](self)
    except (ServiceException, ValueError) as wrong:
        if self._get_param("NextToken"):
            raise AutoscalingClientError("InvalidNextToken", "The NextToken value is not valid.") from wrong
        raise


def install() -> None:
    """Check requests in front of moto."""
    if not _plain:
        _plain["describe_auto_scaling_groups"] = AutoScalingResponse.describe_auto_scaling_groups
        AutoScalingResponse.describe_auto_scaling_groups = describe_auto_scaling_groups  # type: ignore[method-assign]
        for name in (
            "create_auto_scaling_group",
            "update_auto_scaling_group",
            "attach_instances",
            "set_instance_health",
        ):
            _plain[name] = getattr(AutoScalingResponse, name)
            setattr(AutoScalingResponse, name, _in_own_words(name))
    guard.by_model(AutoScalingResponse, "autoscaling", ValidationError)
    for operation in NEED_GROUP:
        guard.before(AutoScalingResponse, operation, _there)
    for operation, check in (
        ("CreateAutoScalingGroup", check_new),
        ("UpdateAutoScalingGroup", check_change),
        ("SetDesiredCapacity", check_capacity),
        ("DeleteAutoScalingGroup", check_end),
        ("TerminateInstanceInAutoScalingGroup", check_termination),
        ("PutLifecycleHook", check_hook),
        ("PutScalingPolicy", check_policy),
        ("CreateOrUpdateTags", check_tags),
    ):
        guard.before(AutoScalingResponse, operation, check)
