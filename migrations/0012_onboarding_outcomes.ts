import type { Migration } from './index.ts';

/** What the other outcomes of an onboarding need to know: attempts, deadlines, the case about it, and what falls due. */
export const onboardingOutcomes: Migration = {
  name: '0012_onboarding_outcomes',
  async up(knex) {
    await knex.raw(`
      ALTER TABLE users.onboardings
        ADD COLUMN attempts            integer NOT NULL DEFAULT 0,  -- checks that ended declined or abandoned
        ADD COLUMN reruns              integer NOT NULL DEFAULT 0,  -- checks that the provider could not complete
        ADD COLUMN check_due_at        timestamptz,                 -- until when the check can be taken
        ADD COLUMN review_case_id      text,                        -- the case that a person has to decide
        ADD COLUMN review_due_at       timestamptz,
        ADD COLUMN review_decision     text,                        -- of a person, about the check as it stands
        ADD COLUMN requirements_due_at timestamptz;

      UPDATE users.onboardings SET check_due_at = updated_at + interval '7 days' WHERE state = 'identity_check';
    `);
  },
};
