// What could not be done is said in words at the foot of the page.
import { sentence } from "heed/sentences";

const LIFE = 8000;

/** Show a sentence for a while; it is read out by screen readers. */
export function say(text) {
  const toast = document.createElement("div");
  toast.className = "toast";
  const words = document.createElement("span");
  words.textContent = text || sentence("failed");
  toast.append(words);
  document.getElementById("toasts").append(toast);
  setTimeout(() => toast.remove(), LIFE);
}

document.addEventListener("click", (event) => {
  event.target.closest?.("[data-close]")?.closest(".toast")?.remove();
});

// A refusal in words is said as it is; the page stays as it stands.
document.addEventListener("htmx:response:error", (event) => {
  const { response, text } = event.detail.ctx;
  const plain = (response.headers.get("Content-Type") || "").startsWith("text/plain");
  say(plain ? text : sentence("failed"));
});
