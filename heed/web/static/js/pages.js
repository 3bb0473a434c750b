// The pages beside the inbox: what changed on the server shows at once, and addresses can be copied.
import "heed/page";

const topics = new Set((document.body.dataset.topics || "").split(" ").filter(Boolean));
const GATHER = 300;
let timer = null;

/** Fetch the page again and morph in the part that may have changed. */
function refresh() {
  timer ??= setTimeout(() => {
    timer = null;
    htmx.ajax("GET", location.href, { source: document.body, target: "#fresh", select: "#fresh", swap: "outerMorph", push: "false" });
  }, GATHER);
}

function listen() {
  const stream = new EventSource("/live");
  stream.addEventListener("hello", refresh);
  stream.addEventListener("nudge", (event) => JSON.parse(event.data).topics.some((topic) => topics.has(topic)) && refresh());
  addEventListener("pagehide", () => stream.close(), { once: true });
}

if (topics.size) listen();

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = button.dataset.copied;
    setTimeout(() => (button.textContent = words), 2000);
  } catch {
    getSelection().selectAllChildren(source); // no clipboard without https: it is marked, Ctrl C copies it
  }
});
