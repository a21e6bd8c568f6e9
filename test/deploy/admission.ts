/**
 * An API server with all admission on that needs no configuration of its own: what is on by default (Pod Security, priorities, quotas, …), what the
 * sandbox turns off, and what managed clusters turn on.
 */
export const ALL_ADMISSION = {
  apiServerFlags: [
    '--disable-admission-plugins=',
    '--enable-admission-plugins=' +
      [
        'AlwaysPullImages',
        'DenyServiceExternalIPs',
        'ExtendedResourceToleration',
        'LimitPodHardAntiAffinityTopology',
        'NodeRestriction',
        'OwnerReferencesPermissionEnforcement',
      ].join(),
  ],
} as const;
