import type { Migration } from './index.ts';

/** Accounts, and the sessions in which their owners are signed in. */
export const users: Migration = {
  name: '0002_users',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE SCHEMA users;

      CREATE TABLE users.accounts (
        id                text        PRIMARY KEY,
        email             text        NOT NULL,  -- as its owner writes it: mail is sent there
        email_normalised  text        NOT NULL CONSTRAINT accounts_email_taken UNIQUE,
        password_hash     text        NOT NULL,
        display_name      text        NOT NULL,
        birth_date        date        NOT NULL,
        country           char(2)     NOT NULL,
        roles             text[]      NOT NULL DEFAULT '{member}',
        email_verified_at timestamptz,
        terms_accepted_at timestamptz NOT NULL,
        seller_state      text        NOT NULL DEFAULT 'none'
                          CHECK (seller_state IN ('none', 'pending', 'verified', 'restricted')),
        version           integer     NOT NULL DEFAULT 1,
        created_at        timestamptz NOT NULL DEFAULT now(),
        updated_at        timestamptz NOT NULL DEFAULT now()
      );

      CREATE TABLE users.sessions (
        id           text        PRIMARY KEY,
        user_id      text        NOT NULL REFERENCES users.accounts,
        generation   integer     NOT NULL DEFAULT 1,  -- of the refresh token that is good now
        rotated_at   timestamptz NOT NULL DEFAULT now(),
        idle_until   timestamptz NOT NULL,
        expires_at   timestamptz NOT NULL,
        ended_at     timestamptz,
        end_reason   text        CHECK (end_reason IN ('sign_out', 'token_reuse')),
        created_at   timestamptz NOT NULL DEFAULT now(),
        CHECK ((ended_at IS NULL) = (end_reason IS NULL))
      );
      CREATE INDEX sessions_user ON users.sessions (user_id);
      CREATE INDEX sessions_idle_until ON users.sessions (idle_until);

      -- Every refresh token of a session, so that one that was replaced is known again when it is used.
      CREATE TABLE users.refresh_tokens (
        token_hash bytea   PRIMARY KEY CHECK (octet_length(token_hash) = 32),
        session_id text    NOT NULL REFERENCES users.sessions ON DELETE CASCADE,
        generation integer NOT NULL   -- several tokens of one, when a client asked several times at once
      );
      CREATE INDEX refresh_tokens_of_session ON users.refresh_tokens (session_id);

      GRANT USAGE ON SCHEMA users TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE ON users.accounts TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE, DELETE ON users.sessions, users.refresh_tokens TO "${appRole}";
    `);
  },
};
