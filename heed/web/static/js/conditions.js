// Fields in which a condition is written, on the pages of rules and views, complete as the search box does.
import { Completion } from "heed/completion";

const PAUSE = 180;

function complete(field) {
  const list = document.createElement("ul");
  list.id = `${field.id}-proposals`;
  list.className = "proposals";
  list.role = "listbox";
  list.ariaLabel = field.dataset.proposals;
  list.hidden = true;
  const around = document.createElement("div");
  around.className = "completed";
  field.replaceWith(around);
  around.append(field, list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list" })) field.setAttribute(name, value);

  const completion = new Completion(field, list, field.dataset.complete, () => field.dispatchEvent(new Event("input", { bubbles: true })));
  let timer = null;
  let asking = null;
  function later() {
    clearTimeout(timer);
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    timer = setTimeout(() => completion.propose(signal).catch(() => {}), PAUSE); // without proposals one writes on
  }
  field.addEventListener("input", later);
  field.addEventListener("focus", later);
}

for (const field of document.querySelectorAll("input[data-complete]")) complete(field);
