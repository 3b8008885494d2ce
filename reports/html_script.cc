#include "reports/html_assets.h"

namespace squall {
namespace {

constexpr std::string_view kScript = R"js(
'use strict';
(() => {
const all = (selector, root) => [...(root || document).querySelectorAll(selector)];
const svgNode = (name, attributes) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  return node;
};
const root = document.documentElement;
root.classList.add('scripted');

// ---- light and dark
const dark = matchMedia('(prefers-color-scheme: dark)');
for (const button of all('.theme')) button.onclick = () => {
  const is = root.dataset.theme || (dark.matches ? 'dark' : 'light');
  root.dataset.theme = is === 'dark' ? 'light' : 'dark';
};

// ---- copying a command
for (const button of all('[data-copy]')) button.onclick = () => {
  const node = document.getElementById(button.dataset.copy);
  const range = document.createRange();
  range.selectNodeContents(node);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  const copied = document.execCommand('copy');
  button.textContent = copied ? 'Copied' : 'Selected';
  setTimeout(() => { button.textContent = 'Copy'; }, 1500);
};

// ---- sorting tables by a column
const cellValue = (row, column) => {
  const cell = row.cells[column];
  return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
};
for (const table of all('table.sort')) {
  all('thead th', table).forEach((head, column) => {
    if (!head.textContent) return;
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.onclick = () => {
      const down = head.getAttribute('aria-sort') !== 'descending';
      for (const other of head.parentNode.cells) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const x = cellValue(a, column), y = cellValue(b, column);
        const order = typeof x === 'number' && typeof y === 'number' ? x - y
                      : String(x).localeCompare(String(y));
        return down ? -order : order;
      });
      table.tBodies[0].append(...rows);
    };
  });
}

// ---- stories: search, and links that open what they lead to
for (const block of all('.stories')) {
  const input = block.querySelector('input'), output = block.querySelector('output');
  const opened = new Set(all('.chapter[open]', block));
  input.oninput = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const chapter of all('.chapter', block)) {
      let here = 0;
      for (const story of all('.story', chapter)) {
        const text = story.textContent.toLowerCase();
        story.hidden = !words.every((word) => text.includes(word));
        if (!story.hidden) ++here;
      }
      chapter.hidden = here === 0;
      chapter.open = words.length > 0 ? here > 0 : opened.has(chapter);
      found += here;
    }
    output.textContent = words.length > 0 ? found + ' found' : '';
  };
}
const openTarget = () => {
  let node = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!node) return;
  const target = node;
  for (; node; node = node.parentElement) if (node.tagName === 'DETAILS') node.open = true;
  target.scrollIntoView();
  const summary = target.querySelector('summary');
  if (summary && target.tagName === 'DETAILS') summary.focus({preventScroll: true});
};
addEventListener('hashchange', openTarget);
if (location.hash) openTarget();

// ---- charts: reading values, and zooming all time axes of a result together
const tip = document.getElementById('tip');
const zooms = {};  // by group: [from, to) of the axis, as shares
const clock = (s) => {
  const sign = s < 60 ? Math.round(s * 10) / 10 + ' s' : Math.floor(s / 3600) > 0
      ? Math.floor(s / 3600) + ':' + String(Math.floor(s / 60) % 60).padStart(2, '0') + ' h'
      : s % 60 === 0 ? s / 60 + ' min'
      : Math.floor(s / 60) + ':' + String(Math.floor(s % 60)).padStart(2, '0') + ' min';
  return sign.replace(' ', '\u202f');
};
const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800,
               21600, 43200, 86400, 172800, 604800];
