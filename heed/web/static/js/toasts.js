// What could not be done is said in words at the foot of the page.
const LIFE = 8000;
const toasts = document.getElementById("toasts");

/** Show a sentence for a while, or that it did not work; it is read out by screen readers. */
export function say(text = "") {
  const toast = document.createElement("div");
  toast.className = "toast";
  const words = document.createElement("span");
  words.textContent = text || toasts.dataset.failed;
  toast.append(words);
  toasts.append(toast);
  setTimeout(() => toast.remove(), LIFE);
}

/** Say why a request failed: in the server's words, else in ours. The browser's are English and help nobody. */
export function sayTrouble(error, ours = "") {
  say(error.status ? error.message : ours);
}

document.addEventListener("click", (event) => {
  event.target.closest?.("[data-close]")?.closest(".toast")?.remove();
});

// A refusal in words is said as it is; the page stays as it stands.
document.addEventListener("htmx:response:error", (event) => {
  const { response, text } = event.detail.ctx;
  const plain = (response.headers.get("Content-Type") || "").startsWith("text/plain");
  say(plain ? text : "");
  mark((response.headers.get("Heed-Missing") || "").split(" ").filter(Boolean));
});

let missing = []; // the fields that must be filled in first

function markMissing() {
  const fields = missing.map((key) => document.getElementById(`field-${key}`)).filter((field) => field && !field.value);
  for (const field of fields) field.setAttribute("aria-invalid", "true");
  return fields;
}

/** Mark the fields that must be filled in first, and lead to the first of them. */
function mark(keys) {
  missing = keys;
  const [first] = markMissing();
  if (!first) return;
  if (!first.checkVisibility()) document.querySelector("#head [data-about]")?.click(); // folded away on small windows
  first.scrollIntoView({ block: "center" });
  first.focus();
}

document.addEventListener("change", ({ target }) => target.removeAttribute?.("aria-invalid"));
document.addEventListener("htmx:after:swap", markMissing); // news of the ticket know nothing of what was refused
document.addEventListener("heed:opened", () => (missing = []));
