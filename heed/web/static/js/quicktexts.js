// Quick texts: begin with / in the composer. The server fills them in.
import { choices } from "heed/choices";
import { openComposer } from "heed/composer";
import { openNumber } from "heed/panes";
import { ofTicket, post } from "heed/request";
import { sentence } from "heed/sentences";
import { sayTrouble } from "heed/toasts";
import { provide } from "heed/shortcuts";

const MOST = 8;
const texts = ofTicket("quick-texts");

/** What stands between the slash and the cursor, or null. */
function begun(field) {
  const before = field.value.slice(0, field.selectionStart);
  return /(?:^|\s)\/([\p{L}\p{N}_-]{0,40})$/u.exec(before)?.[1] ?? null;
}

/** Those whose name begins so, then those in whose name or title it stands; of these the most used first. */
function fitting(all, words) {
  const wanted = words.toLocaleLowerCase();
  const worth = ({ name, title }) => (name.startsWith(wanted) ? 2 : `${name} ${title}`.toLocaleLowerCase().includes(wanted) ? 1 : 0);
  return all.filter(worth).sort((one, other) => worth(other) - worth(one)).slice(0, MOST);
}

async function find(letters) {
  const { items } = await texts();
  if (!items) return [];
  return items.length ? fitting(items, letters) : sentence("noQuick");
}

function fill(row, text) {
  const name = document.createElement("b");
  name.dir = "auto";
  name.textContent = `/${text.name}`;
  const words = document.createElement("small");
  words.dir = "auto";
  words.textContent = text.text;
  row.append(name, text.language ? ` ${text.language}` : "", " ", words);
}

/** Put the filled text where the slash and the letters after it stand. */
async function take(field, { id }) {
  const number = openNumber();
  const typed = `/${begun(field) ?? ""}`;
  const end = field.selectionStart;
  try {
    const response = await post(`/tickets/${number}/quick-texts/${id}/`, new URLSearchParams());
    const { text } = await response.json();
    if (openNumber() !== number) return;
    const start = field.value.slice(0, end).endsWith(typed) ? end - typed.length : end;
    field.setRangeText(text, start, end, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  } catch (error) {
    sayTrouble(error);
  }
}

const offer = choices({ id: "quick-texts", sign: "/", begun, find, fill, take });

/** From outside the field: go there and begin one, in what is being written. */
function begin() {
  const composer = openComposer();
  if (!composer) return;
  composer.field.focus();
  if (begun(composer.field) === null) composer.insert("/");
  offer(composer.field);
}

provide({ quick: begin });

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-quick]")) begin();
});
