/** Files as evidence: handed in by parties and mediators, looked at before anybody reads them, taken back by redaction. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { DisputeId, UserId } from '../../contracts/ids.ts';
import { conflict, notFound, Problem, unprocessable } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logging.ts';
import {
  bareType,
  FILE_TYPES,
  MAX_FILE_BYTES,
  MAX_FILES,
  SCAN_STATES,
  type ScanState,
} from '../../services/disputes/evidence-rules.ts';
import {
  addEvidence,
  type Evidence,
  type HandedInBy,
  keyOf,
  listEvidence,
  noteScan,
  readStatements,
  redactEvidence,
  refuseLate,
} from '../../services/disputes/index.ts';
import type { ApiDeps } from '../deps.ts';
import { type Route, route } from '../route.ts';
import { idOf, line, timestamp } from '../schemas.ts';
import { disputeById } from './commands.ts';
import { lookingIn, NOT_YET, viewerIn } from './mediators.ts';
import { words } from './open.ts';
import { withStatement } from './texts.ts';
import { MEDIATORS } from './view.ts';

export type EvidenceDeps = Pick<ApiDeps, 'database' | 'texts' | 'objects' | 'scanner'>;

const path = '/v1/disputes/{id}/evidence';
const params = z.strictObject({ id: idOf('dsp') });
const oneOf = z.strictObject({ id: idOf('dsp'), number: z.coerce.number().int().min(1).max(1_000) });

const evidenceSchema = z
  .object({
    number: z.int().min(1),
    by: z.enum(['buyer', 'seller', 'staff']),
    name: z.string(),
    type: z.enum(Object.keys(FILE_TYPES) as [string, ...string[]]),
    size: z.int().min(1).meta({ description: 'Bytes.' }),
    sha256: z.string().meta({ description: 'Of its bytes, in hex; it stays when they are deleted.' }),
    scan: z.enum(SCAN_STATES).meta({ description: 'Only what is `clean` can be read.' }),
    redaction: z.object({ at: timestamp, reason: z.string() }).nullable(),
    at: timestamp,
  })
  .meta({ id: 'Evidence' });

const COMMON = { tag: 'disputes', policy: { access: 'member', orStaff: MEDIATORS } } as const;

const LATE = { NOT_ALLOWED_NOW: { status: 409, when: 'there is a ruling, or the dispute is decided.' } } as const;

export const evidenceRoutes = (deps: EvidenceDeps): Route[] => [
  addRoute(deps),
  listRoute(deps),
  readRoute(deps),
  redactRoute(deps),
];

function addRoute(deps: EvidenceDeps): Route {
  const { database } = deps;
  return route({
    ...COMMON,
    method: 'post',
    path,
    operationId: 'addEvidence',
    summary: 'Hand in a file, as a party or a mediator',
    description:
      `The file itself is the body, of ${MAX_FILE_BYTES / 1024 / 1024} MB at most; its \`Content-Type\` is one of ` +
      `${Object.keys(FILE_TYPES).join(', ')}, and its bytes have to be that. Each side can hand in ${MAX_FILES}. It is looked at before ` +
      'anybody can read it, and stored encrypted. Before a ruling, and again after an appeal.',
    idempotency: { none: 'The same file of the same side is one piece of evidence, however often it is sent.' },
    params,
    query: z.strictObject({ name: line(1, 200).meta({ description: 'What the file is called.' }) }),
    rawBody: { maxBytes: MAX_FILE_BYTES, types: Object.keys(FILE_TYPES) },
    responses: { 201: { description: 'What is known of it.', schema: evidenceSchema } },
    problems: {
      ...NOT_YET,
      ...LATE,
      TOO_MANY_FILES: { status: 409, when: 'your side has handed in too many already.' },
      EMPTY_FILE: { status: 422, when: 'there is nothing in it.' },
      UNSUPPORTED_MEDIA_TYPE: {
        status: 415,
        when: 'files of this type are not taken, or it is not what it says it is.',
      },
    },
    handle: async ({ params: { id }, query: { name }, caller, headers, rawBody: bytes, log }) => {
      const who = caller();
      const dispute = await disputeById(database, id);
      const by: HandedInBy = await viewerIn(database, dispute, who);
      refuseLate(dispute);
      const type = typeOf(headers['content-type'] ?? '', bytes);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const sealed = deps.texts.encrypt(name, nameContext(id, sha256));
      const file = { handedInBy: by, personId: who.userId, name: sealed, type, size: bytes.length, sha256 };
      const added = await addEvidence(database, id, file);
      if (added.scan === 'pending') {
        await deps.objects.put(keyOf(id, added.number), deps.texts.seal(bytes, bytesContext(id, added.number)));
      }
      const scan = await scanned(deps, id, added, bytes, log);
      log.info('evidence was handed in', { disputeId: id, number: added.number, type, size: added.size, scan });
      return { status: 201, body: await bodyOf(deps, id, { ...added, scan }) };
    },
  });
}

/** @throws Problem 415, 422 */
function typeOf(contentType: string, bytes: Buffer): string {
  const type = bareType(contentType);
  const isOfType = FILE_TYPES[type];
  if (isOfType === undefined) {
    const allowed = Object.keys(FILE_TYPES);
    const detail = `Files of this type are not taken. Send one of ${allowed.join(', ')}.`;
    throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', detail, { extra: { allowed } });
  }
  if (bytes.length === 0) throw unprocessable('EMPTY_FILE', 'There is nothing in this file.');
  if (isOfType(bytes)) return type;
  throw new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', `What is in this file is no ${type}.`);
}

