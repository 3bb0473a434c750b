// The box above the list: it searches everything while one types, proposes what could go on, and shows
// where a condition cannot be understood. `#4182` and Enter go to that ticket.
import { Completion, letters } from "heed/completion";
import { sentence } from "heed/sentences";
import { say } from "heed/toasts";

const PAUSE = 180;
const form = document.querySelector("[data-finder]");
const field = form?.elements.q;
const shade = form?.querySelector(".shade");
const list = form?.querySelector(".proposals");
const mistake = document.getElementById("mistake");
const body = document.body.dataset;

let shown = field?.value ?? "";
let timer = null;
let asking = null;

/** A word was put in for another: what stands there now is looked for at once. */
function changed() {
  complain(null);
  look();
}

const completion = form && new Completion(field, list, form.dataset.complete, changed);

function number() {
  return field.value.trim().match(/^#(\d{1,18})$/)?.[1];
}

function address(url, fields) {
  return `${url}?${new URLSearchParams(fields)}`;
}

/** Ask the server; a newer question ends an older one. */
async function ask(url, signal) {
  return fetch(url, { headers: { "HX-Request": "true" }, signal });
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(look, PAUSE);
}

async function look() {
  const text = field.value;
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  try {
    const [, wrong] = await Promise.all([completion.propose(signal), text.trim() === shown.trim() ? null : find(text, signal)]);
    // What is still being written is no mistake yet.
    if (wrong && !signal.aborted && !(completion.found.length && wrong.end >= [...text].length)) complain(wrong);
  } catch (error) {
    if (error.name !== "AbortError") say();
  }
}

/** Show what fits; gives back what is wrong with the condition, if it cannot be understood. */
async function find(text, signal) {
  if (!text.trim() && body.view !== "search") return null;
  const response = await ask(address(form.dataset.rows, { q: text }), signal);
  if (response.status === 422) return response.json();
  if (!response.ok) throw new Error(response.statusText);
  const html = await response.text();
  if (!signal.aborted) {
    complain(null);
    show(text, html);
  }
  return null;
}

/** The list now holds what was found, and the address says so. */
function show(text, html) {
  const rows = document.getElementById("tickets");
  rows.innerHTML = html;
  htmx.process(rows);
  rows.scrollTop = 0;
  shown = text;
  body.view = "search";
  body.account = "";
  body.query = text;
  body.base = form.getAttribute("action");
  document.querySelector("#queue h1 bdi").textContent = form.dataset.title;
  document.getElementById("count").textContent = "";
  document.querySelector("#sections [aria-current]")?.removeAttribute("aria-current");
  const keep = document.querySelector("a[data-keep]");
  keep.hidden = !text.trim();
  keep.href = address(form.dataset.keep, { q: text });
  history.replaceState({ htmx: true }, "", address(body.base, { q: text }));
}

/** Underline the word that is wrong, and say why and what was perhaps meant. */
function complain(wrong) {
  mistake.hidden = !wrong;
  mistake.replaceChildren();
  field.setAttribute("aria-invalid", String(Boolean(wrong)));
  if (!wrong) return underline(null);
  mistake.append(wrong.sentence);
  if (wrong.suggestion) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.dataset.suggestion = wrong.suggestion;
    const word = document.createElement("bdi");
    word.textContent = wrong.suggestion;
    button.append(word);
    mistake.append(` ${form.dataset.meant} `, button);
  }
  mistake.dataset.position = wrong.position;
  mistake.dataset.end = wrong.end;
  underline(wrong);
}

// An input cannot mark a part of itself: the same text stands behind it, with a line under the word.
function underline(wrong) {
  const text = field.value;
  shade.replaceChildren();
  if (!wrong) return;
  const start = Math.min(letters(text, wrong.position), text.length);
  const end = Math.max(letters(text, wrong.end), start + 1);
  const word = document.createElement("span");
  word.className = "wrong";
  word.textContent = text.slice(start, end) || "\u00a0";
  shade.append(text.slice(0, start), word, text.slice(end));
  follow();
}

function follow() {
  shade.scrollLeft = field.scrollLeft;
}

field?.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.key !== "ArrowDown") return;
  event.preventDefault();
  document.querySelector("#tickets a.name")?.focus();
});

mistake?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-suggestion]");
  if (button) completion.replace(Number(mistake.dataset.position), Number(mistake.dataset.end), button.dataset.suggestion);
});

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const wanted = number();
  if (wanted) return location.assign(`/tickets/${wanted}/`);
  clearTimeout(timer);
  const text = field.value;
  await look();
  if (field.value !== text) return; // one writes on
  completion.shut();
  const first = document.querySelector("#tickets li.ticket a.name");
  if (first) first.focus();
  else if (mistake.hidden) say(sentence("none"));
});

field?.addEventListener("input", () => {
  complain(null);
  later();
});
field?.addEventListener("focus", later);
field?.addEventListener("scroll", follow);
if (mistake?.dataset.position) underline({ position: Number(mistake.dataset.position), end: Number(mistake.dataset.end) });
