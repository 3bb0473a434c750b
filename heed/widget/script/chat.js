// The chat on the company's own site. No framework, no cookie; everything inside one shadow root.
// C holds the account's look and the words of one language, S the style: script.py puts them in.
"use strict";
const own = document.currentScript;
if (!own || window.heedChat) return;
const set = own.dataset;
const home = own.src.replace(/\.js([?#].*)?$/, ""), store = "heed:" + home.split("/").pop();
const ours = store + ":new";
window.heedChat = {};
const lang = [set.lang, document.documentElement.lang, C.lang].map(tag => (tag || "").slice(0, 2).toLowerCase())
  .find(tag => C.langs.includes(tag));
const W = lang === C.lang ? C.words : await (await fetch(home + "/words/" + lang)).json();
const user = set.userId && { id: set.userId, name: set.userName, email: set.userEmail, signature: set.signature };

// ------------------------------------------------------------------------------------ what is known
let token = "", emailed = false, unread = 0, more = false, isOpen = false, first = true;
let unsent = [], files = [], list = [];
let signing = null, flushing = false, fetching = null, stream = null, pause = 1, reported = {};
const pack = JSON.stringify, wait = seconds => new Promise(done => setTimeout(done, seconds * 1e3));

// The notes that wait or waited in this tab: all else that is kept is another tab's. And those of them that
// another tab wrote.
const held = new Set(), others = new Set();
function kept() { try { return JSON.parse(localStorage[store]); } catch { return {}; } }
function load() {
  const old = kept();
  if (!user) { token = old.token || token; emailed = emailed || !!old.emailed; }
  return old;
}
function save() {
  // Nothing is kept before the first message, and nothing of people who signed in at the site.
  if (user || !token) return;
  unsent.forEach(n => held.add(n.id));
  const old = kept(), theirs = old.token === token && old.unsent || [];
  const notes = [...theirs.filter(n => !held.has(n.id)), ...unsent.filter(n => !n.failed)];
  try {
    localStorage[store] = pack({ token, emailed, unsent: notes });
    sessionStorage[ours] = pack({ notes: unsent.filter(n => !others.has(n.id)), was: token });
  } catch { /* private browsing: the chat lives as long as the page */ }
}
// What was written nameless and waits goes along with the first who signs in, in this tab and within an hour.
// Another tab sends its own; and on a computer that many use nobody else's words go out in one's name.
// It says who it `was`: Heed may have got it from them, and not been heard.
function along() {
  try {
    const { notes, was, by = user.id } = JSON.parse(sessionStorage[ours]);
    if (by !== user.id) return [];
    sessionStorage[ours] = pack({ notes, was, by });
    return notes.filter(n => !n.failed && Date.now() - new Date(n.at) < 36e5).map(n => ({ ...n, was }));
  } catch { return []; }
}
function waits() {
  const all = load().unsent || [];
  all.forEach(n => (sessionStorage[ours] || "").includes(n.id) || others.add(n.id));
  return all;
}
function waiting() {
  const here = new Set(list.map(m => m.client));
  return unsent.filter(n => !here.has(n.id));
}

// ---------------------------------------------------------------------------------------- asking Heed
const json = { "Content-Type": "application/json" };

async function call(path, body, headers) {
  const answer = await fetch(home + path, {
    method: body === undefined ? "GET" : "POST", body, credentials: "omit", cache: "no-store",
    headers: { ...(token && { "X-Heed-Visitor": token }), ...headers },
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(Error(), { status: answer.status, code: said.error });
  return said;
}
async function ask(path, facts, headers) {
  const plain = facts && !headers, body = plain ? pack(facts) : facts, kind = plain ? json : headers;
  try {
    return await call(path, body, kind);
  } catch (no) {
    if (no.status !== 401 || !token) throw no;
    token = "";
    await sign();
    return call(path, body, kind);
  }
}
function sign() {
  return signing ||= (async () => {
    const previous = load().token;
    const said = await call("/visitors", pack(user ? { user, previous } : {}), json);
    token = said.token;
    emailed = emailed || said.email;
    if (user && previous) delete localStorage[store];
  })().finally(() => { signing = null; });
}

// -------------------------------------------------------------------------------------- conversation
const theirs = () => list.findLast(m => !m.mine);
async function refresh(older) {
  if (!token || (fetching && !older)) { fetching &&= "again"; return; }
  fetching ||= "once";
  try {
    const known = list.slice(-20)[0], last = theirs();
    const said = await ask("/messages" + (older ? "?before=" + list[0].id : known ? "?after=" + known.id : ""));
    const fresh = new Map(said.messages.map(m => [m.id, m]));
    list = [...list.filter(m => !fresh.has(m.id)), ...said.messages].sort((a, b) =>
      a.at === b.at ? a.id - b.id : a.at < b.at ? -1 : 1);
    if (theirs()?.id !== last?.id) types.hidden = true;
    if (!known || older) more = said.more;
    unread = said.unread;
    const left = waiting();
    if (left.length !== unsent.length) { unsent = left; save(); }
    draw();
    report();
  } catch { /* the stream comes back and asks again */ }
  const again = fetching === "again";
  fetching = null;
  if (again) refresh();
}
function report() {
  const last = theirs();
  const state = isOpen && !document.hidden ? "seen" : "delivered";
  if (!last || !unread || reported[state] === last.id) return;
  reported[state] = last.id;
  ask("/receipts", { state, message: last.id }).catch(() => { reported[state] = 0; });
}
async function listen() {
  if (stream || !token || document.hidden) return;
  const mine = stream = new AbortController();
  try {
    const answer = await fetch(home + "/live", {
      headers: { "X-Heed-Visitor": token }, credentials: "omit", cache: "no-store", signal: mine.signal,
    });
    if (answer.status === 401 && user) { token = ""; await sign(); }
    const reader = answer.ok && answer.body.getReader(), text = new TextDecoder();
    for (let piece; reader && !(piece = await reader.read()).done;) {
      pause = 1;
      const said = text.decode(piece.value);
      if (/: typing/.test(said)) typing();
      if (/: (news|hello)/.test(said)) { refresh(); flush(); }
    }
  } catch { /* the line broke */ }
  if (stream === mine) stream = null;
  if (document.hidden || !token) return;
  await wait(pause * (1 + Math.random()));
  pause = Math.min(pause * 2, 30);
  listen();
}
async function flush() {
  if (flushing) return;
  flushing = true;
  let slow = 2;
  for (let note; (note = unsent.find(n => !n.done && !n.failed));) {
    try {
      if (!token) await sign();
      save();
      await ask("/messages", {
        id: note.id, was: note.was, text: note.text, files: note.files.map(f => f.id), language: lang,
        page: location.href.split("#")[0].slice(0, 2000), title: document.title.slice(0, 60),
      });
      note.done = true;
      tell("");
    } catch (no) {
      if (no.status && no.status !== 429 && no.status < 500) note.failed = true;
      else { tell(why(no)); draw(); await wait(slow); slow = Math.min(slow * 2, 30); }
    }
    save();
    draw();
  }
  flushing = false;
  try { if (user) delete sessionStorage[ours]; } catch { /* not kept */ }
  listen();
  refresh();
}

// --------------------------------------------------------------------------------------------- pieces
function h(tag, facts, ...kids) {
  const made = tag === "svg" || tag === "path" ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(facts || {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value != null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...kids.filter(kid => kid != null && kid !== false && kid !== ""));
  return made;
}
const icon = d => h("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, h("path", { d }));
const button = (label, d, click, facts) => h("button", {
  type: "button", "aria-label": label, title: label, onclick: click, ...facts }, icon(d));
const linked = text => text.split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]])/).map((part, odd) =>
  odd % 2 ? h("a", { href: part, target: "_blank", rel: "noreferrer" }, part) : part);
const clock = at => new Intl.DateTimeFormat(lang, {
  hour: "2-digit", minute: "2-digit",
  ...(new Date(at).toDateString() !== new Date().toDateString() && { day: "numeric", month: "short" }),
}).format(new Date(at));

function file(each) {
  const url = each.url && home + "/" + each.url;
  if (url && /^image\/(png|jpeg|gif|webp)$/.test(each.mime)) {
    return h("a", { href: url, target: "_blank", rel: "noopener" }, h("img", {
      src: url, alt: each.name || W.attach, loading: "lazy", onload: down }));
  }
  return h(url ? "a" : "span", { class: "file", href: url, target: "_blank", rel: "noopener" },
    icon("M14 3H7v18h10V6zM14 3v4h4"), h("bdi", {}, each.name));
}
function bubble(m) {
  const meta = h("small", {});
  const body = h("div", { class: "body", dir: "auto" }, ...(m.removed ? [h("i", {}, W.gone)] : linked(m.text)));
  const made = h("div", { class: "line" + (m.mine ? " mine" : ""), role: "article" },
    (m.text || m.removed) && body, ...m.files.map(file), meta);
  return { made, meta };
}
function describe(m, meta) {
  const state = m.pending ? W.sending : m.mine ? (m.seen ? W.seen : W.sent) : m.author;
  const words = m.failed ? [W.failed] : [clock(m.at), state, m.edited && W.edited].filter(Boolean);
  const text = words.join(" · ");
  if (meta.firstChild && meta.firstChild.data === text) return;
  meta.replaceChildren(text, m.failed ? h("button", { onclick: () => {
    const note = unsent.find(n => n.id === m.client);
    note.failed = false;
    flush();
  } }, W.again) : "");
}

// ---------------------------------------------------------------------------------------------- panel
const shown = new Map();
const log = h("div", { class: "log", role: "log", "aria-label": C.name, tabindex: 0, onscroll: () => {
  if (log.scrollTop < 40 && more) { more = false; refresh(true); }
} });
const types = h("p", { class: "status", role: "status", hidden: true }, W.types);
const status = h("p", { class: "status", role: "status" });
const tell = words => { status.textContent = words; }, why = no => no.status === 429 ? W.slow : W.away;
const box = h("textarea", {
  rows: 1, maxlength: C.text, placeholder: W.write, "aria-label": W.write, dir: "auto", oninput: typed,
  onkeydown: event => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); post(); } },
});
const chooser = h("input", { type: "file", multiple: true, hidden: true, tabindex: -1, "aria-label": W.attach,
  onchange: () => { [...chooser.files].forEach(attach); chooser.value = ""; } });
