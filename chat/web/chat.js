// The chat client in a browser: history, live messages, sending, and coming back by itself after a lost socket.
// It loses and doubles no message: each has an id made here, waits in the outbox until it is seen back, and is shown once.
// Text from others is only ever set as text. No wait is without a deadline, no list without a bound.

const ECHO_WITHIN = 5_000; // a sent message must come back in this time, or the socket counts as dead
const CONNECT_WITHIN = 8_000;
const REQUEST_WITHIN = 10_000;
const BACKOFF_FIRST = 500;
const BACKOFF_MAX = 10_000;
const PROVEN_AFTER = 30_000; // a socket that lasted so long has proved itself
const SETTLE = 2_000; // the history is loaded once more so long after connecting: its index trails the table a little
const RESYNC = 30_000;
const DNS_EVERY = 2_000;
const OUTBOX_MAX = 200;
const SEEN_MAX = 5_000;
const SHOWN_MAX = 500;
const HISTORY_MAX = 100;
const TEXT_BYTES_MAX = 1024;
const STORED = "chat";

const $ = (id) => document.getElementById(id);
const now = () => performance.now();

// What the user said and has not seen back: {id, text, sends, sentAt (on the present socket, or null), item}.
const outbox = [];
const seen = new Set();
const mine = new Set();
const shown = []; // {ts, id, item}, oldest first
const counts = { said: 0, confirmed: 0, refused: 0, reconnects: 0 };

let link = null; // the present socket and what is known of it
let failures = 0;
let lostAt = null;
let retry = null; // {timer, address}
let region = null;
let newest = null; // the newest message of the last history: a later one must reach back to it
let dnsAddress = null; // where DNS sends the WebSocket now

// ---- saying

function say(text) {
  const message = { id: crypto.randomUUID(), text, sends: 0, sentAt: null };
  addBounded(mine, message.id);
  outbox.push(message);
  counts.said += 1;
  showPending(message);
  keep();
  flush();
}

// In order. What was sent before may have arrived: it waits until the history has had its say, and all later ones behind it.
function flush() {
  for (const message of outbox) {
    if (!link?.open) break;
    if (message.sentAt !== null) continue;
    if (message.sends > 0 && !link.caughtUp) break;
    if (message.sends === 0) link.echoes.set(message.id, now());
    message.sends += 1;
    message.sentAt = now();
    link.socket.send(JSON.stringify({ action: "send", id: message.id, message: message.text }));
  }
  keep();
  showPendings();
}

// The outbox outlives a reload of the page.
function keep() {
  try {
    const unconfirmed = outbox.map(({ id, text, sends }) => ({ id, text, sends }));
    sessionStorage.setItem(STORED, JSON.stringify({ outbox: unconfirmed, mine: [...mine].slice(-OUTBOX_MAX) }));
  } catch {
    // Without storage only a reload loses what waits.
  }
}

function remember() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(STORED) ?? "{}");
    for (const id of kept.mine ?? []) addBounded(mine, id);
    for (const { id, text, sends } of (kept.outbox ?? []).slice(0, OUTBOX_MAX)) {
      const message = { id, text, sends, sentAt: null };
      outbox.push(message);
      counts.said += 1;
      showPending(message);
    }
  } catch {
    // What cannot be read was not ours.
  }
}

// ---- hearing

function readMessage(raw) {
  const ok =
    typeof raw?.id === "string" && /^[A-Za-z0-9-]{1,64}$/.test(raw.id) &&
    Number.isSafeInteger(raw.ts) && Math.abs(raw.ts) < 8.64e15 &&
    typeof raw.message === "string" && typeof raw.region === "string";
  return ok ? { id: raw.id, ts: raw.ts, text: raw.message, region: raw.region.slice(0, 32) } : null;
}

function takeAll(envelope, oldestFirst) {
  if (!Array.isArray(envelope?.messages) || typeof envelope.region !== "string") return false;
  const servedBy = envelope.region.slice(0, 32);
  if (servedBy !== region) {
    region = servedBy;
    showConnected();
  }
  const messages = envelope.messages.slice(0, HISTORY_MAX).map(readMessage).filter(Boolean);
  const stay = atEnd();
  for (const message of oldestFirst ? messages : messages.reverse()) take(message, servedBy);
  if (stay) toEnd();
  showCounts();
  return true;
}

function take(message, servedBy) {
  const at = outbox.findIndex(({ id }) => id === message.id);
  if (at >= 0) {
    const [own] = outbox.splice(at, 1);
    own.item.remove();
    counts.confirmed += 1;
    keep();
  }
  if (seen.has(message.id)) return;
  addBounded(seen, message.id);
  showMessage(message, servedBy);
}

// The last SEEN_MAX, oldest forgotten first.
function addBounded(set, id) {
  set.add(id);
  if (set.size > SEEN_MAX) set.delete(set.values().next().value);
}

