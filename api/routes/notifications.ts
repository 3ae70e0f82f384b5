import { z } from 'zod';
import { idFrom } from '../../platform/ids.ts';
import {
  changePreferences,
  type Device,
  listDevices,
  type Preferences,
  preferencesOf,
  registerDevice,
  removeDevice,
} from '../../services/messaging/index.ts';
import { MAX_DEVICES, PLATFORMS } from '../../services/messaging/rules.ts';
import { isTimeZone } from '../../services/messaging/time-zone-rules.ts';
import type { ApiDeps } from '../deps.ts';
import { etagOf, ifMatch } from '../preconditions.ts';
import { type Policy, type Reply, type Route, route } from '../route.ts';
import { idOf, timestamp } from '../schemas.ts';

type NotificationRoutesDeps = Pick<ApiDeps, 'database'>;

const policy: Policy = { access: 'member' };
const tag = 'messaging';

const device = z
  .object({
    id: idOf('dev'),
    platform: z.enum(PLATFORMS),
    registeredAt: timestamp.meta({ description: 'When it was last registered.' }),
  })
  .meta({ id: 'Device' });

const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'a time zone by its name in the IANA database')
  .meta({ example: 'Europe/Berlin' });

const timeOfDay = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'a time of day, 00:00 to 23:59')
  .meta({ example: '22:00' });

const quietHours = z
  .strictObject({ from: timeOfDay, until: timeOfDay })
  .refine(({ from, until }) => from !== until, 'a span that ends at another time than it begins')
  .meta({ id: 'QuietHours' });

const wishes = {
  timeZone: timeZone.nullable().meta({ description: 'Null: the main one of your country.' }),
  email: z.boolean(),
  push: z.boolean(),
  quietHours: quietHours.nullable().meta({ description: 'Null: at any time.' }),
};

const preferences = z
  .object({
    ...wishes,
    timeZoneInUse: timeZone.meta({ description: 'In which times are told and quiet hours are read.' }),
    version: z.int(),
  })
  .meta({ id: 'NotificationPreferences' });

/** How people are told things: on which devices, over which channels, and when. */
export function notificationRoutes(deps: NotificationRoutesDeps): Route[] {
  return [...deviceRoutes(deps), ...preferenceRoutes(deps)];
}

function deviceRoutes({ database }: NotificationRoutesDeps): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/devices',
      operationId: 'registerDevice',
      tag,
      summary: 'Have pushes sent to a device',
      description:
        'Apps do this at every start, with the registration token that Firebase gave them. A token belongs to whoever ' +
        `registered it last. Beyond ${MAX_DEVICES} devices the one that was registered the longest ago is forgotten.`,
      policy,
      idempotency: 'replay',
      body: z
        .strictObject({
          platform: z.enum(PLATFORMS),
          token: z
            .string()
            .min(8)
            .max(4_096)
            .regex(/^[\w:.-]+$/, 'a registration token of Firebase Cloud Messaging'),
        })
        .meta({ id: 'NewDevice' }),
      responses: { 201: { description: 'The device.', schema: device } },
      handle: async ({ body, operationUuid, caller }) => {
        const registered = await registerDevice(database, {
          ...body,
          id: idFrom('dev', operationUuid),
          userId: caller().userId,
        });
        return { status: 201, body: deviceBody(registered) };
      },
    }),
    route({
      method: 'get',
      path: '/v1/devices',
      operationId: 'listDevices',
      tag,
      summary: 'List your devices',
      description: `At most ${MAX_DEVICES}, the one that was registered last first.`,
      policy,
      responses: {
        200: { description: 'All of them.', schema: z.object({ data: z.array(device), nextCursor: z.null() }) },
      },
      handle: async ({ caller }) => {
        const devices = await listDevices(database, caller().userId);
        return { status: 200, body: { data: devices.map(deviceBody), nextCursor: null } };
      },
    }),
    route({
      method: 'delete',
      path: '/v1/devices/{id}',
      operationId: 'removeDevice',
      tag,
      summary: 'Send no more pushes to a device',
      policy,
      params: z.object({ id: idOf('dev') }),
      responses: { 204: { description: 'It is forgotten.', schema: null } },
      problems: { NOT_FOUND: { status: 404, when: 'there is no such device, or it is not yours.' } },
      handle: async ({ params: { id }, caller }) => {
        await removeDevice(database, id, caller().userId);
        return { status: 204 };
      },
    }),
  ];
}

function preferenceRoutes({ database }: NotificationRoutesDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/notifications/preferences',
      operationId: 'getNotificationPreferences',
      tag,
      summary: 'Read how you are told things',
      policy,
      responses: { 200: { description: 'Your preferences. `ETag` is for `If-Match`.', schema: preferences } },
      handle: async ({ caller }) => preferencesReply(await preferencesOf(database, caller().userId)),
    }),
    route({
      method: 'put',
      path: '/v1/notifications/preferences',
      operationId: 'changeNotificationPreferences',
      tag,
      summary: 'Say how you want to be told things',
      description:
        'Replaces your preferences. In quiet hours nothing is sent; it comes at their end, or at once where that would be ' +
        'too late. What you would lose money or your account without knowing is sent whatever is said here.',
      policy,
      ifMatch: true,
      body: z.strictObject(wishes).meta({ id: 'NotificationWishes' }),
      responses: { 200: { description: 'Your preferences as they are now.', schema: preferences } },
      problems: { VERSION_CHANGED: { status: 412, when: 'they have changed since.' } },
      handle: async ({ body, headers, caller }) =>
        preferencesReply(await changePreferences(database, caller().userId, ifMatch(headers), body)),
    }),
  ];
}

const deviceBody = ({ id, platform, registeredAt }: Device): z.input<typeof device> => ({
  id,
  platform,
  registeredAt: registeredAt.toISOString(),
});

const preferencesReply = ({ wishes: said, timeZone: timeZoneInUse, version }: Preferences): Reply => ({
  status: 200,
  headers: { ETag: etagOf(version) },
  body: { ...said, timeZoneInUse, version },
});