const chips = h("ul", { class: "chips" });
const offer = h("div", { class: "offer", hidden: true });
const panel = h("div", { class: "panel", role: "dialog", "aria-label": C.name, hidden: true, id: "panel",
  onkeydown: event => { if (event.key === "Escape") { event.stopPropagation(); shut(); } } },
  h("header", {}, h("h2", {}, h("bdi", {}, C.name)), button(W.close, "M6 6l12 12M18 6L6 18", shut)),
  log, types, offer, status,
  h("form", { onsubmit: event => { event.preventDefault(); post(); } }, chips,
    h("div", { class: "row" },
      button(W.attach, "M8 12l6-6a3 3 0 014 4l-8 8a5 5 0 01-7-7l8-8", () => chooser.click()), chooser, box,
      h("button", { class: "send", "aria-label": W.send, title: W.send }, icon("M4 12l16-8-6 17-3-7z")))));
const badge = h("span", { class: "badge", hidden: true });
const launcher = h("button", { class: "launcher", "aria-controls": "panel",
  onclick: () => toggle(!isOpen) }, icon("M4 5h16v11H10l-5 4v-4H4z"), badge);
const root = h("section", { class: "heed " + C.position, lang, dir: lang === "ar" ? "rtl" : "ltr", "aria-label": C.name },
  panel, launcher);