// It would be refused for ever: it goes out no more, and stays readable with the reason. The socket answered, so it lives.
function refuse(id, reason) {
  const at = outbox.findIndex((message) => message.id === id);
  if (at < 0) return;
  const [{ item }] = outbox.splice(at, 1);
  link.echoes.delete(id);
  mine.delete(id);
  counts.refused += 1;
  keep();
  item.classList.replace("waiting", "refused");
  item.querySelector("small").textContent = `not sent, refused: ${reason}`;
  addToLog(item);
  showCounts();
}

function frame(text) {
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    return;
  }
  if (typeof content?.error === "string") {
    const reason = content.error.slice(0, 200);
    $("hint").textContent = `The chat refused: ${reason}`;
    // One that may yet be taken does not come back in time, and goes out again on the next socket.
    if (content.again === false) refuse(content.id, reason);
    return;
  }
  // A first send must come back on its own socket, wherever else it is seen: that proves the delivery.
  for (const message of Array.isArray(content?.messages) ? content.messages : []) link.echoes.delete(message?.id);
  if (takeAll(content, true)) link.proven = true;
}

async function loadHistory(of) {
  of.loading = true;
  let loaded = false;
  try {
    const reply = await fetch("/api/history", { signal: AbortSignal.timeout(REQUEST_WITHIN), cache: "no-store" });
    const page = reply.ok ? await reply.json() : null;
    const times = Array.isArray(page?.messages) ? page.messages.map(readMessage).filter(Boolean).map(({ ts }) => ts) : [];
    if (newest !== null && times.length >= HISTORY_MAX && times.every((ts) => ts > newest)) showTurn("you may have missed more than the history shows");
    loaded = takeAll(page, false);
    if (loaded) $("empty").textContent = "No messages yet.";
    if (loaded && times.length > 0) newest = Math.max(newest ?? times[0], ...times);
  } catch {
    // Tried again below.
  }
  // What is on the page now is read out as it comes, the first load is not.
  $("log").setAttribute("aria-live", "polite");
  of.loading = false;
  of.caughtUp = true;
  of.syncAt = now() + (loaded && of.settled ? RESYNC : SETTLE);
  of.settled ||= loaded;
  if (of === link) flush();
}

// ---- the socket

function connect() {
  clearTimeout(retry?.timer);
  retry = null;
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
  const at = now();
  link = { socket, open: false, openedAt: at, echoes: new Map(), caughtUp: false, loading: false, settled: false, syncAt: Infinity, proven: false };
  const mineStill = link;
  const current = () => link === mineStill;
  setState("connecting", lostAt === null ? "Connecting…" : "Reconnecting…");
  socket.onopen = () => current() && opened();
  socket.onmessage = ({ data }) => current() && typeof data === "string" && frame(data);
  socket.onclose = ({ reason }) => current() && lost(reason || (mineStill.open ? "the socket was cut" : "nobody answers"));
}

function opened() {
  link.open = true;
  link.openedAt = now();
  if (lostAt !== null) {
    counts.reconnects += 1;
    showTurn(`reconnected after ${((now() - lostAt) / 1000).toFixed(1)} s`);
  }
  lostAt = null;
  showConnected();
  loadHistory(link);
  flush();
}

function lost(why) {
  const { socket, open, proven } = link;
  link = null;
  socket.close(); // a half-dead socket may take minutes to close: nobody waits for it
  for (const message of outbox) message.sentAt = null;
  if (open) {
    lostAt = now();
    showTurn(`connection lost: ${why}`);
  }
  lostAt ??= now();
  if (proven) failures = 0;
  const bound = Math.min(BACKOFF_MAX, BACKOFF_FIRST * 2 ** Math.min(failures, 16));
  const wait = bound * (0.25 + 0.75 * Math.random());
  failures += 1;
  retry = { timer: setTimeout(connect, wait), address: dnsAddress };
  setState("lost", `Not connected: ${why}. Trying again ${wait < 1000 ? "in a moment" : `in ${Math.round(wait / 1000)} s`}.`);
  showPendings();
}

// DNS leads elsewhere than to what failed: no need to wait out the backoff, only to not come all at once.
function dnsMoved() {
  if (retry === null || retry.address === dnsAddress) return;
  clearTimeout(retry.timer);
  retry = { timer: setTimeout(connect, BACKOFF_FIRST * Math.random()), address: dnsAddress };
}

