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
