// Menus are <details class="menu">: one open at a time, closed by Escape, by a choice or a click outside.
function close(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  const menu = event.target.closest?.("details.menu");
  const chosen = event.target.closest?.(".items button, .items a");
  close(chosen ? null : menu);
});

/** A menu opens to where there is room: what scrolls would cut it off. */
function place(menu) {
  const items = menu.querySelector(".items");
  const frame = (menu.closest(".log") ?? document.documentElement).getBoundingClientRect();
  const around = menu.getBoundingClientRect();
  const top = Math.max(frame.top, 0);
  const bottom = Math.min(frame.bottom, innerHeight);
  const fitsBelow = around.bottom + items.offsetHeight + 8 <= bottom;
  const fitsAbove = around.top - items.offsetHeight - 8 >= top;
  if (!fitsBelow || !fitsAbove) menu.classList.toggle("up", !fitsBelow && (fitsAbove || around.top - top > bottom - around.bottom));
}

document.addEventListener("toggle", (event) => {
  if (event.target.open && event.target.matches?.("details.menu")) place(event.target);
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.menu[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
  event.stopImmediatePropagation();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-open-nav]");
  if (!opener) return;
  const open = opener.closest(".nav").classList.toggle("open");
  opener.setAttribute("aria-expanded", String(open));
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-keys]")) document.getElementById("keys")?.showModal();
});