/** Has a file looked at that was not yet. What is infected is not kept. */
async function scanned(
  { database, objects, scanner }: EvidenceDeps,
  id: DisputeId,
  { number, scan }: Evidence,
  bytes: Buffer,
  log: Logger,
): Promise<ScanState> {
  if (scan === 'clean' || scan === 'infected') return scan;
  let verdict: ScanState = 'failed';
  try {
    verdict = await scanner.scan(bytes);
  } catch (error) {
    log.error('a file could not be scanned', { disputeId: id, number, error });
  }
  await noteScan(database, id, number, verdict);
  if (verdict === 'infected') await objects.delete(keyOf(id, number));
  return verdict;
}

function listRoute(deps: EvidenceDeps): Route {
  return route({
    ...COMMON,
    method: 'get',
    path,
    operationId: 'listEvidence',
    summary: 'The files of a dispute, as a party or a mediator',
    description: 'That a mediator looked stands in the audit trail.',
    params,
    problems: NOT_YET,
    responses: {
      200: {
        description: 'All of them.',
        schema: z.object({ data: z.array(evidenceSchema) }).meta({ id: 'EvidenceList' }),
      },
    },
    handle: async ({ params: { id }, caller }) => {
      await lookingIn(deps.database, await disputeById(deps.database, id), caller(), 'dispute.evidence_listed');
      const files = await listEvidence(deps.database, id);
      return { status: 200, body: { data: await Promise.all(files.map((file) => bodyOf(deps, id, file))) } };
    },
  });
}

const GONE = {
  EVIDENCE_NOT_CLEAN: { status: 409, when: 'it was not looked at yet, or is harmful.' },
  EVIDENCE_REDACTED: { status: 409, when: 'its content was deleted.' },
} as const;

