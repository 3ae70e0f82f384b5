import type { Migration } from './index.ts';

/** How far each seller is on the way to being verified. */
export const onboardings: Migration = {
  name: '0007_onboardings',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE TABLE users.onboardings (
        id               text        PRIMARY KEY,
        user_id          text        NOT NULL UNIQUE,
        state            text        NOT NULL,
        first_name       text        NOT NULL,
        last_name        text        NOT NULL,
        applicant_id     text        UNIQUE,  -- at Onfido
        check_id         text        UNIQUE,  -- the Onfido workflow run
        check_url        text,
        identity_outcome text,
        account_id       text        UNIQUE,  -- at Stripe
        transfers_active boolean     NOT NULL DEFAULT false,
        requirements     text[]      NOT NULL DEFAULT '{}',
        disabled_reason  text,
        link_url         text,                -- to Stripe's form, while it is good
        link_expires_at  timestamptz,
        created_at       timestamptz NOT NULL,
        updated_at       timestamptz NOT NULL
      );
      GRANT SELECT, INSERT, UPDATE ON users.onboardings TO "${appRole}";
    `);
  },
};
