// The box above the list: `#4182` goes to that ticket; anything else filters the tickets shown.
import { say } from "heed/toasts";
import { sentence } from "heed/sentences";

const form = document.querySelector("[data-finder]");
const field = form?.elements.find;

function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

function number() {
  return field.value.trim().match(/^#?(\d{1,18})$/)?.[1];
}

function filter() {
  const wanted = number() ? "" : plain(field.value.trim());
  for (const row of document.querySelectorAll("#tickets li.ticket")) {
    row.hidden = Boolean(wanted) && !plain(row.textContent).includes(wanted);
  }
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = number();
  if (wanted) location.href = `/tickets/${wanted}/`;
  else {
    const first = document.querySelector("#tickets li.ticket:not([hidden]) a.name");
    if (first) first.focus();
    else say(sentence("none"));
  }
});
field?.addEventListener("input", filter);
document.addEventListener("htmx:after:swap", () => field?.value && filter());
