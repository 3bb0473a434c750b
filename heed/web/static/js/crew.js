// Whom tickets can be given to: asked for anew whenever the menu opens.
import { narrow } from "heed/filter";
import { headers } from "heed/request";
import { say } from "heed/toasts";

/** Put those in whom the menu with this id offers; false where no answer came. */
export async function fill(menu) {
  const list = menu?.querySelector("[data-crew]");
  if (!list) return false;
  const response = await fetch(list.dataset.crew, { headers: headers() }).catch(() => null);
  if (!response?.ok) return false;
  list.innerHTML = await response.text();
  htmx.process(list);
  narrow(menu.querySelector("[data-filter]"));
  return true;
}

document.addEventListener("toggle", async ({ target }) => {
  const field = target.matches?.("details.menu") && target.querySelector("[data-crew]") && target.querySelector("[data-filter]");
  if (!field) return;
  field.value = "";
  narrow(field);
  if (!target.open) return;
  if (!matchMedia("(pointer: coarse)").matches) field.focus(); // a phone's keyboard would hide the list
  if (!(await fill(target))) return say();
  document.dispatchEvent(new CustomEvent("heed:grown", { detail: { menu: target } }));
}, true);