function shut() { toggle(false); launcher.focus(); }
function down() { log.scrollTop = log.scrollHeight; }
function grow() { box.style.blockSize = "auto"; box.style.blockSize = Math.min(box.scrollHeight + 2, 120) + "px"; }
let fades = 0, told = 0;
function typing() {
  types.hidden = false;
  clearTimeout(fades);
  fades = setTimeout(() => { types.hidden = true; }, 6e3);
}
function typed() {
  grow();
  if (!list.length || Date.now() - told < 4e3) return;
  told = Date.now();
  ask("/typing", {}).catch(() => {});
}
function draw() {
  const all = [...list, ...waiting().map(n => ({
    client: n.id, mine: true, at: n.at, text: n.text, files: n.files, failed: n.failed, pending: !n.done }))];
  const stay = log.scrollHeight - log.scrollTop - log.clientHeight < 60, was = log.scrollHeight;
  const keys = new Set();
  if (!all.length && !log.firstChild) log.append(h("p", { class: "hello", dir: "auto" }, C.hello || W.hello));
  let place = log.querySelector(".hello") ? 1 : 0;
  for (const m of all) {
    const key = m.client || m.id;
    const words = pack([m.text, m.removed, m.files.map(f => f.id + !!f.url)]);
    let entry = shown.get(key);
    keys.add(key);
    if (!entry || entry.words !== words) {
      const made = bubble(m);
      if (entry) entry.made.replaceWith(made.made);
      shown.set(key, entry = { ...made, words });
    }
    describe(m, entry.meta);
    if (log.children[place] !== entry.made) log.insertBefore(entry.made, log.children[place] || null);
    place++;
  }
  for (const [key, entry] of shown) if (!keys.has(key)) { entry.made.remove(); shown.delete(key); }
  if (stay || first) down(); else if (log.scrollTop < 40) log.scrollTop += log.scrollHeight - was;
  first = first && !all.length;
  badge.hidden = !unread || isOpen;
  badge.textContent = unread > 9 ? "9+" : unread;
  launcher.setAttribute("aria-label", isOpen ? W.close : unread ? `${W.open}. ${W.new} ${unread}` : W.open);
  launcher.setAttribute("aria-expanded", isOpen);
  invite();
}
function invite() {
  const waits = list.length && list.every(m => m.mine);
  if (offer.firstChild) { offer.hidden = !waits && !offer.contains(root.getRootNode().activeElement); return; }
  if (emailed || !waits) return;
  offer.hidden = false;
  if (!C.mail) { offer.append(h("p", {}, W.stay)); return; }
  const field = h("input", { type: "email", required: true, autocomplete: "email", id: "mail", dir: "ltr", placeholder: "name@example.com" });
  offer.append(h("form", { novalidate: true, onsubmit: async event => {
    event.preventDefault();
    try {
      await ask("/email", { email: field.value });
      emailed = true;
      save();
      offer.replaceChildren(h("p", {}, W.kept + " ", h("bdi", {}, field.value)));
    } catch (no) { tell(no.status === 422 ? W.wrong : no.status === 409 ? W.stay : why(no)); field.focus(); }
  } }, h("label", { for: "mail" }, W.ask), h("div", { class: "row" }, field, h("button", {}, W.save))));
}
function toggle(open) {
  isOpen = open;
  panel.hidden = !open;
  root.classList.toggle("open", open);
  try { if (token) sessionStorage[store] = open ? 1 : ""; } catch { /* not kept */ }
  draw();
  if (open) { down(); box.focus(); refresh(); }
}
async function attach(chosen) {
  if (chosen.size > C.bytes) { tell(W.large); return; }
  const each = { name: chosen.name, mime: chosen.type };
  const drop = () => { files = files.filter(f => f !== each); chip.remove(); };
  const chip = h("li", {}, h("bdi", {}, chosen.name), button(W.drop, "M6 6l12 12M18 6L6 18", () => {
    drop();
    box.focus();
  }));
  files.push(each);
  chips.append(chip);
  each.chip = chip;
  each.ready = (async () => {
    try {
      if (!token) await sign();
      Object.assign(each, await ask("/uploads", chosen, {
        "Content-Type": "application/octet-stream", "X-Heed-Name": encodeURIComponent(chosen.name) }));
      tell("");
    } catch (no) {
      tell(W[no.code] || why(no));
      drop();
    }
  })();
}
async function post() {
  await Promise.all(files.map(f => f.ready));
  const text = box.value.trim();
  if (!text && !files.length) return;
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, "0")).join("");
  unsent.push({ id, text, at: new Date().toISOString(), files: files.map(({ id, name, mime }) => ({ id, name, mime })) });
  files = [];
  chips.replaceChildren();
  box.value = "";
  grow();
  save();
  draw();
  down();
  flush();
}

