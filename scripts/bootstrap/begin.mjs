import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * What `npm start` and `npm test` begin with. Imports only what the oldest Node has, so that one that is too old gets as
 * far as being told so.
 * @param {{ entry: string, help: string }} options `entry` is the TypeScript file to hand over to, from `scripts/`
 */
export async function begin({ entry, help }) {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const range = JSON.parse(readFileSync(`${root}package.json`, 'utf8')).engines.node;
  const complaint = complaintAboutNode(range, process.versions.node);
  if (complaint !== undefined) {
    console.error(complaint);
    process.exitCode = 1;
    return;
  }
  const { launch } = await import('./launch.mjs');
  await launch({ root, entry: new URL(`../${entry}`, import.meta.url), args: process.argv.slice(2), help });
}

/**
 * @param {string} range `engines.node` of package.json, `>=major.minor`
 * @param {string} version the version that runs, as in `process.versions.node`
 * @returns {string | undefined} one line that says what is wrong and what to do, or undefined when the version is good
 */
export function complaintAboutNode(range, version) {
  const wanted = /^>=(\d+)\.(\d+)$/.exec(range);
  if (wanted === null) return `package.json: engines.node is "${range}", expected the form ">=20.20".`;
  const [major, minor] = version.split('.').map(Number);
  const good = major > Number(wanted[1]) || (major === Number(wanted[1]) && minor >= Number(wanted[2]));
  return good
    ? undefined
    : `Wellpact needs Node ${wanted[1]}.${wanted[2]} or newer, but this is Node ${version}. Install a newer one from https://nodejs.org and try again.`;
}
