import { acquireTemporalCli } from './stack/temporal-cli.ts';

const t = performance.now();
console.log(
  await acquireTemporalCli({ env: process.env, onNote: (l) => console.log(Math.round(performance.now() - t), l) }),
  Math.round(performance.now() - t),
);
