/** Who did something: a user's id, a staff member's id, a provider or a part of the system. Never a name. */
export interface Actor {
  readonly type: 'user' | 'staff' | 'provider' | 'system';
  readonly id: string;
}
