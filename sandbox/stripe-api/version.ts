/** The version of the API that stripe-node 22 and the official document speak. */
export const API_VERSION = '2026-08-26.dahlia';
