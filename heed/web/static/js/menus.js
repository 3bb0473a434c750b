// Menus are <details class="menu">: one open at a time, closed by Escape, by a choice or a click outside.
// Up and down go through them, Home and End to their ends; a menu opened by a key begins at its first.
import { act, provide } from "heed/shortcuts";

function close(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  const menu = event.target.closest?.("details.menu");
  const chosen = event.target.closest?.(".items button, .items a");
  // Who chose by keyboard stays where the menu is, unless the choice leads elsewhere.
  if (menu && chosen && event.detail === 0 && chosen === document.activeElement) menu.querySelector("summary").focus();
  close(chosen ? null : menu);
});

/** A menu opens to where there is room: what scrolls would cut it off. */
function place(menu) {
  const items = menu.querySelector(".items");
  const frame = (menu.closest(".log") ?? document.documentElement).getBoundingClientRect();
  const around = menu.getBoundingClientRect();
  const top = Math.max(frame.top, 0);
  const bottom = Math.min(frame.bottom, innerHeight);
  const fitsBelow = around.bottom + items.offsetHeight + 8 <= bottom;
  const fitsAbove = around.top - items.offsetHeight - 8 >= top;
  items.style.translate = "";
  const { left, right } = items.getBoundingClientRect();
  const beside = Math.max(0, 8 - left) - Math.max(0, right - (innerWidth - 8));
  if (beside) items.style.translate = `${beside}px`;
  if (!fitsBelow || !fitsAbove) menu.classList.toggle("up", !fitsBelow && (fitsAbove || around.top - top > bottom - around.bottom));
}

document.addEventListener("toggle", (event) => {
  if (event.target.open && event.target.matches?.("details.menu")) place(event.target);
}, true);

// What the server sent anew does not know where an open menu stands.
document.addEventListener("htmx:after:swap", () => {
  for (const menu of document.querySelectorAll("details.menu[open]")) place(menu);
});

document.addEventListener("heed:grown", ({ detail: { menu } }) => place(menu));

function choices(menu) {
  return [...menu.querySelectorAll(".items :is(button, a):not(:disabled)")].filter((each) => each.checkVisibility());
}

/** What has the focus first: the field that finds, where there is one. */
function first(menu) {
  return menu.querySelector(".items [data-filter]") ?? choices(menu)[0];
}

/** Where a key leads from a choice: the arrows across go through a row of reactions. */
function next(key, all, at) {
  const across = document.documentElement.dir === "rtl" ? { ArrowLeft: 1, ArrowRight: -1 } : { ArrowLeft: -1, ArrowRight: 1 };
  const step = { ArrowDown: 1, ArrowUp: -1, ...(all[at]?.closest("[role=group]") ? across : {}) }[key];
  if (key === "Home") return all[0];
  if (key === "End") return all.at(-1);
  if (!step) return null;
  return at < 0 ? all.at(step > 0 ? 0 : -1) : all[(at + step + all.length) % all.length];
}

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu");
  if (!menu || event.ctrlKey || event.metaKey || event.altKey) return;
  const summary = event.target.matches("summary");
  if (summary && (event.key === "ArrowDown" || event.key === "ArrowUp")) menu.open = true;
  if (!menu.open || (event.target.matches("[data-filter]") && !/^Arrow(Up|Down)$/.test(event.key))) return;
  const all = choices(menu);
  const found = next(event.key, all, all.indexOf(event.target));
  if (!found) return;
  event.preventDefault();
  found.focus();
});

/** Open a menu for somebody at the keyboard: its first choice has the focus. */
export function openMenu(menu) {
  close(menu);
  menu.open = true;
  first(menu)?.focus();
}

document.addEventListener("click", (event) => {
  const summary = event.target.closest?.("details.menu > summary");
  if (!summary || event.detail !== 0 || summary.parentElement.open) return;
  requestAnimationFrame(() => { // by Enter or Space; who was quicker is further on already
    if (document.activeElement === summary) first(summary.parentElement)?.focus();
  });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.menu[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
  event.stopImmediatePropagation();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-open-nav]");
  if (!opener) return;
  const open = opener.closest(".nav").classList.toggle("open");
  opener.setAttribute("aria-expanded", String(open));
});

provide({
  notices: () => document.getElementById("bell") && openMenu(document.getElementById("bell")),
  take: () => document.getElementById("next")?.click(),
  keys: () => document.getElementById("keys")?.showModal(),
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-keys]")) act("keys");
});
