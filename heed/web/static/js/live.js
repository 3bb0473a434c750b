// News from the server: a nudge says what changed, the page fetches those parts and morphs them in.
// What one types, where one reads and which menus are open stays as it is.
import { sentence } from "heed/sentences";
import { listen } from "heed/stream";
import { openNumber } from "heed/panes";

const body = document.body.dataset;
const GATHER = 16; // the server keeps nudges apart; here only what comes in one breath is gathered
const LONGEST_WAIT = 15e3;
const LOADING = 20e3; // longer than a ticket takes to load
const MOST_TOLD = 1000;
const FADES = 6e3;

let seen = Number(body.seen || 0);
let wanted = new Set();
let timer = null;
let busy = false;
let lost = null;
const told = new Map(); // when one was last told of a topic
let fades = null;
let missed = false; // the line was down: who knows what happened
let fell = false; // what was fetched last did not come
let pause = 1000; // before it is fetched again

function rowsShown() {
  return document.querySelectorAll("#tickets li.ticket").length;
}

function address() {
  const query = new URLSearchParams();
  if (wanted.has("queue")) {
    query.set("queue", "1");
    query.set("view", body.view);
    query.set("account", body.account);
    if (body.query) query.set("q", body.query);
    query.set("rows", rowsShown());
    query.set("open", openNumber());
  }
  if (wanted.has("ticket") && openNumber()) query.set("ticket", openNumber());
  return query.size ? `${body.news}?${query}` : "";
}

/** Fetch the parts of the page that may have changed: "queue", "ticket". */
export function refresh(...parts) {
  for (const part of parts) wanted.add(part);
  if (!timer && !busy) timer = setTimeout(fetchNews, GATHER);
}

async function fetchNews() {
  timer = null;
  const url = address();
  const asked = wanted;
  wanted = new Set();
  if (!url) return;
  busy = true;
  fell = false;
  try {
    await htmx.ajax("GET", url, { source: document.body, target: document.body, swap: "none", push: "false" });
  } finally {
    busy = false;
    if (fell) later(asked);
    else if (wanted.size) refresh();
    if (!fell) pause = 1000;
  }
}

function later(asked) {
  for (const part of asked) wanted.add(part);
  timer = setTimeout(fetchNews, pause);
  pause = Math.min(pause * 2, LONGEST_WAIT);
}

// Nobody asked for news: that they did not come is not told but made up for. What is refused stays so.
for (const trouble of ["htmx:response:error", "htmx:error"]) {
  document.addEventListener(
    trouble,
    (event) => {
      const { request, response } = event.detail.ctx ?? {};
      if (!body.news || !request?.action?.startsWith(body.news)) return;
      fell = !response || response.status >= 500;
      event.stopPropagation();
    },
    { capture: true },
  );
}

function nudged({ seq, topics }) {
  seen = Math.max(seen, seq);
  if (told.size > MOST_TOLD) told.clear();
  for (const topic of topics) told.set(topic, Date.now());
  document.dispatchEvent(new CustomEvent("heed:nudge", { detail: { topics } }));
  const about = (...names) => names.some((name) => topics.includes(name));
  if (about("queue", "accounts", "all")) refresh("queue");
  if (about(`ticket:${openNumber()}`, "all")) refresh("ticket");
  if (about(`writing:${openNumber()}`)) showWriting();
}

// The customer types: nobody says when they stop, so it fades.
function showWriting() {
  const line = document.getElementById("writing");
  line.hidden = false;
  clearTimeout(fades);
  fades = setTimeout(() => (line.hidden = true), FADES);
}

// A ticket may change between the moment it was asked for and the moment it is on the page.
document.addEventListener("heed:opened", ({ detail: { number } }) => {
  const last = Math.max(told.get(`ticket:${number}`) ?? 0, told.get("all") ?? 0);
  if (Date.now() - last < LOADING) refresh("ticket");
});

function greeted({ seq }) {
  online();
  // The log alone does not tell what one missed: some changes are not in it, others were numbered
  // before they could be seen.
  if (missed || seq > seen) {
    refresh("queue", "ticket");
    document.dispatchEvent(new CustomEvent("heed:nudge", { detail: { topics: ["all"] } }));
  }
  missed = false;
  seen = Math.max(seen, seq);
}

function online() {
  clearTimeout(lost);
  lost = null;
  document.getElementById("offline").hidden = true;
}

function offline() {
  missed = true;
  lost ??= setTimeout(tellLost, 2000);
}

function tellLost() {
  const bar = document.getElementById("offline");
  bar.textContent = sentence("lost");
  bar.hidden = false;
}

if (body.news) {
  listen({ hello: greeted, nudge: nudged, lost: offline });
  addEventListener("offline", tellLost);
  // A stream that broke meanwhile says itself when it is back.
  addEventListener("online", () => lost === null && online());
}
addEventListener("pageshow", (event) => event.persisted && location.reload());

// What one does oneself shows in the list at once, stream or not.
document.addEventListener("htmx:before:response", (event) => {
  const { request, response } = event.detail.ctx;
  if (request.method !== "GET" && response.status < 400) refresh("queue");
});
document.addEventListener("heed:sent", () => refresh("queue"));
