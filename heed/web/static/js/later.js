// Times chosen quickly: later today, tomorrow morning, next Monday, or one's own. They are the reader's own
// times, so they are worked out here.
import { post } from "heed/request";
import { sayTrouble } from "heed/toasts";
import { show } from "heed/parts";

const MORNING = 9;
const LATER = 3;

/** The moment meant by `later`, `tomorrow` or `monday`. */
export function moment(name, now = new Date()) {
  const at = new Date(now);
  at.setSeconds(0, 0);
  if (name === "later") {
    at.setHours(at.getHours() + LATER);
    return at;
  }
  const days = name === "tomorrow" ? 1 : (8 - at.getDay()) % 7 || 7;
  at.setDate(at.getDate() + days);
  at.setHours(MORNING, 0);
  return at;
}

function words(at) {
  const today = at.toDateString() === new Date().toDateString();
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const style = today ? time : { weekday: "short", ...time };
  return new Intl.DateTimeFormat(document.documentElement.lang, style).format(at);
}

/** What each choice means now, beside it. */
export function tell(menu) {
  for (const button of menu.querySelectorAll("[data-until]")) {
    const small = button.querySelector("small");
    if (small) small.textContent = words(moment(button.dataset.until));
  }
}

async function put(url, at) {
  try {
    const response = await post(url, new URLSearchParams({ until: at.toISOString() }));
    await show(await response.text());
    document.dispatchEvent(new CustomEvent("heed:sent"));
  } catch (error) {
    sayTrouble(error);
  }
}

document.addEventListener("toggle", (event) => {
  if (event.target.open && event.target.matches?.("details.menu")) tell(event.target);
}, true);

document.addEventListener("click", (event) => {
  const choice = event.target.closest?.("[data-until][data-post]");
  if (choice) put(choice.dataset.post, moment(choice.dataset.until));
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("[data-own-time]");
  if (!form) return;
  event.preventDefault();
  put(form.dataset.post, new Date(form.elements.until.value));
  form.closest("details").open = false;
});

/** All that stands in a form. */
function written(form) {
  return [...new FormData(form).values()].join("\n");
}

// A field whose words are taken over is empty again for the next ones, which one may have begun meanwhile.
document.addEventListener("submit", ({ target }) => {
  if (target.matches("form[data-empties]")) target.sent = written(target);
}, true);
document.addEventListener("htmx:before:response", (event) => {
  const { sourceElement: form, response } = event.detail.ctx;
  if (response.status < 400 && form?.matches?.("form[data-empties]") && written(form) === form.sent) form.reset();
});
