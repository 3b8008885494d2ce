#!/usr/bin/env node
// How far engine/policy/token_estimate is from a real tokenizer, per kind of text, on texts of this
// machine (message catalogues, sources, documents) and made ones. The weights were fitted on every
// other text of the kinds; what is printed are the others, and kinds that no weight has seen.
//   tests/engine/policy/token_error.mjs         error in percent: mean, mean of sizes, 95th percentile
//   tests/engine/policy/token_error.mjs --fit   and new weights for token_estimate.cc
// Needs g++ and npm, which fetches gpt-tokenizer into a temporary folder.
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';

const top = path.resolve(import.meta.dirname, '../../..');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'token_error-'));
process.on('exit', () => fs.rmSync(folder, {recursive: true, force: true}));

const perKind = 240;
let state = 1n;
function below(n) {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return Number((state >> 33n) % BigInt(n));
}
const make = (n, item) => Array.from({length: n}, (_, i) => item(i));

function pick(list, n) {
  const left = [...list];
  for (let i = left.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [left[i], left[j]] = [left[j], left[i]];
  }
  return left.slice(0, n);
}

// Pieces of 200 to 1400 characters.
function pieces(text) {
  const characters = Array.from(text);
  const out = [];
  for (let at = 0; at + 200 < characters.length;) {
    const length = 200 + below(1200);
    out.push(characters.slice(at, at + length).join(''));
    at += length;
  }
  return out;
}

function* walk(place, pattern, depth = 6) {
  let entries;
  try {
    entries = fs.readdirSync(place, {withFileTypes: true});
  } catch {
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const full = path.join(place, entry.name);
    if (entry.isDirectory() && depth > 0) yield* walk(full, pattern, depth - 1);
    if (entry.isFile() && pattern.test(full)) yield full;
  }
}

function fromFiles(place, pattern, n = perKind, perFile = 3) {
  const files = pick(walk(place, pattern), n * 2);
  return pick(files.flatMap((f) => pick(pieces(fs.readFileSync(f, 'utf8')), perFile)), n);
}

// The texts of gettext catalogues: translations, or originals.
function messages(language, originals = false) {
  const out = [];
  for (const file of walk(`/usr/share/locale/${language}/LC_MESSAGES`, /\.mo$/)) {
    const bytes = fs.readFileSync(file);
    if (bytes.length < 28 || bytes.readUInt32LE(0) !== 0x950412de) continue;
    const table = bytes.readUInt32LE(originals ? 12 : 16);
    for (let i = 1; i < bytes.readUInt32LE(8); i++) {
      const [length, at] = [0, 4].map((o) => bytes.readUInt32LE(table + 8 * i + o));
      out.push(bytes.subarray(at, at + length).toString('utf8').split('\0')[0]);
    }
  }
  return out;
}

function language(name) {
  const dense = ['zh_CN', 'zh_TW', 'ja', 'ko'].includes(name);
  const mostlyAscii = ['de', 'es', 'it', 'nl', 'pt'].includes(name);
  const texts = messages(name).filter((text) =>
    text.length > (dense ? 20 : 50) && (mostlyAscii || /[^\x00-\x7f]/.test(text)));
  return pick(pieces(pick(texts, 6000).join(' ')), perKind);
}

const random = (n) => Buffer.from(make(n, () => below(256)));
const words = 'the build is green now please check this result and tell me what you think'.split(' ');
const pictures = Array.from('😀😂🤔👍🙏🔥🎉✨🚀💡❤️⚠️✅❌📈🐛🧪🌍👩‍💻👨‍👩‍👧🇩🇪🇯🇵');
const gaps = [' ', '  ', '\n', '\n\n', '\t', '        ', '\n    '];
const stamp = () => `2025-0${1 + below(9)}-${10 + below(19)}T${10 + below(14)}:${10 + below(50)}:07Z`;
const row = () => [stamp(), below(1e6), (below(1e6) / 100).toFixed(2), random(8).toString('hex')].join();
const logLine = () => `${stamp()} [${['INFO', 'WARN', 'ERROR'][below(3)]}] worker-${below(30)} ` +
  `request_id=${random(6).toString('hex')} status=${[200, 429, 500][below(3)]} took ${below(9999)}ms`;

