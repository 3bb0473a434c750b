// Whom a note can mention: begin with @, choose with the arrows and Enter.
import { openComposer } from "heed/composer";
import { openNumber } from "heed/panes";
import { headers } from "heed/request";

const known = new Map();
const MOST = 8;
let box = null;
let at = 0;

async function names() {
  const number = openNumber();
  if (!known.has(number)) {
    known.clear();
    const request = fetch(`/tickets/${number}/mentionable/`, { headers: headers() });
    known.set(number, request.then((response) => (response.ok ? response.json() : { names: [] })).catch(() => ({ names: [] })));
  }
  return (await known.get(number)).names;
}

/** What stands between the last @ and the cursor, or null. */
function begun(field) {
  const before = field.value.slice(0, field.selectionStart);
  return /(?:^|[^\p{L}\p{N}_@.])@([\p{L}\p{N}_. ]{0,40})$/u.exec(before)?.[1] ?? null;
}

function close(field) {
  box?.remove();
  box = null;
  field?.removeAttribute("aria-activedescendant");
  field?.removeAttribute("aria-controls");
}

function point(field, to) {
  const all = [...box.children];
  at = (to + all.length) % all.length;
  all.forEach((each, index) => each.setAttribute("aria-selected", String(index === at)));
  field.setAttribute("aria-activedescendant", all[at].id);
  all[at].scrollIntoView({ block: "nearest" });
}

async function offer(field) {
  const words = openComposer()?.visibility === "note" ? begun(field) : null;
  if (words === null) return close(field);
  const wanted = words.toLocaleLowerCase();
  const found = (await names()).filter((each) => each.name.toLocaleLowerCase().startsWith(wanted) || each.name.toLocaleLowerCase().split(" ").some((part) => wanted && part.startsWith(wanted)));
  if (begun(field) !== words) return;
  if (!found.length || found.some((each) => each.name.toLocaleLowerCase() === wanted)) return close(field);
  show(field, found.slice(0, MOST));
}

function show(field, found) {
  close(field);
  box = document.createElement("ul");
  box.id = "mentionable";
  box.className = "mentionable";
  box.setAttribute("role", "listbox");
  found.forEach((each, index) => {
    const line = document.createElement("li");
    line.id = `mentionable-${index}`;
    line.setAttribute("role", "option");
    line.dataset.name = each.name;
    const name = document.createElement("bdi");
    name.textContent = each.name;
    const what = document.createElement("small");
    what.textContent = each.what;
    line.append(name, " ", what);
    box.append(line);
  });
  box.setAttribute("aria-label", "@");
  field.before(box);
  field.setAttribute("aria-controls", box.id);
  point(field, 0);
}

function take(field, name) {
  const end = field.selectionStart;
  const start = end - begun(field).length;
  field.setRangeText(`${name} `, start, end, "end");
  close(field);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("#composer textarea")) offer(event.target);
});

document.addEventListener("keydown", (event) => {
  if (!box || !event.target.matches?.("#composer textarea")) return;
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in steps) point(event.target, at + steps[event.key]);
  else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") take(event.target, box.children[at].dataset.name);
  else if (event.key === "Escape") close(event.target);
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

document.addEventListener("pointerdown", (event) => {
  const line = event.target.closest?.(".mentionable li");
  if (!line) return close(document.querySelector("#composer textarea"));
  event.preventDefault();
  take(document.querySelector("#composer textarea"), line.dataset.name);
});
