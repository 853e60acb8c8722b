"""Who a key is, and who may assume a role.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html,
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
"""

from __future__ import annotations

import datetime
import json

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from moto.core.utils import get_service_model, method_names_from_class
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.sts.responses import TokenResponse

from lab import settings
from lab.aws import iam, query
from lab.aws.iam import sts

TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
KEY = "ASIAAAAAAAAAAAAAAAA" + "B"


@pytest.fixture(name="client")
def client_fixture():
    sts.install()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()

    def made(service, key=settings.ACCESS_KEY):
        url = f"http://{host}:{port}"
        return boto3.client(
            service, "us-east-1", endpoint_url=url, aws_access_key_id=key, aws_secret_access_key=settings.SECRET_KEY
        )

    yield made
    server.stop()


@pytest.fixture(name="role")
def role_fixture(client):
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    role = client("iam").create_role(RoleName="sts-node", Path="/eks/", AssumeRolePolicyDocument=trust)["Role"]
    yield role
    client("iam").delete_role(RoleName="sts-node")


def now():
    return datetime.datetime.now(datetime.UTC)


def test_a_node_is_its_roles_session(client, role):
    iam.register(KEY, role["Arn"], "i-0123456789abcdef0", now() + datetime.timedelta(hours=1))
    told = client("sts", KEY).get_caller_identity()
    # The role's path is no part of the session's ARN.
    assert told["Arn"] == "arn:aws:sts::123456789012:assumed-role/sts-node/i-0123456789abcdef0"
    assert told["UserId"] == f"{role['RoleId']}:i-0123456789abcdef0"
    assert told["Account"] == settings.ACCOUNT


def test_the_administrator_is_no_role(client):
    assert ":assumed-role/" not in client("sts").get_caller_identity()["Arn"]


@pytest.mark.parametrize(
    ("key", "code"), [(KEY, "ExpiredToken"), ("ASIACCCCCCCCCCCCCCCC", "InvalidClientTokenId")], ids=["old", "unknown"]
)
def test_a_key_that_is_none_is_refused(client, role, key, code):
    iam.register(KEY, role["Arn"], "i-0123456789abcdef0", now() - datetime.timedelta(seconds=1))
    with pytest.raises(ClientError) as refused:
        client("sts", key).get_caller_identity()
    assert refused.value.response["Error"]["Code"] == code


@pytest.fixture(name="assume")
def assume_fixture(client):
    """Return what makes a role that trusts somebody, and has it assumed."""
    iam_client, made = client("iam"), []

    def assumed(principal, key=settings.ACCESS_KEY, condition=None, **more):
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
        statement |= {"Condition": condition} if condition else {}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        role = iam_client.create_role(RoleName="sts-trusting", AssumeRolePolicyDocument=trust)["Role"]
        made.append("sts-trusting")
        return client("sts", key).assume_role(RoleArn=role["Arn"], RoleSessionName="me", **more)

    yield assumed
    for name in made:
        iam_client.delete_role(RoleName=name)


@pytest.fixture(name="person")
def person_fixture(client):
    iam_client = client("iam")
    iam_client.create_user(UserName="sts-person")
    key = iam_client.create_access_key(UserName="sts-person")["AccessKey"]["AccessKeyId"]
    yield key
    iam_client.delete_access_key(UserName="sts-person", AccessKeyId=key)
    for name in iam_client.list_user_policies(UserName="sts-person")["PolicyNames"]:
        iam_client.delete_user_policy(UserName="sts-person", PolicyName=name)
    iam_client.delete_user(UserName="sts-person")


PERSON = {"AWS": "arn:aws:iam::123456789012:user/sts-person"}
ACCOUNT = {"AWS": "arn:aws:iam::123456789012:root"}


def refused(call, *arguments, **more):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **more)
    return caught.value.response["Error"]["Code"]


def test_a_role_that_trusts_a_service_alone_is_nobodys(assume):
    assert refused(assume, {"Service": "ec2.amazonaws.com"}) == "AccessDenied"


def test_a_role_that_is_not_there_is_denied_and_not_told_missing(client):
    arn = "arn:aws:iam::123456789012:role/none"
    assert refused(client("sts").assume_role, RoleArn=arn, RoleSessionName="me") == "AccessDenied"


def test_a_role_of_an_account_that_is_not_known_is_denied_too(client):
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: the role's account has to trust."""
    arn = "arn:aws:iam::111122223333:role/theirs"
    assert refused(client("sts").assume_role, RoleArn=arn, RoleSessionName="me") == "AccessDenied"


