/**
 * The namespaces that Azure has, without `microsoft.`: of its published API specifications, as of August 2026. What lies
 * in one of them and is not simulated is answered 501; any other namespace does not exist.
 */
const NAMESPACES = new Set(
  `
  aad aadiam addons advisor agfoodplatform agricultureplatform alertsmanagement analysisservices apicenter
  apimanagement app appcomplianceautomation appconfiguration applink appplatform attestation authorization
  automanage automation avs awsconnector azureactivedirectory azurearcdata azurebridge.admin azuredata
  azuredatatransfer azurefleet azurelargeinstance azureplaywrightservice azureresiliencemanagement
  azurestack azurestackhci backup.admin baremetalinfrastructure batch billing billingbenefits billingtrust
  blueprint botservice cache capacity cdn certificateregistration chaos cloudhealth codesigning
  cognitiveservices communication community compute compute.admin computebulkactions computelimit
  computeschedule confidentialledger confluent connectedcache connectedvmwarevsphere consumption
  containerinstance containerregistry containerregistry.admin containerservice containerstorage contoso
  costmanagement customerinsights customerlockbox customproviders dashboard databasefleetmanager
  databasewatcher databox databoxedge databricks datacatalog datadog datafactory datalakeanalytics
  datalakestore datamigration dataprotection datareplication datashare dbformariadb dbformysql
  dbforpostgresql delegatednetwork dependencymap deployment.admin desktopvirtualization devcenter devhub
  deviceregistry devices deviceupdate devops devopsinfrastructure devspaces devtestlab digitaltwins
  discovery documentdb domainregistration durabletask dynamics365fraudprotection easm edge edgemarketplace
  edgeorder edgeorderpartner edgezones education elastic elasticsan engagementfabric
  enterpriseknowledgegraph eventgrid eventhub extendedlocation fabric fabric.admin features fileshares
  fluidrelay gallery.admin graphservices guestconfiguration hanaonazure hardwaresecuritymodules hdinsight
  healthbot healthcareapis healthdataaiservices help horizondb hybridcloud hybridcompute
  hybridconnectivity hybridcontainerservice hybridnetwork impact importexport infrastructureinsights.admin
  insights integrationspaces intune iotcentral iotfirmwaredefense iotoperations iotoperationsdataprocessor
  iotoperationsmq iotoperationsorchestrator keyvault kubernetes kubernetesconfiguration kubernetesruntime
  kusto labservices loadtestservice logic m365securityandcompliance machinelearning
  machinelearningservices maintenance managedidentity managednetwork managednetworkfabric managedops
  managedservices management managementpartner manufacturingplatform maps marketplace marketplaceordering
  migrate mission monitor mysqldiscovery netapp network network.admin networkcloud networkfunction
  notificationhubs offazure offazurespringboot onlineexperimentation openenergyplatform
  operationalinsights operationsmanagement orbital peering policyinsights portal portalservices powerbi
  powerbidedicated powerplatform professionalservice programenrollment programmableconnectivity
  providerhub purview quantum quota recommendationsservice recoveryservices redhatopenshift relationships
  relay resourceconnector resourcegraph resourcehealth resources scheduler scom scvmm search
  secretsynccontroller security securityandcompliance securityinsights serialconsole servicebus
  servicefabric servicefabricmesh servicelinker servicenetworking signalrservice softwareplan solutions
  sovereign sql sqlvirtualmachine standbypool storage storage.admin storageactions storagecache
  storagediscovery storagemover storagepool storagesync streamanalytics subscription subscriptions.admin
  support synapse syntex testbase timeseriesinsights update.admin verifiedid videoindexer
  virtualmachineimages vmwarecloudsimple web weightsandbiases widget windowsesu windowsiot workloadmonitor
  workloads
`
    .trim()
    .split(/\s+/),
);

/** `Microsoft.Network` -> true; any case. */
export function isAzureNamespace(namespace: string): boolean {
  const [publisher, name = ''] = namespace.toLowerCase().split(/\.(.*)/);
  return publisher === 'microsoft' && NAMESPACES.has(name);
}
