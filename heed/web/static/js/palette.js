// Everything there is to go to and to do, found by a few letters: views, accounts, settings, tickets, people,
// and what can be done with the open ticket. The server names what this person may; menus of the page add
// their choices.
import { fill } from "heed/crew";
import { openNumber } from "heed/panes";
import { headers } from "heed/request";
import { act, can, provide } from "heed/shortcuts";

const MOST = 12;
const WAIT = 150;
const MENUS = { assign: ["assignee"], more: ["ticket-menu"], later: ["later"] };
const LIKE = { ө: "о", ү: "у", ё: "е", ى: "ي", ة: "ه", đ: "d", ł: "l" };

const dialog = document.getElementById("palette");
const field = dialog?.querySelector("input");
const box = dialog?.querySelector("[role=listbox]");
let offered = [];
let loaded = Promise.resolve();
let found = [];
let shown = [];
let at = 0;
let timer = null;

/** Letters that are meant alike: without marks and capitals, and variants of one letter as one. */
export function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase().replace(/[өүёىةđł]/g, (letter) => LIKE[letter]);
}

/** How well words fit what is asked: each asked word begins one of them, stands in them, or its letters do in
 * this order. 0 when one does not fit. */
export function fits(words, asked) {
  let sum = 0;
  for (const part of plain(asked).split(/\s+/).filter(Boolean)) {
    const worth = fit(plain(words), part);
    if (!worth) return 0;
    sum += worth;
  }
  return sum - words.length / 1000;
}

function fit(words, part) {
  if (words.startsWith(part)) return 4;
  if (words.split(/[^\p{L}\p{N}#]+/u).some((word) => word.startsWith(part))) return 3;
  if (words.includes(part)) return 2;
  let from = 0;
  for (const letter of part) {
    from = words.indexOf(letter, from) + 1;
    if (!from) return 0;
  }
  return part.length > 1 ? 1 : 0;
}

// ------------------------------------------------------------------ what is offered

/** What the server offers; nothing where the line broke or one was signed out. */
async function ask(url, query) {
  try {
    const response = await fetch(`${url}?${new URLSearchParams(query)}`, { headers: headers() });
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}

/** The choices of a menu as rows, each under its heading. The menu may be drawn anew before one is chosen. */
function choices(deed) {
  return buttons(deed).map((row) => ({ ...row, run: () => buttons(deed).find(alike(row))?.button.click() }));
}

function buttons(deed) {
  const rows = [];
  for (const id of MENUS[deed.name] ?? []) {
    let group = deed.words;
    for (const button of document.querySelectorAll(`#${id} .items :is(h3, button)`)) {
      if (button.matches("h3")) group = button.textContent.trim();
      else if (!button.closest("form")) rows.push({ words: words(button), group, button });
    }
  }
  return rows;
}

/** Whether a row says the same as this one. */
function alike(row) {
  return (other) => other.words === row?.words && other.group === row?.group;
}

function words(button) {
  const copy = button.cloneNode(true);
  for (const each of copy.querySelectorAll("small, [aria-hidden]")) each.remove();
  return copy.textContent.trim().replace(/\s+/g, " ");
}

async function load() {
  const ticket = openNumber();
  const { goals = [], deeds = [] } = await ask(dialog.dataset.from, ticket ? { ticket } : {});
  await fill(document.getElementById("assignee"));
  const here = deeds.filter(({ name }) => name !== "palette" && can(name));
  const doing = here.map((deed) => ({ ...deed, group: deed.place, run: () => act(deed.name) }));
  const going = goals.map((goal) => ({ ...goal, run: () => location.assign(goal.url) }));
  offered = [...doing, ...here.flatMap(choices), ...going];
  if (dialog.open) tell();
}

/** Tickets and people come from the server, a moment after the last letter. */
function look() {
  clearTimeout(timer);
  const asked = field.value.trim();
  found = [];
  if (asked) {
    timer = setTimeout(async () => {
      const { items = [] } = await ask(dialog.dataset.found, { q: asked });
      if (field.value.trim() !== asked) return;
      found = items.map((item) => ({ ...item, run: () => location.assign(item.url) }));
      tell();
    }, WAIT);
  }
}

// ------------------------------------------------------------------ showing and choosing

function tell() {
  const asked = field.value.trim();
  const before = shown[at];
  const ranked = offered.map((row) => ({ row, worth: asked ? fits(`${row.words} ${row.group}`, asked) : 1 }));
  const fitting = ranked.filter(({ worth }) => worth > 0).sort((one, other) => other.worth - one.worth);
  const first = /^#?\d+$/.test(asked) ? found : [];
  // What only has the letters somewhere comes after the tickets and people that have the word.
  const least = 2 * asked.split(/\s+/).length - 0.5;
  const well = fitting.filter(({ worth }) => worth > least).slice(0, MOST);
  const loosely = fitting.filter(({ worth }) => worth <= least).slice(0, MOST - well.length);
  shown = [...first, ...well.map(({ row }) => row), ...(first.length ? [] : found), ...loosely.map(({ row }) => row)];
  box.replaceChildren(...shown.map(line));
  box.hidden = !shown.length;
  dialog.querySelector("[data-nothing]").hidden = Boolean(shown.length) || !asked;
  point(at && Math.max(shown.findIndex(alike(before)), 0)); // nobody moved yet: the best is chosen
}

function line(row, index) {
  const item = document.createElement("li");
  item.id = `palette-${index}`;
  item.setAttribute("role", "option");
  item.dataset.index = index;
  const what = document.createElement("bdi");
  what.textContent = row.words;
  const where = document.createElement("small");
  where.textContent = row.group;
  item.append(what, where);
  if (row.key) {
    const key = document.createElement("kbd");
    key.textContent = row.key;
    item.append(key);
  }
  return item;
}

function point(to) {
  at = shown.length ? (to + shown.length) % shown.length : 0;
  [...box.children].forEach((each, index) => each.setAttribute("aria-selected", String(index === at)));
  if (shown.length) field.setAttribute("aria-activedescendant", `palette-${at}`);
  else field.removeAttribute("aria-activedescendant");
  box.children[at]?.scrollIntoView({ block: "nearest" });
}

function choose(row) {
  if (!row) return;
  dialog.close(); // the focus goes back to where it was: what is chosen works there
  row.run();
}

function open() {
  if (dialog.open) return dialog.close();
  for (const other of document.querySelectorAll("dialog[open]")) other.close();
  field.value = "";
  found = [];
  at = 0;
  tell();
  dialog.showModal();
  loaded = load();
}

/** Somebody who types fast chooses before all of it is there. */
async function chooseWhenLoaded() {
  await loaded;
  if (dialog.open) choose(shown[at]);
}

if (dialog) {
  provide({ palette: open });
  field.addEventListener("input", () => {
    at = 0;
    shown = [];
    look();
    tell();
  });
  field.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) point(at + steps[event.key]);
    else if (event.key === "Enter" && !event.isComposing) chooseWhenLoaded();
    else return;
    event.preventDefault();
  });
  box.addEventListener("click", (event) => choose(shown[event.target.closest("li")?.dataset.index]));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}
