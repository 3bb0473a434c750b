// Whom a note can mention: begin with @.
import { choices } from "heed/choices";
import { openComposer } from "heed/composer";
import { ofTicket } from "heed/request";

const MOST = 8;
const mentionable = ofTicket("mentionable");

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
  const { names = [] } = await mentionable();
  const found = names.filter((each) => begins(each.name.toLocaleLowerCase()));
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