def test_tags_of_a_session_are_a_permission_of_their_own(assume, client):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required."""
    tags = [{"Key": "team", "Value": "blue"}]
    assert refused(assume, ACCOUNT, Tags=tags) == "AccessDenied"
    allow = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": ACCOUNT}
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    client("iam").update_assume_role_policy(RoleName="sts-trusting", PolicyDocument=text)
    arn = "arn:aws:iam::123456789012:role/sts-trusting"
    assert client("sts").assume_role(RoleArn=arn, RoleSessionName="me", Tags=tags)["Credentials"]


def test_a_user_named_by_the_role_needs_no_policy(assume, person):
    assert assume(PERSON, person)["AssumedRoleUser"]["Arn"].endswith("assumed-role/sts-trusting/me")


def test_where_the_role_trusts_the_account_the_users_policy_decides(client, assume, person):
    assert refused(assume, ACCOUNT, person) == "AccessDenied"
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    client("iam").put_user_policy(UserName="sts-person", PolicyName="p", PolicyDocument=text)
    arn = "arn:aws:iam::123456789012:role/sts-trusting"
    assert client("sts", person).assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]


@pytest.mark.parametrize(("external", "code"), [("secret", None), ("other", "AccessDenied"), (None, "AccessDenied")])
def test_the_external_id_is_asked_for(assume, external, code):
    condition = {"StringEquals": {"sts:ExternalId": "secret"}}
    more = {"ExternalId": external} if external else {}
    if code:
        assert refused(assume, ACCOUNT, condition=condition, **more) == code
    else:
        assert assume(ACCOUNT, condition=condition, **more)["Credentials"]


def test_a_session_lasts_no_longer_than_the_role_says(assume):
    assert refused(assume, ACCOUNT, DurationSeconds=3601) == "ValidationError"


@pytest.fixture(name="session")
def session_fixture(client):
    """Return the key of a role's session."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": [TRUST | {"Principal": ACCOUNT}]})
    arn = client("iam").create_role(RoleName="sts-session", AssumeRolePolicyDocument=trust, MaxSessionDuration=7200)
    yield client("sts").assume_role(RoleArn=arn["Role"]["Arn"], RoleSessionName="me")["Credentials"]["AccessKeyId"]
    client("iam").delete_role(RoleName="sts-session")


def test_a_roles_session_gets_no_token_and_chains_for_an_hour(client, session):
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html and API_AssumeRole.html."""
    sts = client("sts", session)
    assert refused(sts.get_session_token) == refused(sts.get_federation_token, Name="me") == "AccessDenied"
    arn = "arn:aws:iam::123456789012:role/sts-session"
    more = {"RoleArn": arn, "RoleSessionName": "me", "DurationSeconds": 3601}
    assert refused(sts.assume_role, **more) == "ValidationError"
    assert client("sts").assume_role(**more)["Credentials"]


def test_a_users_token_is_that_users_and_no_administrators(client, person):
    keys = client("sts", person).get_session_token()["Credentials"]
    told = client("sts", keys["AccessKeyId"]).get_caller_identity()["Arn"]
    assert iam.caller(keys["AccessKeyId"]) == PERSON["AWS"] and keys["AccessKeyId"].startswith("ASIA"), told


def narrowing(*actions, **more):
    statement = {"Effect": "Allow", "Action": list(actions) or "*", "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        ("assume_role", {"Policy": "{"}, "MalformedPolicyDocument"),
        ("assume_role", {"Policy": '{"Version": "2012-10-17"}'}, "MalformedPolicyDocument"),
        ("assume_role", {"Policy": " " * 2049}, "ValidationError"),
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: "an IAM policy in JSON format"
        ("assume_role", {"Policy": narrowing(Effect="Maybe")}, "MalformedPolicyDocument"),
        ("assume_role", {"Policy": narrowing(Principal="*")}, "MalformedPolicyDocument"),
        ("assume_role", {"Policy": narrowing(Resource="x")}, "MalformedPolicyDocument"),
        ("assume_role", {"ProvidedContexts": [{"ContextAssertion": "none"}]}, "InvalidContextAssertion"),
        ("get_federation_token", {"Name": "me", "Policy": "{"}, "MalformedPolicyDocument"),
        ("decode_authorization_message", {"EncodedMessage": "none"}, "InvalidAuthorizationMessageException"),
    ],
)
def test_what_sts_cannot_take(client, session, operation, given, code):
    arn = "arn:aws:iam::123456789012:role/sts-session"
    role = {"RoleArn": arn, "RoleSessionName": "me"} if operation == "assume_role" else {}
    assert refused(getattr(client("sts"), operation), **role, **given) == code


def test_a_session_may_do_what_both_its_role_and_its_own_policy_allow(client, session):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session."""

    def policy(*actions, effect="Allow"):
        statement = {"Effect": effect, "Action": list(actions), "Resource": "*"}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    more = {"RoleName": "sts-session", "PolicyName": "p"}
    client("iam").put_role_policy(**more, PolicyDocument=policy("ecr:GetAuthorizationToken", "ecr:PutImage"))
    arn = "arn:aws:iam::123456789012:role/sts-session"
    narrow = policy("ecr:GetAuthorizationToken", "ecr:DeleteRepository")
    keys = client("sts").assume_role(RoleArn=arn, RoleSessionName="me", Policy=narrow)["Credentials"]
    caller = iam.caller(keys["AccessKeyId"])
    iam.check(caller, "ecr:GetAuthorizationToken", "*")
    with pytest.raises(iam.Denied, match="no session policy allows the ecr:PutImage action"):
        iam.check(caller, "ecr:PutImage", "*")
    with pytest.raises(iam.Denied, match="no identity-based policy allows"):
        iam.check(caller, "ecr:DeleteRepository", "*")
    client("iam").delete_role_policy(**more)


