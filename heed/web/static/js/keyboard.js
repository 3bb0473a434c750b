// One key for what one does all day. Never while one types.
import { openComposer } from "heed/composer";
import { chooseAll, chooseHere, toBar } from "heed/many";
import { openMenu } from "heed/menus";

function typing(target) {
  return target.closest?.("input, textarea, select, [contenteditable], dialog[open]");
}

function move(step) {
  const rows = [...document.querySelectorAll("#tickets li.ticket:not([hidden])")];
  if (!rows.length) return;
  const here = document.activeElement?.closest?.("li.ticket") ?? document.querySelector(".ticket[aria-current]");
  const at = here ? rows.indexOf(here) : step > 0 ? -1 : rows.length;
  const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  document.body.dataset.pane = "queue";
  next.querySelector("a.name").focus();
  next.scrollIntoView({ block: "nearest" });
}

function write(note) {
  const composer = openComposer();
  if (!composer) return;
  if (note) composer.choose("note");
  else if (composer.visibility === "note") composer.choose(composer.ways[0].dataset.way);
  composer.field.focus();
}

/** What can be done with a message: the one that has the focus, else the customer's last, else the last. */
function actOnMessage() {
  const here = document.activeElement?.closest?.("#log .msg");
  const all = [...document.querySelectorAll("#log .msg:has(details.menu)")];
  const message = here ?? all.findLast((each) => !each.matches(".out")) ?? all.at(-1);
  const menu = message?.querySelector("details.menu");
  if (!menu) return;
  message.scrollIntoView({ block: "nearest" });
  openMenu(menu);
}

/** From message to message, upwards or downwards. */
function walk(step) {
  const all = [...document.querySelectorAll("#log .msg:has(details.menu)")];
  const here = document.activeElement?.closest?.("#log .msg");
  const next = here ? all[all.indexOf(here) + step] : all.at(-1);
  if (!next) return;
  next.scrollIntoView({ block: "nearest" });
  next.querySelector("details.menu > summary").focus();
}

/** Open a menu by its id; false where there is none. */
function menu(id) {
  const found = document.getElementById(id);
  if (found) openMenu(found);
  return Boolean(found);
}

/** Go to a field of the customer's pane, which may be hidden. */
function field(selector) {
  const found = document.querySelector(`#who ${selector}`);
  if (!found) return;
  if (!found.checkVisibility()) document.body.classList.add("about");
  found.focus();
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  e: () => document.querySelector("#ticket [data-answered]")?.click(),
  r: () => write(false),
  n: () => write(true),
  m: () => actOnMessage(),
  u: () => walk(-1),
  d: () => walk(1),
  x: () => chooseHere(),
  X: () => chooseHere(true),
  "*": () => chooseAll(),
  b: () => toBar(),
  z: () => menu("later"),
  s: () => menu("ticket-menu"),
  a: () => menu("assignee"),
  c: () => document.querySelector("#ticket .mine")?.click(),
  g: () => document.getElementById("next")?.click(),
  t: () => field(".tagging input"),
  i: () => menu("bell"),
  "/": () => document.querySelector("[data-finder] input")?.focus(),
  "?": () => document.getElementById("keys")?.showModal(),
};

/** The key as it is printed on a Latin keyboard: an Arabic or Cyrillic one has the same keys in the same places. */
function latin(event) {
  if (/^[ -~]$/.test(event.key)) return event.key;
  if (event.code === "Slash") return event.shiftKey ? "?" : "/";
  return /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : event.key;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    if (event.target.closest?.("textarea, input")) event.target.blur();
    document.body.classList.remove("about");
    return;
  }
  if (typing(event.target)) return;
  const act = keys[latin(event)];
  if (!act) return;
  event.preventDefault();
  act();
});
