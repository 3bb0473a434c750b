// Choosing many tickets, by mouse or keyboard, and doing one thing to all of them; it can be taken back.
import { moment } from "heed/later";
import { openNumber } from "heed/panes";
import { headers, post } from "heed/request";
import { sayTrouble } from "heed/toasts";
import { sentence } from "heed/sentences";

const chosen = new Set();
let last = null; // from here a choice with shift reaches
let all = false;
let loading = null;

function rows() {
  return [...document.querySelectorAll("#tickets li.ticket:not([hidden])")];
}

function numberOf(row) {
  return row.id.slice(1);
}

function bar() {
  return document.getElementById("many");
}

function mark() {
  for (const row of document.querySelectorAll("#tickets li.ticket")) {
    const picked = all || chosen.has(numberOf(row));
    row.classList.toggle("picked", picked);
    const name = row.querySelector("a.name");
    if (picked) name?.setAttribute("aria-description", sentence("chosen"));
    else name?.removeAttribute("aria-description");
  }
}

/** Swap a part for what the server sent, and let htmx see to it. */
function replace(part, html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  const fresh = template.content.firstElementChild;
  part.replaceWith(fresh);
  htmx.process(fresh);
  return fresh;
}

async function ready() {
  if (bar().hasAttribute("data-ready")) return;
  loading ??= fetch(bar().dataset.bar, { headers: headers() });
  const response = await loading;
  loading = null;
  if (response.ok && !bar().hasAttribute("data-ready")) replace(bar(), await response.text());
}

async function shown() {
  const count = chosen.size;
  if (count || all) await ready().catch(() => {});
  mark();
  const toolbar = bar();
  toolbar.hidden = !(chosen.size || all);
  const words = toolbar.querySelector("[data-chosen]");
  if (words) words.textContent = all ? sentence("allChosen") : `${chosen.size} ${sentence("chosen")}`;
  toolbar.querySelector("[data-all]")?.setAttribute("aria-pressed", String(all));
}

function none() {
  chosen.clear();
  all = false;
  last = null;
  shown();
}

/** Choose a row, or no longer; with `reach` all from the one chosen last. */
function choose(row, reach = false) {
  all = false;
  const list = rows();
  const from = reach && last ? list.findIndex((each) => numberOf(each) === last) : -1;
  const to = list.indexOf(row);
  if (from >= 0) {
    for (const each of list.slice(Math.min(from, to), Math.max(from, to) + 1)) chosen.add(numberOf(each));
  } else if (!chosen.delete(numberOf(row))) chosen.add(numberOf(row));
  last = numberOf(row);
  shown();
}

/** Choose the row that has the focus, else the open ticket's. */
export function chooseHere(reach = false) {
  const row = document.activeElement?.closest?.("li.ticket") ?? document.getElementById(`t${openNumber()}`) ?? rows()[0];
  if (!row) return;
  choose(row, reach);
}

/** Go to what can be done with those chosen. */
export function toBar() {
  if (!bar().hidden) bar().querySelector("button, summary")?.focus();
}

export function chooseAll() {
  all = true;
  chosen.clear();
  shown();
}

async function act(deed, value = "") {
  const fields = new URLSearchParams({ deed, value });
  if (all) {
    fields.set("all", "1");
    fields.set("view", document.body.dataset.view);
    fields.set("account", document.body.dataset.account);
    const query = document.body.dataset.query;
    if (query) fields.set("q", query);
  } else for (const number of chosen) fields.append("numbers", number);
  if (await send(bar().dataset.bar, fields)) none();
}

async function send(url, fields) {
  const atBar = document.activeElement?.closest("#many, #sweep"); // what was pressed goes away
  try {
    const response = await post(url, fields);
    const told = replace(document.getElementById("sweep"), await response.text());
    told.hidden = false;
    if (atBar) told.querySelector("button")?.focus();
    document.dispatchEvent(new CustomEvent("heed:sent"));
    return true;
  } catch (error) {
    sayTrouble(error);
    return false;
  }
}

async function follow(part) {
  const response = await fetch(part.dataset.at, { headers: headers() });
  if (response.ok) replace(document.getElementById("sweep"), await response.text()).hidden = false;
}

document.addEventListener("heed:nudge", ({ detail: { topics } }) => {
  const part = document.getElementById("sweep");
  if (part?.hasAttribute("data-running") && topics.some((each) => each === `sweep:${part.dataset.sweep}` || each === "all")) follow(part).catch(() => {});
});

document.addEventListener("click", (event) => {
  const target = event.target;
  const row = target.closest?.("#tickets li.ticket");
  if (row && (event.shiftKey || event.ctrlKey || event.metaKey || target.closest(".avatar"))) {
    event.preventDefault();
    event.stopImmediatePropagation();
    getSelection()?.removeAllRanges();
    choose(row, event.shiftKey);
    return;
  }
  if (target.closest?.("#many [data-all]")) return all ? none() : chooseAll();
  if (target.closest?.("#many [data-none]")) return none();
  const deed = target.closest?.("#many [data-deed]");
  if (deed) act(deed.dataset.deed, deed.dataset.until ? moment(deed.dataset.until).toISOString() : deed.dataset.value);
  const undo = target.closest?.("#sweep [data-undo]");
  if (undo) send(undo.dataset.undo, new URLSearchParams());
  if (target.closest?.("[data-close-sweep]")) document.getElementById("sweep").hidden = true;
}, true);

document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("[data-own-tag]");
  if (!form) return;
  event.preventDefault();
  act(event.submitter?.dataset.deedOf ?? "tag", form.elements.tag.value);
  form.closest("details").open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && (chosen.size || all) && !event.target.closest?.("input, textarea, dialog")) none();
});

document.addEventListener("htmx:after:swap", mark);
