/** The face of the disputes service: opening a dispute, taking its steps, reading it. */
export { type AllowedInDispute, allowedNow } from './allowed.ts';
export { closeDispute, decideByDefault, freezeDispute } from './endings.ts';
export {
  addEvidence,
  type Evidence,
  type HandedInBy,
  keyOf,
  listEvidence,
  noteScan,
  redactEvidence,
  refuseLate,
} from './evidence.ts';
export { type Looked, readAsMediator } from './notes.ts';
export type { Decision, Dispute, DisputeRuling, Offer, Remark } from './record.ts';
export { DisputeRefused } from './refusals.ts';
export { dropStatement, putStatement, readStatements } from './statements.ts';
export {
  circumstancesOf,
  type DisputeStep,
  followDispute,
  type OpeningDispute,
  openDispute,
  tryRuling,
} from './steps.ts';
export { findDispute, listDisputes, listOffers, listRemarks, listRulings, wasDisputeStepTaken } from './store.ts';
export { disputeSituation, disputeWaits } from './waits.ts';
