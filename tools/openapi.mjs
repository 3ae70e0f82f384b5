/** Reads an OpenAPI document from standard input, writes TypeScript types of it. Runs with the TypeScript of this folder. */
import { text } from 'node:stream/consumers';
import openapiTS, { astToString } from 'openapi-typescript';

/** What has a default can be left out. */
const OPTIONS = { defaultNonNullable: false };

process.stdout.write(astToString(await openapiTS(await text(process.stdin), OPTIONS)));
