// Keeps a page up to date in place: the server says what changed, as HTML it has escaped. Everything works without this file; it never writes.
const $ = (id) => document.getElementById(id);
const SILENT = 10_000, POLL = 5_000, AWAY = 15_000, FULL = 10_000;
const part = document.body.dataset.fragment;
let source, timer, skew = Date.parse(document.body.dataset.at) - Date.now(), heard = Date.now(), fetched = Date.now(), asking = false, again = false, polls = 0;

// Makes `old` like `now` without replacing what is alike, so that focus, selection and open details stay.
function morph(old, now) {
  if (old.isEqualNode(now) || 'keep' in old.dataset) return;
  for (const { name } of [...old.attributes]) if (!now.hasAttribute(name) && name !== 'open') old.removeAttribute(name);
  for (const { name, value } of now.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  // Rows do not jump under a pointer or a focus.
  const still = old.matches('[data-still]:is(:hover, :focus-within)');
  const used = new Set();
  let at = old.firstChild;
  for (const next of [...now.childNodes]) {
    while (at && used.has(at)) at = at.nextSibling;
    const twin = next.id ? [...old.children].find((child) => child.id === next.id) : at && !at.id && at.nodeName === next.nodeName ? at : null;
    if (!twin) {
      used.add(old.insertBefore(document.importNode(next, true), at));
      continue;
    }
    used.add(twin);
    if (twin === at) at = at.nextSibling;
    else if (!still) old.insertBefore(twin, at);
    if (next.nodeType === Node.ELEMENT_NODE) morph(twin, next);
    else if (twin.data !== next.data) twin.data = next.data;
  }
  for (const node of [...old.childNodes]) if (!used.has(node)) node.remove();
}

const said = () => new Map([...document.querySelectorAll('[data-say]')].map((node) => [node.id, node.dataset.say]));

function take(news) {
  heard = fetched = Date.now();
  skew = Date.parse(news.at) - heard;
  const before = said();
  const made = document.createElement('template');
  made.innerHTML = news.html;
  for (const fresh of made.content.children) if ($(fresh.id)) morph($(fresh.id), fresh);
  show(news);
  document.title = news.title;
  if ($('as-of')) $('as-of').textContent = news.at.slice(11, 19) + ' UTC';
  const icon = document.querySelector('link[rel=icon]');
  if (icon.getAttribute('href') !== news.icon) icon.href = news.icon;
  const changes = [...said()].filter(([id, text]) => before.get(id) !== text);
  for (const [id] of changes) flash($(id));
  // Changes only, and in one breath, for who listens.
  if (changes.length) $('say').textContent = changes.map(([, text]) => text).join('. ');
  age();
}

// Asks for the part of the page that changes. Once at a time; whatever happens meanwhile is asked for right after.
async function ask() {
  if (asking) return void (again = true);
  asking = true;
  try {
    const answer = await fetch(part, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(SILENT) });
    if (answer.status === 401) return cut('SIGNED OUT: nothing here is live. Open a sign-in link, then load this page again.');
    if (!answer.ok) throw new Error(answer.status);
    take(await answer.json());
    cut('');
  } catch {
    lost();
  } finally {
    asking = false;
    if (again) { again = false; ask(); }
  }
}

// How old what the dashboard knows is: it looks every second, whether anything changes or not.
function tick(news) {
  heard = Date.now();
  if (show(news) || heard - fetched > FULL) ask();
  else cut('');
}

// Puts into the head how old all of it is; true if that is another state than before.
function show(news) {
  const turned = $('seen').className !== news.live;
  $('seen').className = news.live;
  if ($('live-text')) $('live-text').textContent = news.text;
  return turned;
}

function flash(node) {
  node.classList.add('fresh');
  setTimeout(() => node.classList.remove('fresh'), 2_000);
}

// Says that nothing has been heard, and keeps saying since when.
function cut(why) {
  const box = $('cut');
  if (box.hidden === !why && box.textContent === why) return;
  box.hidden = !why;
  box.textContent = why;
  document.documentElement.classList.toggle('cut', !!why);
  if (!why) return;
  $('seen').className = 'stale';
  if ($('live-text')) $('live-text').textContent = 'not live';
}

function length(seconds) {
  const [d, h, m, s] = [seconds / 86400, (seconds / 3600) % 24, (seconds / 60) % 60, seconds % 60].map(Math.floor);
  const two = (a, b) => a + (b[0] === '0' ? '' : ' ' + b);
  return d ? two(`${d}d`, `${h}h`) : h ? two(`${h}h`, `${m}m`) : m >= 10 ? `${m}m` : m ? two(`${m}m`, `${s}s`) : `${s}s`;
}

