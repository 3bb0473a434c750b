// Quick texts: begin with / in the composer, choose with the arrows and Enter. The server fills them in.
import { openComposer } from "heed/composer";
import { openNumber } from "heed/panes";
import { headers, post } from "heed/request";
import { sentence } from "heed/sentences";
import { say } from "heed/toasts";
import { provide } from "heed/shortcuts";

const MOST = 8;
const known = new Map();
let box = null;
let at = 0;

/** The quick texts for the open ticket, asked for once. */
async function texts() {
  const number = openNumber();
  if (!known.has(number)) {
    known.clear();
    const request = fetch(`/tickets/${number}/quick-texts/`, { headers: headers() });
    known.set(number, request.then((response) => response.json()).catch(() => known.clear()));
  }
  return (await known.get(number))?.items ?? [];
}

/** What stands between the slash and the cursor, or null. */
function begun(field) {
  const before = field.value.slice(0, field.selectionStart);
  return /(?:^|\s)\/([\p{L}\p{N}_-]{0,40})$/u.exec(before)?.[1] ?? null;
}

function close(field) {
  box?.remove();
  box = null;
  field?.removeAttribute("aria-activedescendant");
  field?.removeAttribute("aria-controls");
}

function point(field, to) {
  const all = [...box.querySelectorAll("[role=option]")];
  if (!all.length) return;
  at = (to + all.length) % all.length;
  all.forEach((each, index) => each.setAttribute("aria-selected", String(index === at)));
  field.setAttribute("aria-activedescendant", all[at].id);
  all[at].scrollIntoView({ block: "nearest" });
}

/** Those whose name begins so, then those in whose name or title it stands; of these the most used first. */
function fitting(all, words) {
  const wanted = words.toLocaleLowerCase();
  const worth = ({ name, title }) => (name.startsWith(wanted) ? 2 : `${name} ${title}`.toLocaleLowerCase().includes(wanted) ? 1 : 0);
  return all.filter(worth).sort((one, other) => worth(other) - worth(one)).slice(0, MOST);
}

async function offer(field) {
  const words = begun(field);
  if (words === null) return close(field);
  const all = await texts();
  if (begun(field) !== words) return;
  const found = fitting(all, words);
  if (found.length || !all.length) show(field, found);
  else close(field);
}

function show(field, found) {
  close(field);
  box = document.createElement(found.length ? "ul" : "p");
  box.className = "mentionable";
  if (found.length) {
    box.id = "quick-texts";
    box.setAttribute("role", "listbox");
    box.setAttribute("aria-label", "/");
    field.setAttribute("aria-controls", box.id);
  } else {
    box.setAttribute("role", "status");
    box.textContent = sentence("noQuick");
  }
  box.append(...found.map(line));
  field.before(box);
  point(field, 0);
}

function line(text, index) {
  const item = document.createElement("li");
  item.id = `quick-text-${index}`;
  item.setAttribute("role", "option");
  item.dataset.id = text.id;
  const name = document.createElement("b");
  name.textContent = `/${text.name}`;
  const words = document.createElement("small");
  words.dir = "auto";
  words.textContent = text.text;
  item.append(name, text.language ? ` ${text.language}` : "", " ", words);
  return item;
}

/** Put the filled text where the slash and the letters after it stand. */
async function take(field, id) {
  const number = openNumber();
  const typed = `/${begun(field) ?? ""}`;
  const end = field.selectionStart;
  close(field);
  try {
    const response = await post(`/tickets/${number}/quick-texts/${id}/`, new URLSearchParams());
    const { text } = await response.json();
    if (openNumber() !== number) return;
    const start = field.value.slice(0, end).endsWith(typed) ? end - typed.length : end;
    field.setRangeText(text, start, end, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  } catch (error) {
    say(error.message);
  }
}

/** From outside the field: go there and begin one, in what is being written. */
function begin() {
  const composer = openComposer();
  if (!composer) return;
  composer.field.focus();
  if (begun(composer.field) === null) composer.insert("/");
  offer(composer.field);
}

provide({ quick: begin });

document.addEventListener("input", (event) => {
  if (event.target.matches?.("#composer textarea")) offer(event.target);
});

document.addEventListener("keydown", (event) => {
  if (!box || !event.target.matches?.("#composer textarea")) return;
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  const chosen = box.querySelector("[aria-selected=true]");
  const enters = (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.shiftKey) || event.key === "Tab";
  if (event.key in steps && chosen) point(event.target, at + steps[event.key]);
  else if (enters && chosen) take(event.target, chosen.dataset.id);
  else if (event.key === "Escape") close(event.target);
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

document.addEventListener("pointerdown", (event) => {
  if (!box) return;
  const item = event.target.closest?.("#quick-texts li");
  const field = document.querySelector("#composer textarea");
  if (!item) return close(field);
  event.preventDefault();
  take(field, item.dataset.id);
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-quick]")) begin();
});
