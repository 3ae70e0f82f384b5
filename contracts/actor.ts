/**
 * Who did something: a user's id, a staff member's id, a provider or a part of the system. Never a name. `unverified_staff`
 * is somebody who said that they were this member of staff, and nobody could check it.
 */
export interface Actor {
  readonly type: 'user' | 'staff' | 'unverified_staff' | 'provider' | 'system';
  readonly id: string;
}
