// Calls of Azure's Go SDKs, unchanged, against a simulator: prints one line of JSON for each, in order.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/msi/armmsi"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
)

type told struct {
	Name   string `json:"name"`
	Value  any    `json:"value"`
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"`
	Broken string `json:"broken,omitempty"`
}

var ctx = context.Background()

// call tells what came of it; anything but a refusal by Azure is the client's own mistake with an answer.
func call[T any](name string, run func() (T, error)) T {
	value, err := run()
	line := told{Name: name, Value: value}
	var refused *azcore.ResponseError
	switch {
	case errors.As(err, &refused):
		line = told{Name: name, Status: refused.StatusCode, Code: refused.ErrorCode}
	case err != nil:
		line = told{Name: name, Broken: fmt.Sprintf("%T: %v", err, err)}
	}
	text, err := json.Marshal(line)
	if err != nil {
		text, _ = json.Marshal(told{Name: name, Broken: err.Error()})
	}
	fmt.Println(string(text))
	return value
}

// all reads a paged list to its end.
func all[T any, I any](pager *runtime.Pager[T], items func(T) []*I) ([]*I, error) {
	found := []*I{}
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		found = append(found, items(page)...)
	}
	return found, nil
}

// done waits for the end of a long operation; the SDK asks once a second at the most.
func done[T any](poller *runtime.Poller[T], err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: time.Second})
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	env := os.Getenv
	origin, subscription := env("ORIGIN"), env("SUBSCRIPTION")
	configuration := cloud.Configuration{
		ActiveDirectoryAuthorityHost: origin,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Audience: "https://management.azure.com", Endpoint: origin},
		},
	}
	base := policy.ClientOptions{Cloud: configuration, Retry: policy.RetryOptions{MaxRetries: -1}}
	credential := must(azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
		ClientOptions:            base,
		ClientID:                 env("CLIENT_ID"),
		TenantID:                 env("TENANT"),
		TokenFilePath:            env("TOKEN_FILE"),
		DisableInstanceDiscovery: true,
	}))
	options := &arm.ClientOptions{ClientOptions: base, DisableRPRegistration: true}
	group := "/subscriptions/" + subscription + "/resourceGroups/rg1"
	location := to.Ptr("westeurope")

	msi := must(armmsi.NewClientFactory(subscription, credential, options))
	identities, credentials := msi.NewUserAssignedIdentitiesClient(), msi.NewFederatedIdentityCredentialsClient()
	made := call("identity createOrUpdate", func() (armmsi.UserAssignedIdentitiesClientCreateOrUpdateResponse, error) {
		return identities.CreateOrUpdate(ctx, "rg1", "id1", armmsi.Identity{Location: location}, nil)
	})
	call("identity get", func() (armmsi.UserAssignedIdentitiesClientGetResponse, error) {
		return identities.Get(ctx, "rg1", "id1", nil)
	})
	call("identity get of none", func() (armmsi.UserAssignedIdentitiesClientGetResponse, error) {
		return identities.Get(ctx, "rg1", "none", nil)
	})
	call("identity update", func() (armmsi.UserAssignedIdentitiesClientUpdateResponse, error) {
		return identities.Update(ctx, "rg1", "id1", armmsi.IdentityUpdate{Tags: map[string]*string{"a": to.Ptr("1")}}, nil)
	})
	call("identity list", func() ([]*armmsi.Identity, error) {
		return all(identities.NewListBySubscriptionPager(nil), func(page armmsi.UserAssignedIdentitiesClientListBySubscriptionResponse) []*armmsi.Identity {
			return page.Value
		})
	})
	federated := armmsi.FederatedIdentityCredential{Properties: &armmsi.FederatedIdentityCredentialProperties{
		Issuer: to.Ptr("https://issuer.example"), Subject: to.Ptr("s"), Audiences: []*string{to.Ptr("api://AzureADTokenExchange")},
	}}
	call("credential createOrUpdate", func() (armmsi.FederatedIdentityCredentialsClientCreateOrUpdateResponse, error) {
		return credentials.CreateOrUpdate(ctx, "rg1", "id1", "fic1", federated, nil)
	})
	call("credential twice", func() (armmsi.FederatedIdentityCredentialsClientCreateOrUpdateResponse, error) {
		return credentials.CreateOrUpdate(ctx, "rg1", "id1", "fic2", federated, nil)
	})
	call("credential list", func() ([]*armmsi.FederatedIdentityCredential, error) {
		return all(credentials.NewListPager("rg1", "id1", nil), func(page armmsi.FederatedIdentityCredentialsClientListResponse) []*armmsi.FederatedIdentityCredential {
			return page.Value
		})
	})
	call("credential delete", func() (any, error) { return nil, second(credentials.Delete(ctx, "rg1", "id1", "fic1", nil)) })

	authorization := must(armauthorization.NewClientFactory(subscription, credential, options))
	assignments, definitions := authorization.NewRoleAssignmentsClient(), authorization.NewRoleDefinitionsClient()
	reader := "/subscriptions/" + subscription + "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
	grant := armauthorization.RoleAssignmentCreateParameters{Properties: &armauthorization.RoleAssignmentProperties{
		PrincipalID: made.Properties.PrincipalID, RoleDefinitionID: &reader,
		PrincipalType: to.Ptr(armauthorization.PrincipalTypeServicePrincipal),
	}}
	name := "00000000-0000-4000-8000-00000000000a"
	create := func(as string) func() (armauthorization.RoleAssignmentsClientCreateResponse, error) {
		return func() (armauthorization.RoleAssignmentsClientCreateResponse, error) {
			return assignments.Create(ctx, group, as, grant, nil)
		}
	}
	call("assignment create", create(name))
	call("assignment under another name", create("00000000-0000-4000-8000-00000000000b"))
	call("assignment get", func() (armauthorization.RoleAssignmentsClientGetResponse, error) {
		return assignments.Get(ctx, group, name, nil)
	})
	call("assignment list", func() ([]*armauthorization.RoleAssignment, error) {
		at := &armauthorization.RoleAssignmentsClientListForScopeOptions{Filter: to.Ptr("atScope()")}
		return all(assignments.NewListForScopePager(group, at), func(page armauthorization.RoleAssignmentsClientListForScopeResponse) []*armauthorization.RoleAssignment {
			return page.Value
		})
	})
	call("assignment delete", func() (armauthorization.RoleAssignmentsClientDeleteResponse, error) {
		return assignments.Delete(ctx, group, name, nil)
	})
	call("definition list", func() ([]*armauthorization.RoleDefinition, error) {
		by := &armauthorization.RoleDefinitionsClientListOptions{Filter: to.Ptr("roleName eq 'Reader'")}
		return all(definitions.NewListPager(group, by), func(page armauthorization.RoleDefinitionsClientListResponse) []*armauthorization.RoleDefinition {
			return page.Value
		})
	})

	compute := must(armcompute.NewClientFactory(subscription, credential, options))
	machines, sets := compute.NewVirtualMachinesClient(), compute.NewVirtualMachineScaleSetsClient()
	attach := map[string]*armcompute.UserAssignedIdentitiesValue{*made.ID: {}}
	userAssigned := to.Ptr(armcompute.ResourceIdentityTypeUserAssigned)
	call("machine createOrUpdate", func() (armcompute.VirtualMachinesClientCreateOrUpdateResponse, error) {
		return done(machines.BeginCreateOrUpdate(ctx, "rg1", "vm1", armcompute.VirtualMachine{Location: location}, nil))
	})
	call("machine update", func() (armcompute.VirtualMachinesClientUpdateResponse, error) {
		identity := &armcompute.VirtualMachineIdentity{Type: userAssigned, UserAssignedIdentities: attach}
		return done(machines.BeginUpdate(ctx, "rg1", "vm1", armcompute.VirtualMachineUpdate{Identity: identity}, nil))
	})
	call("machine get", func() (armcompute.VirtualMachinesClientGetResponse, error) {
		return machines.Get(ctx, "rg1", "vm1", nil)
	})
	call("machine delete", func() (any, error) { return nil, second(done(machines.BeginDelete(ctx, "rg1", "vm1", nil))) })
	call("scale set createOrUpdate", func() (armcompute.VirtualMachineScaleSetsClientCreateOrUpdateResponse, error) {
		identity := &armcompute.VirtualMachineScaleSetIdentity{Type: userAssigned, UserAssignedIdentities: attach}
		return done(sets.BeginCreateOrUpdate(ctx, "rg1", "ss1", armcompute.VirtualMachineScaleSet{Location: location, Identity: identity}, nil))
	})
	call("scale set list", func() ([]*armcompute.VirtualMachineScaleSet, error) {
		return all(sets.NewListPager("rg1", nil), func(page armcompute.VirtualMachineScaleSetsClientListResponse) []*armcompute.VirtualMachineScaleSet {
			return page.Value
		})
	})

	accounts := must(armstorage.NewClientFactory(subscription, credential, options)).NewAccountsClient()
	call("account create", func() (armstorage.AccountsClientCreateResponse, error) {
		account := armstorage.AccountCreateParameters{
			Location: location, Kind: to.Ptr(armstorage.KindStorageV2), SKU: &armstorage.SKU{Name: to.Ptr(armstorage.SKUNameStandardLRS)},
			Identity: &armstorage.Identity{Type: to.Ptr(armstorage.IdentityTypeSystemAssigned)},
		}
		return done(accounts.BeginCreate(ctx, "rg1", "azidgo", account, nil))
	})
	call("account get", func() (armstorage.AccountsClientGetPropertiesResponse, error) {
		return accounts.GetProperties(ctx, "rg1", "azidgo", nil)
	})

	resources := must(armresources.NewClientFactory(subscription, credential, options))
	groups, deployments := resources.NewResourceGroupsClient(), resources.NewDeploymentsClient()
	call("group createOrUpdate", func() (armresources.ResourceGroupsClientCreateOrUpdateResponse, error) {
		return groups.CreateOrUpdate(ctx, "rg9", armresources.ResourceGroup{Location: location}, nil)
	})
	call("deployment createOrUpdate", func() (armresources.DeploymentsClientCreateOrUpdateResponse, error) {
		template := map[string]any{
			"contentVersion": "1.0.0.0",
			"resources": []any{map[string]any{
				"type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "byGo", "location": "westeurope",
			}},
		}
		properties := &armresources.DeploymentProperties{Mode: to.Ptr(armresources.DeploymentModeIncremental), Template: template}
		return done(deployments.BeginCreateOrUpdate(ctx, "rg9", "d1", armresources.Deployment{Properties: properties}, nil))
	})
	call("resource list", func() ([]*armresources.GenericResourceExpanded, error) {
		return all(resources.NewClient().NewListByResourceGroupPager("rg9", nil), func(page armresources.ClientListByResourceGroupResponse) []*armresources.GenericResourceExpanded {
			return page.Value
		})
	})
	call("group delete", func() (any, error) { return nil, second(done(groups.BeginDelete(ctx, "rg9", nil))) })
	call("group get of what was deleted", func() (armresources.ResourceGroupsClientGetResponse, error) { return groups.Get(ctx, "rg9", nil) })
}

func second[T any](_ T, err error) error { return err }
