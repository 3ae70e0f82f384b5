/**
 * Ids are `<prefix>_<32 hex digits>`, the digits being a UUIDv7 without dashes: sortable by time of creation,
 * and telling at a glance what they name.
 */
export type Id<Prefix extends string> = `${Prefix}_${string}`;

export type UserId = Id<'usr'>;
export type SessionId = Id<'ses'>;
export type ListingId = Id<'lst'>;
export type OnboardingId = Id<'onb'>;
export type PurchaseId = Id<'pur'>;
export type DeviceId = Id<'dev'>;
export type CaseId = Id<'cas'>;
export type DiscountId = Id<'dsc'>;
export type DisputeId = Id<'dsp'>;
export type ReconciliationId = Id<'rec'>;
export type DifferenceId = Id<'dif'>;

/** A pattern that an id with this prefix matches, as a string for use in schemas. */
export const idPattern = (prefix: string): string => `^${prefix}_[0-9a-f]{32}$`;