function readRoute(deps: EvidenceDeps): Route {
  const { database, objects, texts } = deps;
  return route({
    ...COMMON,
    method: 'get',
    path: `${path}/{number}`,
    operationId: 'readEvidence',
    summary: 'Download a file, as a party or a mediator',
    description: 'That a mediator did, and which one, stands in the audit trail.',
    params: oneOf,
    responses: {
      200: {
        description: 'The file.',
        schema: z.string().meta({ format: 'binary' }),
        contentType: 'application/octet-stream',
      },
    },
    problems: { ...NOT_YET, ...GONE },
    handle: async ({ params: { id, number }, caller, log }) => {
      const dispute = await disputeById(database, id);
      await viewerIn(database, dispute, caller());
      const file = await fileOf(deps, id, number);
      if (file.redactedAt !== null) throw conflict('EVIDENCE_REDACTED', 'The content of this file was deleted.');
      const stored = file.scan === 'infected' ? undefined : await objects.get(keyOf(id, number));
      const bytes = stored && texts.open(stored, bytesContext(id, number));
      // One that could not be scanned when it came is scanned when it is wanted.
      const scan = bytes === undefined ? file.scan : await scanned(deps, id, file, bytes, log);
      if (bytes === undefined || scan !== 'clean') {
        throw conflict('EVIDENCE_NOT_CLEAN', 'This file cannot be read: it was not found to be harmless.', { scan });
      }
      await lookingIn(database, dispute, caller(), 'dispute.evidence_read', { number });
      const headers = {
        'Content-Disposition': 'attachment',
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-store',
      };
      return { status: 200, headers, body: bytes };
    },
  });
}

function redactRoute(deps: EvidenceDeps): Route {
  const { database, objects } = deps;
  return route({
    ...COMMON,
    method: 'post',
    path: `${path}/{number}/redact`,
    operationId: 'redactEvidence',
    summary: 'Have the content of a file deleted, as who handed it in or a mediator',
    description: 'What is known of it stays, with its hash, and with who wanted that and why.',
    idempotency: 'replay',
    params: oneOf,
    body: z.strictObject({ reason: words }).meta({ id: 'Redaction' }),
    responses: { 200: { description: 'What is known of it.', schema: evidenceSchema } },
    problems: NOT_YET,
    handle: async ({ params: { id, number }, body: { reason }, ...request }) => {
      const who = request.caller();
      const dispute = await disputeById(database, id);
      const by = await viewerIn(database, dispute, who);
      const file = await fileOf(deps, id, number);
      if (by !== 'staff' && file.handedInBy !== by) throw notFound('file');
      if (file.redactedAt === null) {
        await withStatement(deps, request, dispute.purchaseId, reason, ({ statementId = '' }) =>
          redactEvidence(database, id, number, { by, person: who.userId, why: statementId }),
        );
      }
      // Also when it was redacted before: whoever did that may have died between the two.
      await objects.delete(keyOf(id, number));
      return { status: 200, body: await bodyOf(deps, id, await fileOf(deps, id, number)) };
    },
  });
}

/** @throws Problem 404 */
async function fileOf({ database }: EvidenceDeps, id: DisputeId, number: number): Promise<Evidence> {
  const file = (await listEvidence(database, id)).find((one) => one.number === number);
  if (file === undefined) throw notFound('file');
  return file;
}

const nameContext = (id: DisputeId, sha256: string): string[] => ['disputes.evidence', 'name', id, sha256];
const bytesContext = (id: DisputeId, number: number): string[] => ['evidence', id, String(number)];

async function bodyOf(
  { database, texts }: EvidenceDeps,
  id: DisputeId,
  { personId: _person, redactedAt, redactedWhy, name, handedInBy, at, ...file }: Evidence & { personId: UserId },
): Promise<z.input<typeof evidenceSchema>> {
  const reason =
    redactedWhy === null ? undefined : (await readStatements(database, texts, [redactedWhy])).get(redactedWhy);
  const { number, type, size, sha256, scan } = file;
  return {
    number,
    type,
    size,
    sha256,
    scan,
    by: handedInBy,
    name: texts.decrypt(name, nameContext(id, sha256)),
    redaction: redactedAt && { at: redactedAt.toISOString(), reason: reason ?? '' },
    at: at.toISOString(),
  };
}
