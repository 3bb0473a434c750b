// Whom a note can mention: begin with @.
import { choices } from "heed/choices";
import { openComposer } from "heed/composer";
import { openNumber } from "heed/panes";
import { headers } from "heed/request";

const known = new Map();
const MOST = 8;

async function names() {
  const number = openNumber();
  if (!known.has(number)) {
    known.clear();
    const request = fetch(`/tickets/${number}/mentionable/`, { headers: headers() });
    known.set(number, request.then((response) => (response.ok ? response.json() : { names: [] })).catch(() => ({ names: [] })));
  }
  return (await known.get(number)).names;
}

/** What stands between the last @ of a note and the cursor, or null. */
function begun(field) {
  if (openComposer()?.visibility !== "note") return null;
  const before = field.value.slice(0, field.selectionStart);
  return /(?:^|[^\p{L}\p{N}_@.])@([\p{L}\p{N}_. ]{0,40})$/u.exec(before)?.[1] ?? null;
}

/** Those whose name, or one of its words, begins so; nothing once a name is complete. */
async function find(letters) {
  const wanted = letters.toLocaleLowerCase();
  const begins = (name) => name.startsWith(wanted) || name.split(" ").some((part) => wanted && part.startsWith(wanted));
  const found = (await names()).filter((each) => begins(each.name.toLocaleLowerCase()));
  return found.some((each) => each.name.toLocaleLowerCase() === wanted) ? [] : found.slice(0, MOST);
}

function fill(row, each) {
  const name = document.createElement("bdi");
  name.textContent = each.name;
  const what = document.createElement("small");
  what.textContent = each.what;
  row.append(name, " ", what);
}

function take(field, { name }) {
  const end = field.selectionStart;
  field.setRangeText(`${name} `, end - begun(field).length, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

choices({ id: "mentionable", sign: "@", begun, find, fill, take });