function compactJson() {
  const files = [...walk('/usr/lib/node_modules', /package\.json$/), ...walk(`${top}/scenarios`, /\.json$/)];
  return files.flatMap((file) => pick(pieces(JSON.stringify(JSON.parse(fs.readFileSync(file)))), 3));
}

const english = messages('de', true).filter((text) => text.length > 50);
const fitted = {
  english: () => [...pick(pieces(pick(english, 6000).join(' ')), perKind / 2),
                  ...fromFiles('/usr/share/vim', /doc\/.*\.txt$/, perKind / 4),
                  ...fromFiles('/usr/share/common-licenses', /./, perKind / 4, 20)],
  capitals: () => pick(pieces(pick(english, 3000).join(' ').toUpperCase()), perKind),
  german: () => language('de'), french: () => language('fr'), spanish: () => language('es'),
  polish: () => language('pl'), turkish: () => language('tr'), vietnamese: () => language('vi'),
  russian: () => language('ru'), greek: () => language('el'), arabic: () => language('ar'),
  hebrew: () => language('he'), hindi: () => language('hi'), thai: () => language('th'),
  chinese: () => language('zh_CN'), chinese_tw: () => language('zh_TW'),
  japanese: () => language('ja'), korean: () => language('ko'),
  markdown: () => fromFiles('/usr/lib/node_modules', /\.md$/),
  cpp: () => [...fromFiles(`${top}/engine`, /\.(cc|h)$/, perKind / 2),
              ...fromFiles('/usr/include/c++', /\.(h|tcc)$/, perKind / 2)],
  python: () => fromFiles('/usr/lib/python3.11', /\.py$/),
  javascript: () => fromFiles('/usr/lib/node_modules', /\.js$/),
  json: () => [...fromFiles('/usr/lib/node_modules', /package\.json$/, perKind / 2),
               ...fromFiles(`${top}/scenarios`, /\.json$/, perKind / 2)],
  json_compact: () => pick(compactJson(), perKind),
  base64: () => make(perKind, () => random(200 + below(600)).toString('base64')),
  hex: () => make(perKind, () => random(100 + below(400)).toString('hex')),
  digits: () => make(perKind, () => make(20 + below(100), () => below(10 ** (1 + below(9))))
    .join([' ', ', ', '\n', ','][below(4)])),
  csv: () => make(perKind, () => make(10 + below(30), row).join('\n')),
  logs: () => make(perKind, () => make(8 + below(10), logLine).join('\n')),
  emoji: () => make(perKind, () => make(60 + below(100), () =>
    below(3) ? words[below(words.length)] : pictures[below(pictures.length)]).join(' ')),
  white_space: () => make(perKind, () => make(60 + below(100), () =>
    words[below(words.length)] + gaps[below(gaps.length)]).join('')),
};
const unseen = {
  dutch: () => language('nl'), portuguese: () => language('pt'), czech: () => language('cs'),
  ukrainian: () => language('uk'),
  perl: () => fromFiles('/usr/share/perl', /\.p[lm]$/),
  html: () => fromFiles('/usr/lib/node_modules', /\.html$/),
  css: () => fromFiles('/usr', /\.css$/), shell: () => fromFiles('/usr/share', /\.(sh|bash)$/),
};

// What the estimator counts, from the sources of this tree.
function features(texts) {
  fs.writeFileSync(`${folder}/count.cc`, `
#include <cstdio>
#include <string>
#include "engine/policy/token_estimate.h"
int main() {
  for (size_t size = 0; std::scanf("%zu", &size) == 1;) {
    std::string text(size, 0);
    std::getchar();
    if (std::fread(text.data(), 1, size, stdin) != size) return 1;
    std::printf("%ld", static_cast<long>(squall::EstimateTokens(text)));
    for (const double count : squall::CountTokenFeatures(text)) std::printf(" %.17g", count);
    std::printf("\\n");
  }
}`);
  const sources = ['token_estimate.cc', 'token_estimate_scan.cc'];
  execFileSync('g++', ['-std=c++20', '-O2', `-I${top}`, `${folder}/count.cc`,
                       ...sources.map((f) => `${top}/engine/policy/${f}`), '-o', `${folder}/count`]);
  const input = Buffer.concat(texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    return [Buffer.from(`${bytes.length}\n`), bytes];
  }));
  const output = execFileSync(`${folder}/count`, {input, maxBuffer: 1 << 30}).toString();
  return output.trim().split('\n').map((line) => line.split(' ').map(Number));
}

