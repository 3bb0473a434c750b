// What the actions of the inbox do; their keys stand in the table of actions.
import { openComposer } from "heed/composer";
import { chooseAll, chooseHere, toBar } from "heed/many";
import { openMenu } from "heed/menus";
import { provide } from "heed/shortcuts";

function rows() {
  return [...document.querySelectorAll("#tickets li.ticket:not([hidden])")];
}

/** The row one is at: the one that has the focus, else that of the open ticket. */
function here() {
  return document.activeElement?.closest?.("li.ticket") ?? document.querySelector(".ticket[aria-current]");
}

// What was answered may leave the list: one goes on where it stood, not at the top again.
let below = null; // the numbers of the rows under the one that one was at last
document.addEventListener("htmx:before:swap", () => {
  const all = rows();
  const at = all.indexOf(here());
  if (at >= 0) below = all.slice(at + 1).map((row) => row.id);
});

/** Where the steps are counted from in a list without the row one was at. */
function gap(all, step) {
  if (!below) return step > 0 ? -1 : all.length;
  const after = all.findIndex((row) => below.includes(row.id));
  const to = after < 0 ? all.length : after;
  return step > 0 ? to - 1 : to;
}

function move(step) {
  const all = rows();
  if (!all.length) return;
  const row = here();
  const at = row ? all.indexOf(row) : gap(all, step);
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
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

/** What stands in the pane beside, opened for somebody at the keyboard. */
function matters() {
  const found = document.getElementById("matters");
  if (!found) return;
  if (!found.checkVisibility()) document.body.classList.add("about");
  found.open = true;
  found.querySelector("summary").focus();
}

const press = (selector) => document.querySelector(selector)?.click();

provide({
  next: () => move(1),
  previous: () => move(-1),
  answered: () => press("#ticket [data-answered]"),
  reply: () => write(false),
  privately: () => openComposer()?.privately(),
  note: () => write(true),
  message: () => actOnMessage(),
  above: () => walk(-1),
  below: () => walk(1),
  choose: () => chooseHere(),
  choose_to: () => chooseHere(true),
  choose_all: () => chooseAll(),
  chosen: () => toBar(),
  later: () => menu("later"),
  more: () => menu("ticket-menu"),
  assign: () => menu("assignee"),
  claim: () => press("#ticket .mine"),
  tag: () => field(".tagging input"),
  matters: () => matters(),
  customer: () => press("#head [data-about]"),
  search: () => document.querySelector("[data-finder] input")?.focus(),
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.key !== "Escape") return;
  if (event.target.closest?.("textarea, input")) event.target.blur();
  document.body.classList.remove("about");
});