@pytest.mark.parametrize("version", [{}, {"Version": "2008-10-17"}])
def test_a_sessions_policy_may_be_of_the_older_version(client, session, version):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    policy = json.dumps({**version, "Statement": [statement]})
    given = {"RoleArn": "arn:aws:iam::123456789012:role/sts-session", "RoleSessionName": "me"}
    assert client("sts").assume_role(**given, Policy=policy)["Credentials"]


def test_a_sessions_managed_policies_narrow_it_too(client, session):
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (PolicyArns)."""
    aws = client("iam")
    more = {"RoleName": "sts-session", "PolicyName": "p"}
    aws.put_role_policy(**more, PolicyDocument=narrowing("ecr:*"))
    managed = aws.create_policy(PolicyName="sts-managed", PolicyDocument=narrowing("ecr:PutImage"))["Policy"]["Arn"]
    given = {"RoleArn": "arn:aws:iam::123456789012:role/sts-session", "RoleSessionName": "me"}
    for policy, allowed in ((None, ["PutImage"]), (narrowing("ecr:BatchGetImage"), ["PutImage", "BatchGetImage"])):
        inline = {"Policy": policy} if policy else {}
        keys = client("sts").assume_role(**given, PolicyArns=[{"arn": managed}], **inline)["Credentials"]
        caller = iam.caller(keys["AccessKeyId"])
        for action in allowed:
            iam.check(caller, f"ecr:{action}", "*")
        with pytest.raises(iam.Denied, match="no session policy allows the ecr:DeleteRepository action"):
            iam.check(caller, "ecr:DeleteRepository", "*")
        told = client("sts", keys["AccessKeyId"]).get_caller_identity()["Arn"]
        assert told.endswith(":assumed-role/sts-session/me")
    aws.delete_role_policy(**more)
    aws.delete_policy(PolicyArn=managed)


def test_who_may_not_is_told_so_with_403(client, assume):
    """https://github.com/amzn/selling-partner-api-models/issues/891 shows the status."""
    query.install()
    arn = "arn:aws:iam::123456789012:role/none"
    for who, call, given in (
        (settings.ACCESS_KEY, "assume_role", {"RoleArn": arn, "RoleSessionName": "me"}),
        ("ASIACCCCCCCCCCCCCCCC", "get_caller_identity", {}),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(client("sts", who), call)(**given)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_federated_user_without_a_policy_may_do_nothing(client, person):
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html."""
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    client("iam").put_user_policy(UserName="sts-person", PolicyName="p", PolicyDocument=text)
    sts = client("sts", person)
    for given, allowed in (({}, False), ({"Policy": text}, True)):
        caller = iam.caller(sts.get_federation_token(Name="me", **given)["Credentials"]["AccessKeyId"])
        if allowed:
            iam.check(caller, "ecr:PutImage", "*")
        else:
            with pytest.raises(iam.Denied, match="no session policy"):
                iam.check(caller, "ecr:PutImage", "*")


# Where each error of STS's models is told, or why it cannot be.
TOLD = {
    "MalformedPolicyDocument": "test_what_sts_cannot_take",
    "InvalidContextAssertion": "test_what_sts_cannot_take",
    "InvalidAuthorizationMessageException": "test_what_sts_cannot_take",
    "ExpiredTokenException": "test_a_key_that_is_none_is_refused, under the name the query protocol has for it",
    "InvalidIdentityToken": "test_query.py",
    "PackedPolicyTooLarge": "How STS packs a policy is not told; what is over 2,048 characters is refused before.",
    "RegionDisabledException": "The lab's Region is on.",
    "IDPRejectedClaim": "No identity provider is asked here.",
    "IDPCommunicationError": "No identity provider is asked here.",
}


def test_every_error_of_sts_is_told_or_explained():
    model = get_service_model("sts")
    known = method_names_from_class(TokenResponse)
    served = [name for name in model.operation_names if xform_name(name) in known]
    listed = {
        shape.metadata.get("error", {}).get("code", shape.name)
        for name in served
        for shape in model.operation_model(name).error_shapes
    }
    assert len(served) >= 7 and listed == set(TOLD)
