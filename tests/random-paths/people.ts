/** Those who buy and sell in a run. They sign in again before their tokens end. */
import { request } from '../helpers/client.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { PATIENCE_MS } from './actions.ts';

export interface Member {
  readonly person: Person;
  /** An access token that is good for some minutes. */
  readonly token: () => Promise<string>;
}

/** Tokens are good for ten minutes. */
export const SIGN_IN_AGAIN_AFTER_MS = 7 * 60_000;

function member(person: Person): Member {
  let sinceMs = Date.now();
  let token = Promise.resolve(person.accessToken);
  return {
    person,
    token: () => {
      if (Date.now() - sinceMs > SIGN_IN_AGAIN_AFTER_MS) {
        sinceMs = Date.now();
        token = signIn(person);
      }
      return token;
    },
  };
}

async function signIn({ email, password }: Person): Promise<string> {
  const { status, body } = await request<{ accessToken: string }>('POST', '/v1/sessions', {
    body: { email, password },
  });
  if (status !== 201 && status !== 200) throw new Error(`signing in was answered ${status}`);
  return body.accessToken;
}

export const newSeller = async (): Promise<Member> => member(await verifiedSeller(PATIENCE_MS));
export const newBuyer = async (): Promise<Member> => member(await verifiedBuyer());
