"""The examples of the Systems Manager modules are tasks that these modules take."""

from __future__ import annotations

import importlib

import pytest
import yaml

MODULES = ("ssm_association", "ssm_association_info", "ssm_command", "ssm_document", "ssm_document_info")


class Ssm:
    """What is asked for by name is there: one association and one document."""

    def ListAssociations(self, AssociationFilterList):
        return {"Associations": [{"AssociationId": "a", "AssociationName": AssociationFilterList[0]["value"]}]}

    def DescribeAssociation(self, AssociationId):
        found = {"AssociationId": AssociationId, "Name": "nodecache-ml", "AssociationVersion": "1"}
        return {"AssociationDescription": found}

    def ListTagsForResource(self, **_request):
        return {}

    def DescribeAssociationExecutions(self, AssociationId):
        return {}

    def DescribeDocument(self, Name, **_version):
        return {
            "Document": {
                "Name": Name,
                "DocumentVersion": "1",
                "LatestVersion": "1",
                "DefaultVersion": "1",
                "DocumentType": "Command",
                "DocumentFormat": "JSON",
            }
        }

    def GetDocument(self, **_request):
        return {"Content": '{"schemaVersion": "2.2"}'}

    def ListDocumentVersions(self, Name):
        return {"DocumentVersions": [{"DocumentVersion": "1"}]}

    def ListDocuments(self, Filters):
        return {}

    def DescribeDocumentPermission(self, **_request):
        return {}


def examples():
    for name in MODULES:
        module = importlib.import_module(f"ansible_collections.nodecache.eks.plugins.modules.{name}")
        for task in yaml.safe_load(module.EXAMPLES):
            yield pytest.param(name, task[f"nodecache.eks.{name}"], id=task["name"])


@pytest.mark.parametrize(("name", "options"), list(examples()))
def test_an_example_runs(strict_client, run_module, name, options):
    strict_client("ssm", Ssm())
    result = run_module(name, check=True, **options)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] != name.endswith("_info")
