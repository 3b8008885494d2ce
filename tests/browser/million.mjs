// A report of a million calls: its size, and how long a browser takes from the address to the end of
// loading, the median of five. Prints both; exit code 1 beyond 3 MB or 2 s.
import {statSync} from 'node:fs';

import {open, report} from './opening.mjs';

const file = report('million', 'production-10k', '--replications', '100');
const times = [];
for (let i = 0; i < 5; ++i) {
  const {page, wrong, close} = await open(file);
  times.push(await page.evaluate(() => performance.getEntriesByType('navigation')[0].loadEventEnd));
  if (wrong.length > 0) console.log(wrong);
  await close();
}
times.sort((a, b) => a - b);
const size = statSync(file).size;
console.log(`${size} bytes, loaded within ${Math.round(times[2])} ms (of ${times.map(Math.round)})`);
process.exitCode = size < 3e6 && times[2] < 2000 ? 0 : 1;
