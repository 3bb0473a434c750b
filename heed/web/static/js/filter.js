// A field above a list leaves only what fits its letters. In a menu, Enter takes the first of these.
import { plain } from "heed/palette";

function words(row) {
  return plain((row.querySelector("[data-words], bdi") ?? row).textContent + " " + (row.dataset.also ?? ""));
}

function begins(row, asked) {
  return ` ${words(row)}`.includes(` ${plain(asked).trim()}`);
}

/** Show the rows that fit a field, and say where none does. */
export function narrow(field) {
  const parts = plain(field.value).split(/\s+/).filter(Boolean);
  const rows = [...document.querySelectorAll(field.dataset.filter)];
  for (const row of rows) {
    const said = words(row);
    row.hidden = !parts.every((part) => said.includes(part));
  }
  const fit = rows.filter((row) => !row.hidden);
  const first = parts.length && field.closest(".menu") ? (fit.find((row) => begins(row, field.value)) ?? fit[0]) : null;
  for (const row of rows) row.classList.toggle("first", row === first);
  const none = field.parentElement.querySelector("[data-fits-none]");
  if (none) none.textContent = parts.length && rows.length && !fit.length ? none.dataset.words : "";
}

document.addEventListener("input", ({ target }) => target.matches?.("[data-filter]") && narrow(target));

document.addEventListener("keydown", (event) => {
  const field = event.target.closest?.("[data-filter]");
  if (!field || event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  const first = document.querySelector(`:is(${field.dataset.filter}).first`);
  first?.focus();
  first?.click();
});

// Who goes on writing while a choice has the focus means the field.
document.addEventListener("keydown", (event) => {
  if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target.matches?.(".menu .items button") && event.target.closest(".items").querySelector("[data-filter]");
  if (!field) return;
  event.stopImmediatePropagation(); // it is a letter here, no shortcut
  field.focus();
}, true);
