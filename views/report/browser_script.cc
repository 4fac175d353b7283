#include "views/report/browser.h"

namespace temper {
namespace {

// Plain DOM calls, no library. Data is text from models and users: it enters the page by textContent and title alone.
constexpr const char* kScript = R"js('use strict';
(() => {
  const source = document.getElementById('samples');
  if (!source) return;
  const data = JSON.parse(source.textContent);
  const browser = document.getElementById('browser');
  const form = browser.querySelector('form');
  const field = (name) => form.elements.namedItem(name);
  const at = (id) => document.getElementById(id);
  const hits = at('hits'), answer = at('answer'), status = at('matches');
  const PAGE = 50;

  const named = (names, row) => Object.fromEntries(names.map((name, i) => [name, row[i]]));
  const prompts = data.prompts.map((row) => named(data.prompt_fields, row));
  const samples = data.samples.map((row, number) => {
    const s = named(data.fields, row);
    s.number = number;
    s.promptIndex = s.prompt;
    s.prompt = prompts[s.prompt];
    s.text = s.pieces.map((piece) => (typeof piece === 'string' ? piece : piece[1])).join('');
    s.graded = s.severity !== undefined;
    s.words = null;
    return s;
  });

  const element = (tag, text, css) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (css) made.className = css;
    return made;
  };

  // What a sample is filed under in each list; options are those that occur, in the order given.
  const keys = {
    arm: (s) => data.arms[s.arm],
    set: (s) => data.sets[s.set],
    intent: (s) => s.prompt.intent,
    category: (s) => s.prompt.category,
    clause: (s) => (s.graded ? data.clauses[s.clause] || 'none' : 'no grade'),
    severity: (s) => (s.graded ? data.severities[s.severity] : 'no grade'),
    mode: (s) => (s.graded ? data.modes[s.mode] : 'no grade'),
    refused: (s) => String(s.refused),
    cut: (s) => String(s.cut),
  };
  const orders = {
    arm: data.arms,
    set: data.sets,
    intent: ['benign', 'dual_use', 'malicious'],
    category: [],
    clause: ['none'],
    severity: data.severities.slice().reverse(),
    mode: data.modes,
  };
  const rank = (list, value) => (list.includes(value) ? list.indexOf(value) : list.length);
  for (const [name, order] of Object.entries(orders)) {
    const present = [...new Set(samples.map(keys[name]))];
    present.sort((a, b) => rank(order, a) - rank(order, b) || (a < b ? -1 : 1));
    for (const value of present) {
      const option = element('option', value === '' ? '(empty)' : value.replaceAll('_', ' '));
      option.value = '=' + value;  // so that an empty one is not 'any'
      field(name).append(option);
    }
    field(name).closest('label').hidden = present.length === 1;
  }

  let matching = [], selected = null, first = 0;

  const wordsOf = (s) => (s.words ??= (s.prompt.id + '\n' + s.prompt.text + '\n' + s.text).toLowerCase());
  const matches = () => {
    const wanted = Object.keys(keys).map((name) => [keys[name], field(name).value]).filter(([, value]) => value !== '')
        .map(([key, value]) => [key, value.slice(1)]);
    const words = field('text').value.toLowerCase().split(/\s+/).filter((word) => word !== '');
    return samples.filter((s) => wanted.every(([key, value]) => key(s) === value) &&
                                 words.every((word) => wordsOf(s).includes(word)));
  };
  const number = (value, none) => (value === null || value === undefined ? none : value);
  const sorts = {
    severity: (a, b) => number(b.severity, -1) - number(a.severity, -1) || number(a.safety, 2) - number(b.safety, 2),
    low: (a, b) => number(a.reward, Infinity) - number(b.reward, Infinity) || 0,
    high: (a, b) => number(b.reward, -Infinity) - number(a.reward, -Infinity) || 0,
    prompt: (a, b) => a.set - b.set || a.promptIndex - b.promptIndex || a.arm - b.arm,
  };

  const count = (n) => n.toLocaleString('en-US');
  const say = () => {
    const graded = matching.filter((s) => s.graded), rewards = matching.filter((s) => s.reward !== null).map((s) => s.reward);
    let text = count(matching.length) + ' of ' + count(samples.length) + (samples.length === 1 ? ' answer matches' : ' answers match');
    if (graded.length) {
      text += ': ' + count(graded.filter((s) => s.severity > 0).length) + ' unsafe, ' + count(graded.filter((s) => s.refused === 2).length) +
              ' refused though permitted';
    }
    const cut = matching.filter((s) => s.cut).length;
    if (cut) text += (graded.length ? ', ' : ': ') + count(cut) + ' cut at the token limit';
    if (graded.length !== matching.length) text += ', ' + count(matching.length - graded.length) + ' without a grade';
    if (rewards.length) text += '; mean reward ' + (rewards.reduce((a, b) => a + b, 0) / rewards.length).toFixed(3);
    status.textContent = text + '.';
  };

  const verdict = (s) => (!s.graded ? 'no grade' : s.severity > 0 ? 'unsafe: ' + data.severities[s.severity] : 'safe');
  const chips = (s) => {
    const made = [element('span', verdict(s), 'chip ' + (s.graded && s.severity === 0 ? 'good' : 'bad'))];
    if (s.graded) made.push(element('span', data.modes[s.mode], 'chip'));
    if (s.refused === 2) made.push(element('span', 'refused though permitted', 'chip bad'));
    if (s.cut) made.push(element('span', 'cut at the token limit', 'chip bad'));
    return made;
  };

  const drawList = () => {
    hits.replaceChildren(...matching.slice(first, first + PAGE).map((s, i) => {
      const row = element('li');
      row.id = 'hit-' + s.number;
      row.setAttribute('role', 'option');
      row.setAttribute('aria-setsize', matching.length);
      row.setAttribute('aria-posinset', first + i + 1);
      row.append(element('b', data.arms[s.arm]), ' ', ...chips(s).flatMap((chip) => [chip, ' ']), element('span', s.text || '(empty answer)', 'start-of'));
      row.addEventListener('click', () => select(s));
      return row;
    }));
    const last = Math.min(first + PAGE, matching.length);
    at('page').textContent = matching.length ? count(first + 1) + ' to ' + count(last) + ' of ' + count(matching.length) : 'none';
    at('page-back').disabled = first === 0;
    at('page-on').disabled = last === matching.length;
  };

  const gradeText = (s) => {
    if (!s.graded) return 'No grade: ' + data.outcomes[s.outcome];
    let text = 's ' + s.safety.toFixed(2) + ' \u00b7 h ' + s.helpfulness.toFixed(2) + ' (direct ' + s.direct.toFixed(2) + ', indirect ' +
               s.indirect.toFixed(2) + ') \u00b7 h\u00b7s ' + (s.safety * s.helpfulness).toFixed(2);
    if (s.reward !== null) text += ' \u00b7 own reward ' + s.reward.toFixed(2);
    if (data.clauses[s.clause]) text += ' \u00b7 clause ' + data.clauses[s.clause];
    return text;
  };
  const answerText = (s) => {
    const quote = element('blockquote');
    for (const piece of s.pieces) {
      if (typeof piece === 'string') {
        quote.append(piece);
      } else {
        const mark = element('mark', piece[1]);
        mark.title = data.propositions[piece[0]];
        quote.append(mark);
      }
    }
    if (!s.pieces.length) quote.append(element('i', '(empty answer)'));
    return quote;
  };
  const button = (text, act, off) => {
    const made = element('button', text);
    made.type = 'button';
    made.disabled = off;
    made.addEventListener('click', act);
    return made;
  };
  const others = (s) => {
    const same = samples.filter((t) => t !== s && t.promptIndex === s.promptIndex && t.set === s.set);
    if (!same.length) return [];
    const box = element('details'), list = element('ul');
    box.open = others.open;
    box.addEventListener('toggle', () => { others.open = box.open; });
    box.append(element('summary', 'Other answers to this prompt (' + same.length + ')'), list);
    for (const t of same) {
      const item = element('li'), go = button(data.arms[t.arm] + ', ' + verdict(t), () => { select(t); answer.focus(); }, false);
      item.append(go, ' ', element('span', t.text || '(empty answer)'));
      list.append(item);
    }
    return [box];
  };
  others.open = false;

  const drawAnswer = () => {
    const s = selected, had = answer.contains(document.activeElement) && document.activeElement.dataset.step;
    if (!s) {
      answer.replaceChildren(element('p', 'No answer matches: choose fewer filters.', 'note'));
      return;
    }
    const place = matching.indexOf(s), steps = element('div', undefined, 'steps'), head = element('header');
    const back = button('Previous', () => step(-1), place === 0), on = button('Next', () => step(1), place === matching.length - 1);
    back.dataset.step = 'back';
    on.dataset.step = 'on';
    const position = element('span', place < 0 ? 'not among the matches' : 'answer ' + count(place + 1) + ' of ' + count(matching.length));
    position.setAttribute('role', 'status');
    steps.append(back, position, on);
    head.append(element('b', data.arms[s.arm]), ...chips(s), element('span', s.prompt.intent.replaceAll('_', '-'), 'chip'),
                element('span', data.sets[s.set], 'chip'));
    if (s.prompt.category) head.append(element('span', s.prompt.category, 'chip'));
    const named = [...new Set(s.pieces.filter((p) => typeof p !== 'string').map((p) => data.propositions[p[0]]))];
    const grades = element('div', gradeText(s), 'grades');
    if (named.length) grades.append(element('br'), 'evidence: ' + named.join(', '));
    for (const line of s.verdicts || []) grades.append(element('br'), line);
    grades.append(element('br'), 'prompt ' + s.prompt.id);
    answer.replaceChildren(steps, head, element('div', s.prompt.text, 'ask'), answerText(s), grades, ...others(s));
    const again = had && [...answer.querySelectorAll('[data-step]')].find((b) => b.dataset.step === had);
    if (again) (again.disabled ? answer : again).focus();
  };

  const markSelected = () => {
    for (const row of hits.children) row.setAttribute('aria-selected', String(Boolean(selected) && row.id === 'hit-' + selected.number));
    const row = selected && at('hit-' + selected.number);
    if (row) {
      hits.setAttribute('aria-activedescendant', row.id);
      const top = row.offsetTop - hits.offsetTop, bottom = top + row.offsetHeight;
      hits.scrollTop = Math.min(top, Math.max(bottom - hits.clientHeight, hits.scrollTop));
    } else {
      hits.removeAttribute('aria-activedescendant');
    }
  };
  const select = (s) => {
    selected = s;
    const place = matching.indexOf(s), page = Math.floor(place / PAGE) * PAGE;
    if (place >= 0 && page !== first) {
      first = page;
      drawList();
    }
    markSelected();
    drawAnswer();
  };
  const step = (by) => {
    if (!matching.length) return;
    const place = matching.indexOf(selected);
    select(matching[Math.max(0, Math.min(matching.length - 1, Math.max(place, 0) + by))]);
  };
  const refresh = () => {
    matching = matches();
    const order = sorts[field('sort').value];
    if (order) matching.sort(order);
    first = 0;
    say();
    drawList();
    select(matching.length ? matching[0] : null);
  };

  const moves = {ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1, j: 1, k: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity};
  const onKey = (event) => {
    const vertical = ['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End'].includes(event.key);
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in moves)) return;
    if (vertical && event.currentTarget === answer) return;  // these scroll a long answer
    event.preventDefault();
    step(moves[event.key]);
  };
  hits.addEventListener('keydown', onKey);
  answer.addEventListener('keydown', onKey);
  const turn = (by) => select(matching[first + by]);
  at('page-back').addEventListener('click', () => turn(-PAGE));
  at('page-on').addEventListener('click', () => turn(PAGE));
  form.addEventListener('input', refresh);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('reset', () => setTimeout(refresh));
  refresh();
  browser.hidden = false;
})();
)js";

}  // namespace

const char* BrowserScript() { return kScript; }

}  // namespace temper
