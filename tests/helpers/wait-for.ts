export { answersOk, waitUntil as waitFor } from '../../scripts/stack/waiting.ts';