const drawTicks = (chart, from, to) => {
  const old = chart.plot.querySelector('.xt');
  const most = chart.x1, height = chart.height;
  const step = steps.find((s) => (to - from) * most / s <= 6) || 2592000;
  const group = svgNode('g', {class: 'ax xt', 'aria-hidden': true});
  for (let at = Math.ceil(from * most / step) * step; at <= to * most * 1.0001; at += step) {
    const x = ((at / most - from) / (to - from) * 100).toFixed(2);
    group.append(svgNode('line', {class: 'tick', x1: x + '%', x2: x + '%', y1: height,
                                  y2: height + 4}));
    const text = svgNode('text', {x: x + '%', y: height + 16,
        'text-anchor': x > 97 ? 'end' : x < 2 ? 'start' : 'middle'});
    text.textContent = clock(at);
    group.append(text);
  }
  old.replaceWith(group);
};
const applyZoom = (group) => {
  const [from, to] = zooms[group];
  for (const chart of charts) {
    if (chart.group !== group) continue;
    chart.plot.querySelector('.st').setAttribute(
        'viewBox', `${from * 1000} 0 ${(to - from) * 1000} ${chart.height}`);
    drawTicks(chart, from, to);
    for (const label of all('.bl', chart.plot)) {
      const x = (label.dataset.at / 1000 - from) / (to - from);
      label.setAttribute('x', (x * 100).toFixed(2) + '%');
      label.style.display = x >= 0 && x < 1 ? '' : 'none';
    }
  }
};
const setZoom = (group, from, to) => {
  const width = Math.min(Math.max(to - from, 0.005), 1);
  const start = Math.min(Math.max(from, 0), 1 - width);
  zooms[group] = [start, start + width];
  applyZoom(group);
};

