import { orThrow } from '../../client/index.ts';
import type { Person } from './people.ts';

/** What a seller has. */
export const balance = ({ client }: Person) => orThrow(client.GET('/v1/balance'));
