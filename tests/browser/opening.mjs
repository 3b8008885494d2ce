// Makes reports, and opens them in a browser that has no network and notes whatever goes wrong.
import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';

import {chromium} from 'playwright-core';

export const folder = mkdtempSync(join(tmpdir(), 'squall-browser-'));
process.on('exit', () => rmSync(folder, {recursive: true, force: true}));

export const squall = (...words) =>
  execFileSync(process.env.SQUALL_BINARY, words, {encoding: 'utf8', maxBuffer: 1 << 28});

// A report of `squall run ...words`.
export const report = (name, ...words) => {
  const file = join(folder, name + '.html');
  squall('run', ...words, '--quiet', '--html', file);
  return file;
};

let browsers = 0;
// A browser with one page on `file`. `options` as playwright's contexts take them. What the page may
// not do is in `wrong`: errors, messages on the console, requests beyond the file itself.
export const open = async (file, options = {}) => {
  const context = await chromium.launchPersistentContext(join(folder, 'profile' + ++browsers), {
    executablePath: process.env.CHROMIUM,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
           '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    viewport: {width: 1280, height: 900},
    reducedMotion: 'reduce',  // so that what is scrolled to stands still
    ...options,
  });
  const page = await context.newPage();
  const wrong = [];
  const address = pathToFileURL(file).href;
  page.on('pageerror', (error) => wrong.push('error: ' + error.message));
  page.on('console', (message) => wrong.push('console: ' + message.text()));
  page.on('dialog', (dialog) => { wrong.push('dialog: ' + dialog.message()); dialog.dismiss(); });
  context.on('request', (request) => {
    const url = request.url();
    if (url.split('#')[0] !== address && !url.startsWith('data:')) wrong.push('request: ' + url);
  });
  await page.goto(address, {waitUntil: 'load'});
  return {page, wrong, close: () => context.close()};
};
