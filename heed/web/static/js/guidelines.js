// How the team works, beside what one is writing: the draft stays where it is.
import { openNumber } from "heed/panes";
import { headers } from "heed/request";
import { say } from "heed/toasts";
import { provide } from "heed/shortcuts";

const panel = document.getElementById("guidelines");
let from = null;

async function open() {
  if (!openNumber()) return;
  if (!panel.hidden) return close();
  from = document.activeElement;
  const response = await fetch(`/tickets/${openNumber()}/guidelines/`, { headers: headers() }).catch(() => null);
  if (!response?.ok) return say();
  panel.querySelector("[data-guidelines]").innerHTML = await response.text();
  panel.hidden = false;
  panel.querySelector("h2").focus();
}

/** Back to where one was, with what one had begun. */
function close() {
  const inside = panel.contains(document.activeElement);
  panel.hidden = true;
  if (inside) (from?.isConnected ? from : document.querySelector("#composer textarea"))?.focus();
}

provide({ guidelines: open });

panel.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  event.stopPropagation();
  close();
});
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-guide]")) open();
  if (event.target.closest?.("[data-close-guide]")) close();
});
document.addEventListener("heed:opened", () => (panel.hidden = true));
