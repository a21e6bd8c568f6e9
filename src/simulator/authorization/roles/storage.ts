import { HEALTH, role, USUAL, under } from './role.ts';

const ACCOUNTS = 'Microsoft.Storage/storageAccounts';
const CONTAINERS = `${ACCOUNTS}/blobServices/containers`;
const BLOBS = `${CONTAINERS}/blobs`;
const DELEGATION_KEY = `${ACCOUNTS}/blobServices/generateUserDelegationKey/action`;
const FILES = `${ACCOUNTS}/fileServices/fileshares/files`;
const FILE_SERVICES = `${ACCOUNTS}/fileServices`;
const QUEUES = `${ACCOUNTS}/queueServices/queues`;
const MESSAGES = `${QUEUES}/messages`;
const TABLES = `${ACCOUNTS}/tableServices/tables`;
const ENTITIES = `${TABLES}/entities`;

/** Storage accounts and the data in them. */
export const STORAGE_ROLES = [
  role('17d1049b-9a84-46fb-8f53-869881c3d3ab', 'Storage Account Contributor', 'Edits accounts, sees keys.', {
    actions: [
      ...USUAL,
      HEALTH,
      'Microsoft.Insights/diagnosticSettings/*',
      'Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action',
      `${ACCOUNTS}/*`,
    ],
  }),
  role('81a9662b-bebf-436f-a333-f67b29880f12', 'Storage Account Key Operator Service Role', 'Rolls keys.', {
    actions: under(ACCOUNTS, 'listkeys/action', 'regeneratekey/action'),
  }),
  role('c12c1c16-33a1-487b-954d-41c89c60f349', 'Reader and Data Access', 'Sees accounts and their keys.', {
    actions: under(ACCOUNTS, 'listKeys/action', 'ListAccountSas/action', 'read'),
  }),
  role('b7e6dc6d-f1e8-4753-8033-0f276bb0955b', 'Storage Blob Data Owner', 'Everything with blobs.', {
    actions: [`${CONTAINERS}/*`, DELEGATION_KEY],
    dataActions: [`${BLOBS}/*`],
  }),
  role('ba92f5b4-2d11-453d-a403-e96b0029c9fe', 'Storage Blob Data Contributor', 'Reads and writes blobs.', {
    actions: [...under(CONTAINERS, 'delete', 'read', 'write'), DELEGATION_KEY],
    dataActions: under(BLOBS, 'delete', 'read', 'write', 'move/action', 'add/action'),
  }),
  role('2a2b9908-6ea1-4ae2-8e65-a410df84e7d1', 'Storage Blob Data Reader', 'Reads blobs.', {
    actions: [`${CONTAINERS}/read`, DELEGATION_KEY],
    dataActions: [`${BLOBS}/read`],
  }),
  role('db58b8e5-c6ad-4a2a-8342-4190687cbf4a', 'Storage Blob Delegator', 'Gets user delegation keys.', {
    actions: [DELEGATION_KEY],
  }),
  role('0c867c2a-1d8c-454a-a3db-ab2ea1bdc8bb', 'Storage File Data SMB Share Contributor', 'Files over SMB.', {
    dataActions: under(FILES, 'read', 'write', 'delete'),
  }),
  role(
    'aba4ae5f-2193-4029-9191-0cb91df5e314',
    'Storage File Data SMB Share Reader',
    'Reads files over SMB.',
    {
      dataActions: [`${FILES}/read`],
    },
  ),
  role(
    'a7264617-510b-434b-a828-9731dc254ea7',
    'Storage File Data SMB Share Elevated Contributor',
    'Files over SMB, and their access lists.',
    { dataActions: under(FILES, 'read', 'write', 'delete', 'modifypermissions/action') },
  ),
  role(
    '69566ab7-960f-475b-8e7c-b3118f30c6bd',
    'Storage File Data Privileged Contributor',
    'Files past ACLs.',
    {
      dataActions: [
        ...under(FILES, 'read', 'write', 'delete', 'modifypermissions/action'),
        ...under(FILE_SERVICES, 'readFileBackupSemantics/action', 'writeFileBackupSemantics/action'),
      ],
    },
  ),
  role(
    'b8eda974-7b85-4f76-af95-65846b26df6d',
    'Storage File Data Privileged Reader',
    'Reads files past ACLs.',
    {
      dataActions: [`${FILES}/read`, `${FILE_SERVICES}/readFileBackupSemantics/action`],
    },
  ),
  role('974c5e8b-45b9-4653-ba55-5f855dd0fb88', 'Storage Queue Data Contributor', 'Queues and messages.', {
    actions: under(QUEUES, 'delete', 'read', 'write'),
    dataActions: under(MESSAGES, 'delete', 'read', 'write', 'process/action'),
  }),
  role('19e7f393-937e-4f77-808e-94535e297925', 'Storage Queue Data Reader', 'Reads queues and messages.', {
    actions: [`${QUEUES}/read`],
    dataActions: [`${MESSAGES}/read`],
  }),
  role('8a0f0c08-91a1-4084-bc3d-661d67233fed', 'Storage Queue Data Message Processor', 'Takes messages.', {
    dataActions: under(MESSAGES, 'read', 'process/action'),
  }),
  role('c6a89b2d-59bc-44d0-9896-0f6e12d7b80a', 'Storage Queue Data Message Sender', 'Adds messages.', {
    dataActions: [`${MESSAGES}/add/action`],
  }),
  role('0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3', 'Storage Table Data Contributor', 'Tables and entities.', {
    actions: under(TABLES, 'read', 'write', 'delete'),
    dataActions: under(ENTITIES, 'read', 'write', 'delete', 'add/action', 'update/action'),
  }),
  role('76199698-9eea-4c19-bc75-cec21354c6b6', 'Storage Table Data Reader', 'Reads tables and entities.', {
    actions: [`${TABLES}/read`],
    dataActions: [`${ENTITIES}/read`],
  }),
];
