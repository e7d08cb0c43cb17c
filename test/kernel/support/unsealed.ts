/** A policy for targets that took their handles before they had a filter: nothing has sealed those. */
export const unsealed = { version: 1, defaults: { confinement: 'none' } } as const;