setInterval(() => {
  if (link === null) return;
  const late = (since, wait) => since !== undefined && now() - since > wait;
  if (!link.open) {
    if (late(link.openedAt, CONNECT_WITHIN)) lost("nobody answers");
    return;
  }
  const [firstEcho] = link.echoes.values();
  const resent = outbox.find(({ sentAt }) => sentAt !== null)?.sentAt;
  if (late(firstEcho, ECHO_WITHIN) || late(resent ?? undefined, ECHO_WITHIN)) {
    lost("a message did not come back");
    return;
  }
  link.proven ||= late(link.openedAt, PROVEN_AFTER);
  if (!link.loading && now() >= link.syncAt) loadHistory(link);
}, 250);

addEventListener("online", () => retry && connect());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && link?.open && !link.loading) loadHistory(link);
});

// ---- where DNS sends us

async function askDns() {
  try {
    const reply = await fetch("/whoami", { signal: AbortSignal.timeout(REQUEST_WITHIN), cache: "no-store" });
    const who = await reply.json();
    $("place").textContent = `from ${who.place}`;
    document.title = `Chat from ${who.place}`;
    $("answers").replaceChildren(...who.answers.map(describeAnswer), row("asked on behalf of", who.subnet));
    dnsAddress = who.answers.at(-1)?.addresses[0]?.address ?? null;
    dnsMoved();
  } catch {
    $("answers").replaceChildren(row("DNS", "this user's machine does not answer"));
  }
  setTimeout(askDns, DNS_EVERY);
}

function describeAnswer({ name, addresses, ttl_left, error }) {
  const where = addresses.map(({ address, region }) => (region ? `${region} (${address})` : address)).join(", ");
  return row(name, error ? `nowhere: ${error}` : `${where}, ${Math.ceil(ttl_left)} s left`);
}

function row(term, description) {
  const div = document.createElement("div");
  div.append(element("dt", term), element("dd", description));
  return div;
}

// ---- showing

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function setState(state, text) {
  const line = $("state");
  line.dataset.state = state;
  if (line.textContent !== text) line.textContent = text;
}

function showConnected() {
  if (link?.open) setState("connected", region ? `Connected, served by ${region}` : "Connected");
}

function atEnd() {
  const log = $("log");
  return log.scrollHeight - log.scrollTop - log.clientHeight < 80;
}

function toEnd() {
  $("log").scrollTop = $("log").scrollHeight;
}

function bubble(text, own) {
  const item = document.createElement("li");
  item.className = own ? "message own" : "message";
  item.append(element("p", text), document.createElement("small"));
  return item;
}

function showMessage({ id, ts, text, region: writtenIn }, servedBy) {
  const item = bubble(text, mine.has(id));
  item.dataset.id = id;
  const when = new Date(ts);
  const time = element("time", when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" }));
  time.dateTime = when.toISOString();
  const facts = [time, " · ", element("span", `written in ${writtenIn}`), " · ", element("span", `served by ${servedBy}`)];
  item.querySelector("small").append(mine.has(id) ? "you · " : "", ...facts);
  let at = shown.length;
  while (at > 0 && (shown[at - 1].ts > ts || (shown[at - 1].ts === ts && shown[at - 1].id > id))) at -= 1;
  if (at < shown.length) shown[at].item.before(item);
  else $("messages").append(item);
  shown.splice(at, 0, { ts, id, item });
  while (shown.length > SHOWN_MAX) shown.shift().item.remove();
  while ($("messages").childElementCount > 2 * SHOWN_MAX) $("messages").firstElementChild.remove();
  $("empty").hidden = true;
}

function showTurn(text) {
  const item = element("li", text);
  item.className = "turn";
  addToLog(item);
}

function addToLog(item) {
  const stay = atEnd();
  $("messages").append(item);
  while ($("messages").childElementCount > 2 * SHOWN_MAX) $("messages").firstElementChild.remove();
  if (stay) toEnd();
}

function showPending(message) {
  message.item = bubble(message.text, true);
  message.item.classList.add("waiting");
  $("pending").append(message.item);
  $("empty").hidden = true;
}

function showPendings() {
  for (const { item, sentAt } of outbox) {
    const word = sentAt === null ? "waiting for a connection…" : "sending…";
    const note = item.querySelector("small");
    if (note.textContent !== word) note.textContent = word;
  }
  showCounts();
}

function showCounts() {
  const values = { said: counts.said, confirmed: counts.confirmed, waiting: outbox.length, refused: counts.refused, reconnects: counts.reconnects };
  for (const [id, value] of Object.entries(values)) $(id).textContent = String(value);
}

// ---- the form

$("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  const bytes = new TextEncoder().encode(text).length;
  const hint = bytes > TEXT_BYTES_MAX ? `Too long: ${bytes} of ${TEXT_BYTES_MAX} bytes.`
    : outbox.length >= OUTBOX_MAX ? "Too much waits to be sent already."
    : "";
  $("hint").textContent = hint;
  if (hint || !text) return;
  say(text);
  $("text").value = "";
  toEnd();
});

remember();
connect();
askDns();
