/** What every flow answers to an update, whatever it is about. */

/** The type of the refusal of an update that the flow has taken up before: what became of it is still to be heard. */
export const TAKEN_ALREADY = 'TAKEN_ALREADY';
