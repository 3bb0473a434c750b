// The pages beside the inbox: what changed on the server shows at once, and addresses can be copied.
import "heed/page";
import { show } from "heed/parts";
import { listen } from "heed/stream";

const topics = new Set((document.body.dataset.topics || "").split(" ").filter(Boolean));
const GATHER = 300;
const SAYS_SO = 4e3;
const PARTS = ["fresh", "alarms", "sections"];
let timer = null;
let copied = "";
let fades = null;
let brought = Promise.resolve();

/** Fetch the page again and morph in the parts that may have changed: its own, and the side bar's. */
function refresh() {
  timer ??= setTimeout(() => {
    timer = null;
    brought = brought.then(bring).catch(() => {}); // one after the other; the next nudge tries again
  }, GATHER);
}

async function bring() {
  const response = await fetch(location.href);
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const parts = PARTS.map((id) => page.getElementById(id)).filter(Boolean);
  follow(page);
  await show(parts.map((part) => `<hx-partial hx-target="#${part.id}" hx-swap="outerMorph">${part.outerHTML}</hx-partial>`).join(""));
}

/** A field that nobody has touched says what the server says by now: a new account gets the network's name. What
 * the server compares it with goes along, never alone: a name that only stands there would count as entered. */
function follow(page) {
  for (const field of document.querySelectorAll("form[data-follows] [type=text][id]")) {
    if (field === document.activeElement || field.value !== field.defaultValue) continue;
    for (const each of [field, document.getElementById(`initial-${field.id}`)]) {
      const fresh = each && page.getElementById(each.id);
      if (fresh) each.value = each.defaultValue = fresh.defaultValue;
    }
  }
}

function tell(told) {
  document.dispatchEvent(new CustomEvent("heed:nudge", { detail: { topics: told } }));
}

function greeted() {
  refresh();
  tell(["all"]); // who knows what one missed
}

function nudged({ topics: told }) {
  tell(told);
  if (told.some((topic) => topics.has(topic))) refresh();
}

if (topics.size) listen({ hello: greeted, nudge: nudged });

/** Only the button of what was copied last says so, until it fades. */
function tellCopied(which) {
  copied = which;
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.dataset.words ??= button.textContent;
    button.textContent = copied === button.dataset.copy ? button.dataset.copied : button.dataset.words;
  }
}

// The server's words for the button do not know what was copied.
document.addEventListener("htmx:after:swap", () => copied && tellCopied(copied));

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    tellCopied(button.dataset.copy);
    clearTimeout(fades);
    fades = setTimeout(tellCopied, SAYS_SO, "");
  } catch {
    getSelection().selectAllChildren(source); // no clipboard without https: it is marked, Ctrl C copies it
  }
});
