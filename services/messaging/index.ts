/** The face of the messaging service: devices, preferences, and what people are told. */
export { type Device, dropToken, listDevices, type NewDevice, type PushTarget, pushTargets } from './device-store.ts';
export { registerDevice, removeDevice } from './devices.ts';
export {
  type ClaimedNotification,
  claimNotification,
  deleteOldNotifications,
  markReached,
  type Notification,
  notificationBacklog,
  postponeNotification,
  type Settlement,
  settleNotification,
  waitQuietly,
} from './notification-store.ts';
export { type Message, type MessagingLinks, messageOf, queueNotifications, type Tellable } from './notifications.ts';
export type { Wishes } from './preference-store.ts';
export { changePreferences, type Preferences, preferencesOf } from './preferences.ts';