// A link out of a mail goes on with the conversation it was about. Whose it is is asked first: anyone
// can send a link of their own.
async function back(code) {
  const said = await ask("/returns", { code, language: lang });
  if (!said.text) return;
  const choice = (words, chosen) => h("button", { onclick: chosen }, words);
  tell(said.text);
  if (said.yes) status.append(choice(said.yes, async () => {
    tell("");
    const taken = await ask("/returns", { code, language: lang, take: true });
    if (!taken.token) { tell(taken.text); return; }
    ({ token } = taken);
    emailed = true;
    unsent = [];
    list = [];
    save();
    if (stream) { stream.abort(); stream = null; }
    refresh();
    listen();
  }), choice(said.no, () => tell("")));
}

// ---------------------------------------------------------------------------------------------- begin
async function begin() {
  const place = h("div", { id: "heed-chat" }), inside = place.attachShadow({ mode: "open" });
  const style = new CSSStyleSheet();
  style.replaceSync(`:host{--brand:${C.colour};--brand-ink:${C.ink}}` + S);
  inside.adoptedStyleSheets = [style];
  inside.append(root);
  document.body.append(place);
  const link = /^#heed-chat=(.+)$/.exec(location.hash);
  unsent = user ? along() : waits();
  if (link) history.replaceState(null, "", location.pathname + location.search);
  draw();
  if (user) await sign().catch(() => {});
  try { if (link || (token && sessionStorage[store])) toggle(true); } catch { /* not kept */ }
  if (link && !user) back(link[1]).catch(() => {});
  await refresh();
  listen();
  if (unsent.length) flush();
}
addEventListener("storage", event => {
  if (event.key !== store || user) return;
  const was = token, now = load();
  if (token !== was) list = [];
  refresh();
  // Until the first message has arrived there is nothing to listen to.
  if ((now.unsent || []).every(n => n.done)) listen();
});
document.addEventListener("visibilitychange", async () => {
  if (!document.hidden) { refresh(); listen(); return; }
  await wait(20);
  if (document.hidden && stream) { stream.abort(); stream = null; }
});
addEventListener("online", () => { pause = 1; listen(); });
Object.assign(window.heedChat, { open: () => toggle(true), close: () => toggle(false) });
if (document.body) begin(); else addEventListener("DOMContentLoaded", begin);
