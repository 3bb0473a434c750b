// Keys and what they do. The table of actions comes with the page (the cheat sheet holds it, with the person's
// own keys); what each one does is said by the module that knows how. Single keys never act while one types.
import { ticketIsComing } from "heed/panes";

const deeds = {};
let early = []; // what was pressed for a ticket that is not here yet

/** Say what actions do: names of the table, each with a function. */
export function provide(more) {
  Object.assign(deeds, more);
}

/** Do an action of the table; false where this page does not know it. */
export function act(name) {
  deeds[name]?.();
  return name in deeds;
}

/** Whether an action can be done on this page. */
export function can(name) {
  return name in deeds;
}

/** Somebody writes, or a window stands open that has keys of its own. */
function typing(target) {
  return target.closest?.("input, textarea, select, [contenteditable], dialog[open]");
}

/** The key as it is printed on a Latin keyboard: an Arabic or Cyrillic one has the same keys in the same places. */
function latin(event) {
  if (/^[ -~]$/.test(event.key)) return event.key;
  if (event.code === "Slash") return event.shiftKey ? "?" : "/";
  if (!/^Key[A-Z]$/.test(event.code)) return event.key;
  return event.shiftKey ? event.code.slice(3) : event.code.slice(3).toLowerCase();
}

/** A pressed key as the table writes it: `r`, `X`, `Ctrl k`, `Alt Shift 2`. */
export function pressed(event) {
  const held = event.ctrlKey || event.metaKey ? "Ctrl " : event.altKey ? "Alt " : "";
  if (!held) return latin(event);
  const letter = /^(?:Key|Digit)([A-Z0-9])$/.exec(event.code)?.[1].toLowerCase();
  if (!letter || event.getModifierState("AltGraph") || (event.ctrlKey && event.altKey)) return "";
  return `${held}${event.shiftKey ? "Shift " : ""}${letter}`;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented) return;
  if (event.target.matches?.("[data-key-field]")) return choose(event);
  const key = pressed(event);
  if (key.length < 2 && typing(event.target)) return;
  const row = key && document.querySelector(`#keys [data-key="${CSS.escape(key)}"]`);
  if (!row || !can(row.dataset.action)) return;
  event.preventDefault();
  if (row.dataset.place === "ticket" && ticketIsComing()) early.push(row.dataset.action);
  else act(row.dataset.action);
});

// A key pressed while a ticket is on its way is meant for that one. Several are rather words for a field that is
// not here yet, and do nothing.
document.addEventListener("heed:came", ({ detail: { came } }) => {
  const [only, ...more] = early;
  early = [];
  if (only && came && !more.length) act(only);
});

/** In the preferences a key is given by pressing it; Tab goes on, Backspace takes it away. */
function choose(event) {
  if (["Tab", "Enter", "Escape", "Shift", "Control", "Alt", "Meta", "AltGraph"].includes(event.key)) return;
  const key = ["Backspace", "Delete"].includes(event.key) ? "" : pressed(event);
  if (key.length > 1 && !key.includes(" ")) return;
  event.preventDefault();
  event.target.value = key;
}
