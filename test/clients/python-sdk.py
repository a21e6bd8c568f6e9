"""Calls of Azure's Python SDKs, unchanged, against a simulator: prints one line of JSON for each, in order."""
import json
import os
import sys
import time

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.containerinstance import ContainerInstanceManagementClient
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.monitor import MonitorManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.web import WebSiteManagementClient

ORIGIN, SUBSCRIPTION, TOKEN = (os.environ[name] for name in ("ORIGIN", "SUBSCRIPTION", "TOKEN"))
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg1"


class Credential:
    def get_token(self, *_scopes, **_kwargs):
        return AccessToken(TOKEN, int(time.time()) + 3600)

    def get_token_info(self, *_scopes, **_kwargs):
        from azure.core.credentials import AccessTokenInfo

        return AccessTokenInfo(TOKEN, int(time.time()) + 3600)


def client(kind, *more):
    return kind(
        Credential(),
        *(more or (SUBSCRIPTION,)),
        base_url=ORIGIN,
        credential_scopes=["https://management.azure.com/.default"],
        polling_interval=0,
    )


def plain(value):
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if hasattr(value, "__iter__") and not isinstance(value, (str, dict)):
        return [plain(each) for each in value]
    return value if isinstance(value, (str, int, float, bool, dict, type(None))) else str(value)


def call(name, run):
    try:
        told = {"name": name, "value": plain(run())}
    except HttpResponseError as error:
        told = {"name": name, "status": error.status_code, "code": error.error.code if error.error else None}
    except Exception as error:  # The client's own mistake with an answer.
        told = {"name": name, "broken": f"{type(error).__name__}: {error}"}
    print(json.dumps(told, default=str), flush=True)
    return told.get("value")


msi = client(ManagedServiceIdentityClient)
identity = call(
    "identity put",
    lambda: msi.user_assigned_identities.create_or_update("rg1", "id1", {"location": "westeurope"}),
)
call("identity get", lambda: msi.user_assigned_identities.get("rg1", "id1"))
call("identity patch", lambda: msi.user_assigned_identities.update("rg1", "id1", {"tags": {"a": "1"}}))
call("identity list", lambda: msi.user_assigned_identities.list_by_subscription())
call("identity list of group", lambda: msi.user_assigned_identities.list_by_resource_group("rg1"))
call("identity missing", lambda: msi.user_assigned_identities.get("rg1", "none"))
credential = {"issuer": "https://issuer.example", "subject": "s", "audiences": ["api://AzureADTokenExchange"]}
call(
    "credential put",
    lambda: msi.federated_identity_credentials.create_or_update("rg1", "id1", "fic1", {"properties": credential, **credential}),
)
call("credential get", lambda: msi.federated_identity_credentials.get("rg1", "id1", "fic1"))
call("credential list", lambda: msi.federated_identity_credentials.list("rg1", "id1"))
call("credential delete", lambda: msi.federated_identity_credentials.delete("rg1", "id1", "fic1"))

principal = os.environ["PRINCIPAL"]
identity_id = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app"
authorization = client(AuthorizationManagementClient)
reader = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
name = "00000000-0000-4000-8000-00000000000a"
call(
    "assignment put",
    lambda: authorization.role_assignments.create(
        GROUP,
        name,
        {"properties": {"roleDefinitionId": reader, "principalId": principal, "principalType": "ServicePrincipal"},
         "role_definition_id": reader, "principal_id": principal, "principal_type": "ServicePrincipal"},
    ),
)
call("assignment get", lambda: authorization.role_assignments.get(GROUP, name))
call("assignment list", lambda: authorization.role_assignments.list_for_scope(GROUP, filter="atScope()"))
call("assignment delete", lambda: authorization.role_assignments.delete(GROUP, name))
call("definition list", lambda: authorization.role_definitions.list(GROUP, filter="roleName eq 'Reader'"))
call("permissions", lambda: authorization.permissions.list_for_resource_group("rg1"))
call("deny assignments", lambda: authorization.deny_assignments.list_for_scope(GROUP))

attach = {"identity": {"type": "UserAssigned", "user_assigned_identities": {identity_id: {}}}}
wire = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {identity_id: {}}}}
compute = client(ComputeManagementClient)
call("machine get", lambda: compute.virtual_machines.get("rg1", "vm1"))
call("machine list", lambda: compute.virtual_machines.list_all())
call("machine patch", lambda: compute.virtual_machines.begin_update("rg1", "vm1", wire).result())
call("scale set patch", lambda: compute.virtual_machine_scale_sets.begin_update("rg1", "ss1", wire).result())
call("machine delete", lambda: compute.virtual_machines.begin_delete("rg1", "vm1").result())

web = client(WebSiteManagementClient)
call("site get", lambda: web.web_apps.get("rg1", "app1"))
call("site list", lambda: web.web_apps.list())
call("site slots", lambda: web.web_apps.list_slots("rg1", "app1"))

storage = client(StorageManagementClient)
account = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
call("account put", lambda: storage.storage_accounts.begin_create("rg1", "azidpython", account).result())
call("account get", lambda: storage.storage_accounts.get_properties("rg1", "azidpython"))

containers = client(ContainerInstanceManagementClient)
call("container groups", lambda: containers.container_groups.list())
clusters = client(ContainerServiceClient)
call("cluster get", lambda: clusters.managed_clusters.get("rg1", "aks1"))

resources = client(ResourceManagementClient)
call("group put", lambda: resources.resource_groups.create_or_update("rg9", {"location": "westeurope"}))
call("group list", lambda: resources.resource_groups.list())
call("resources", lambda: resources.resources.list(filter="resourceType eq 'Microsoft.Web/sites'"))
call("group delete", lambda: resources.resource_groups.begin_delete("rg9").result())
call("providers", lambda: resources.providers.get("Microsoft.Compute"))

monitor = client(MonitorManagementClient)
call("activity log", lambda: monitor.activity_logs.list(filter="eventTimestamp ge '2020-01-01T00:00:00Z'"))
sys.exit(0)