function age() {
  const now = Date.now() + skew;
  for (const time of document.querySelectorAll('time[data-ago]')) {
    const text = length(Math.max(0, now - Date.parse(time.dateTime)) / 1000) + time.dataset.ago;
    if (time.textContent !== text) time.textContent = text;
  }
}

const clock = (time) => new Date(time + skew).toISOString().slice(11, 19) + ' UTC';
const lost = () => cut(`NOT CONNECTED: the dashboard does not answer. What you see is from ${clock(heard)}, ${length((Date.now() - heard) / 1000)} ago. This page asks again by itself.`);

async function poll() {
  close();
  await ask();
  polls += 1;
  // Streams are tried again now and then: what was full or cut may not be any more.
  clearTimeout(timer);
  timer = setTimeout(!document.hidden && polls % 6 === 0 ? stream : poll, document.hidden ? AWAY : POLL);
}

function stream() {
  close();
  const opened = Date.now();
  source = new EventSource('/events');
  // What changed before the stream was open is not told on it.
  source.onopen = ask;
  source.addEventListener('changed', () => { heard = Date.now(); ask(); });
  source.addEventListener('tick', (event) => tick(JSON.parse(event.data)));
  source.onerror = () => source?.readyState === EventSource.CLOSED && poll();
  // A stream that says nothing is none: some proxies hold everything back.
  timer = setInterval(() => Date.now() - Math.max(heard, opened) > SILENT && poll(), 1_000);
}

function close() {
  source?.close();
  source = undefined;
  clearTimeout(timer);
}

setInterval(age, 1_000);
if (part) {
  setInterval(() => $('cut').textContent.startsWith('NOT') && lost(), 1_000);
  // A browser has six connections to a server: tabs that nobody sees hold none.
  document.addEventListener('visibilitychange', () => (document.hidden ? poll() : stream()));
  addEventListener('pagehide', close);
  addEventListener('pageshow', (event) => event.persisted && stream());
  stream();
}

// A form stands still, whatever happens: what was read stays what is sent. That something happened is said beside it.
if ($('meanwhile')) {
  const watch = () => {
    source = new EventSource('/events');
    source.addEventListener('changed', (event) => {
      const { regions } = JSON.parse(event.data);
      if (!regions.length) return;
      $('meanwhile').hidden = false;
      $('meanwhile').textContent = `${regions.join(', ')} changed at ${clock(Date.now())}, after this preview was made. Sending it is safe: if that matters, nothing is done and you are shown what moved.`;
    });
  };
  addEventListener('pagehide', close);
  document.addEventListener('visibilitychange', () => (document.hidden ? close() : watch()));
  watch();
}

// Keys go places. None of them writes.
const rows = () => [...document.querySelectorAll('[data-row]')];
const go = (href) => href && location.assign(href);
let g = 0;
function key(event) {
  const typing = event.target.closest('input, select, textarea, [contenteditable]');
  if (event.ctrlKey || event.metaKey || event.altKey || typing || localStorage.keys === 'off') return;
  const all = rows(), here = all.findIndex((row) => row.closest('tbody, li')?.contains(document.activeElement));
  const step = (by) => all[here < 0 ? 0 : Math.min(all.length - 1, Math.max(0, here + by))]?.focus();
  const second = Date.now() - g < 1_500;
  g = 0;
  const does = {
    j: () => step(1), k: () => step(-1),
    ArrowDown: here >= 0 && (() => step(1)), ArrowUp: here >= 0 && (() => step(-1)),
    e: () => go(all[Math.max(here, 0)]?.href), p: () => go(all[Math.max(here, 0)]?.dataset.preview),
    g: () => { g = Date.now(); },
    o: second && (() => go('/')), l: () => go('/log'),
    '?': () => $('keys').togglePopover(),
  }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
}
addEventListener('keydown', key);

for (const box of document.querySelectorAll('#keys-off')) {
  box.checked = localStorage.keys === 'off';
  box.onchange = () => { localStorage.keys = box.checked ? 'off' : 'on'; };
}
for (const code of document.querySelectorAll('.cmd code')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'plain';
  button.textContent = 'Copy';
  button.onclick = async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = 'Copied';
  };
  code.after(button);
}
for (const range of document.querySelectorAll('input[type=range]')) {
  const shown = () => new Date(range.value * 1000).toISOString().slice(0, 19).replace('T', ' ') + ' UTC';
  range.oninput = () => { range.setAttribute('aria-valuetext', shown()); range.form.querySelector('output').textContent = shown(); };
  range.onchange = () => range.form.requestSubmit();
  range.oninput();
}
// A form goes out once, however often its button is pressed.
for (const form of document.querySelectorAll('form[method=post]')) {
  let sent = false;
  form.onsubmit = () => { if (sent) return false; sent = true; };
  addEventListener('pageshow', () => { sent = false; });
}