// The place of a row of figures on the axis, 0 to 1; NaN where it has none.
const placeOf = (text, x1, timed) => {
  if (timed) return Number(text) / x1;
  if (text === 'least') return 0;
  if (text[0] !== 'p') return NaN;
  return Math.log(1 / (1 - Number(text.slice(1)) / 100)) / Math.log(x1);
};
const readFigures = (figure, x1, timed) => {
  const table = figure.querySelector('table');
  const heads = all('thead th', table).map((head) => head.textContent);
  const rows = [];
  for (const row of table.tBodies[0].rows) {
    const at = placeOf(row.cells[0].textContent, x1, timed);
    if (!Number.isNaN(at)) rows.push({at, cells: [...row.cells].map((cell) => cell.textContent)});
  }
  return {heads, rows};
};
const charts = [];
const showRow = (chart, index, x, y) => {
  chart.data = chart.data || readFigures(chart.figure, chart.x1, chart.timed);
  const row = chart.data.rows[index];
  if (!row) return;
  chart.index = index;
  const [from, to] = zooms[chart.group] || [0, 1];
  const middle = row.at + (chart.timed ? chart.step / chart.x1 / 2 : 0);
  const at = ((middle - from) / (to - from) * 100).toFixed(2) + '%';
  chart.cross = chart.cross || chart.plot.appendChild(svgNode('line', {class: 'cross', y1: 0,
      y2: chart.height}));
  chart.cross.setAttribute('x1', at);
  chart.cross.setAttribute('x2', at);
  chart.cross.style.display = middle >= from && middle <= to ? '' : 'none';
  const head = chart.timed ? clock(row.at * chart.x1) : row.cells[0];
  const {heads} = chart.data;
  const lines = row.cells.slice(1).map((cell, i) => heads[i + 1] + ' ' + (cell || '–'));
  tip.textContent = head + ': ' + lines.join(' · ');
  tip.hidden = false;
  const box = chart.svg.getBoundingClientRect();
  const left = x === undefined ? box.left + box.width * parseFloat(at) / 100 : x;
  const top = y === undefined ? box.top : y;
  tip.style.left = Math.max(4, Math.min(left + 14, innerWidth - tip.offsetWidth - 8)) + 'px';
  tip.style.top = Math.max(4, top - tip.offsetHeight - 10) + 'px';
};
const hide = (chart) => {
  tip.hidden = true;
  if (chart.cross) chart.cross.style.display = 'none';
};
const nearest = (chart, share) => {
  chart.data = chart.data || readFigures(chart.figure, chart.x1, chart.timed);
  const rows = chart.data.rows;
  let best = 0;
  rows.forEach((row, i) => {
    const better = chart.timed ? row.at <= share
                   : Math.abs(row.at - share) < Math.abs(rows[best].at - share);
    if (better) best = i;
  });
  return best;
};
const shareAt = (chart, event) => {
  const box = chart.svg.getBoundingClientRect();
  const [from, to] = zooms[chart.group] || [0, 1];
  const inside = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  return from + inside * (to - from);
};
const onKey = (chart, event) => {
  const [from, to] = zooms[chart.group] || [0, 1];
  const rows = (chart.data = chart.data || readFigures(chart.figure, chart.x1, chart.timed)).rows;
  const at = chart.index === undefined ? -1 : chart.index;
  const middle = rows[at] ? rows[at].at : (from + to) / 2;
  const width = to - from;
  const moves = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: rows.length - 1};
  if (event.key in moves) {
    showRow(chart, Math.min(Math.max(moves[event.key], 0), rows.length - 1));
  } else if (event.key === 'Escape') {
    hide(chart);
  } else if (chart.timed && (event.key === '+' || event.key === '=')) {
    setZoom(chart.group, middle - width / 4, middle + width / 4);
  } else if (chart.timed && event.key === '-') {
    setZoom(chart.group, middle - width, middle + width);
  } else if (chart.timed && event.key === '0') {
    setZoom(chart.group, 0, 1);
  } else {
    return;
  }
  event.preventDefault();
};
const onDrag = (chart, event) => {
  const start = shareAt(chart, event), place = chart.plot.querySelector('.st');
  let end = start, pick = null;
  const move = (next) => {
    end = shareAt(chart, next);
    pick = pick || place.appendChild(svgNode('rect', {class: 'pick', y: 0, height: '100%'}));
    pick.setAttribute('x', Math.min(start, end) * 1000);
    pick.setAttribute('width', Math.abs(end - start) * 1000);
  };
  const up = () => {
    chart.box.removeEventListener('pointermove', move);
    if (pick) pick.remove();
    const [from, to] = zooms[chart.group] || [0, 1];
    if (Math.abs(end - start) > 0.01 * (to - from)) {
      setZoom(chart.group, Math.min(start, end), Math.max(start, end));
    }
  };
  chart.box.addEventListener('pointermove', move);
  addEventListener('pointerup', up, {once: true});
};
for (const figure of all('figure')) {
  const svg = figure.querySelector('svg[data-x1]');
  const timed = 'zoom' in figure.dataset;
  if (!svg || !figure.querySelector('table') || !(timed || svg.querySelector('.ln'))) continue;
  const box = figure.querySelector('.chart');
  const chart = {figure, box, group: figure.dataset.zoom, timed,
                 step: Number(figure.dataset.step || 0), svg, plot: svg.querySelector('g'),
                 x1: Number(svg.dataset.x1), height: Number(svg.dataset.h)};
  charts.push(chart);
  box.tabIndex = 0;
  box.setAttribute('role', 'group');
  box.setAttribute('aria-label', figure.querySelector('figcaption b').textContent +
                                     ': arrow keys read values');
  box.addEventListener('pointermove', (event) => {
    showRow(chart, nearest(chart, shareAt(chart, event)), event.clientX, event.clientY);
  });
  box.addEventListener('pointerleave', () => hide(chart));
  box.addEventListener('blur', () => hide(chart));
  box.addEventListener('keydown', (event) => onKey(chart, event));
  if (!chart.timed) continue;
  box.addEventListener('pointerdown', (event) => {
    if (event.button === 0) onDrag(chart, event);
  });
  box.addEventListener('dblclick', () => setZoom(chart.group, 0, 1));
}
})();
)js";

}  // namespace

std::string_view HtmlScript() { return kScript.substr(1); }

}  // namespace squall