// Least squares of the relative error, pulled towards least absolute error by reweighting. Weights
// are not negative, except the corrections for texts with accents.
function fit(rows) {
  const d = rows[0].features.length;
  const correction = (i) => i >= 36 && i < 48;
  const ofKind = {};
  for (const r of rows) ofKind[r.kind] = (ofKind[r.kind] ?? 0) + 1;
  let weights = new Array(d).fill(0);
  for (let round = 0; round < 6; round++) {
    const a = make(d, () => new Float64Array(d));
    const b = new Float64Array(d);
    for (const r of rows) {
      const error = Math.abs(estimate(r.features, weights) / r.tokens - 1);
      const share = (round === 0 ? 1 : 0.05 / Math.max(error, 0.03)) / r.tokens ** 2 / ofKind[r.kind];
      for (let i = 0; i < d; i++) {
        if (r.features[i] === 0) continue;
        b[i] += share * r.features[i] * r.tokens;
        for (let j = 0; j < d; j++) a[i][j] += share * r.features[i] * r.features[j];
      }
    }
    for (let i = 0; i < d; i++) {  // a weak belief that everything is one token
      a[i][i] += 1e-4;
      b[i] += correction(i) ? 1e-5 : 1e-4;
    }
    for (let sweep = 0; sweep < 1500; sweep++) {
      for (let i = 0; i < d; i++) {
        const rest = a[i].reduce((sum, x, j) => (j === i ? sum : sum + x * weights[j]), 0);
        const best = (b[i] - rest) / a[i][i];
        weights[i] = correction(i) ? best : Math.max(best, 0);
      }
    }
  }
  return weights.map((w) => Math.round(w * 100) / 100);
}
const estimate = (counts, weights) => counts.reduce((sum, x, i) => sum + x * weights[i], 0);

function report(kind, rows) {
  const columns = [];
  for (const truth of ['tokens', 'older']) {
    const errors = rows.map((r) => r.estimate / r[truth] - 1);
    const sizes = errors.map(Math.abs).sort((x, y) => x - y);
    const mean = (list) => list.reduce((x, y) => x + y, 0) / list.length;
    columns.push(mean(errors), mean(sizes), sizes[Math.ceil(0.95 * sizes.length) - 1]);
  }
  const cells = columns.map((x) => (100 * x).toFixed(1).padStart(7)).join('');
  console.log(kind.padEnd(14) + String(rows.length).padStart(5) + cells);
}

execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefix', folder,
                     'gpt-tokenizer@3'], {stdio: ['ignore', 'ignore', 'inherit']});
const encoding = (name) => import(pathToFileURL(
  `${folder}/node_modules/gpt-tokenizer/esm/encoding/${name}.js`).href);
const [o200k, cl100k] = [await encoding('o200k_base'), await encoding('cl100k_base')];
const plain = {disallowedSpecial: new Set()};

const rows = [];
for (const [kind, texts] of Object.entries({...fitted, ...unseen})) {
  texts().forEach((text, i) => rows.push({
    kind, text, held: kind in unseen || i % 2 === 1,
    tokens: o200k.encode(text, plain).length, older: cl100k.encode(text, plain).length}));
}
features(rows.map((r) => r.text)).forEach(([own, ...counts], i) => {
  rows[i].estimate = own;
  rows[i].features = counts;
});
if (process.argv.includes('--fit')) {
  const weights = fit(rows.filter((r) => !r.held));
  console.log(JSON.stringify(weights));
  for (const r of rows) r.estimate = Math.round(estimate(r.features, weights));
}
console.log('error in %        n   o200k: mean  |mean|   p95   cl100k: the same');
for (const kind of Object.keys({...fitted, ...unseen})) {
  const held = rows.filter((r) => r.held && r.kind === kind);
  if (held.length > 0) report(kind, held);
}
