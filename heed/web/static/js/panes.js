// Which ticket is open, and which pane stands in front on a phone.

/** The number of the open ticket, or "". */
export function openNumber() {
  return document.getElementById("ticket")?.dataset.number ?? "";
}

const LONGEST = 20e3; // longer than a ticket takes to load
let coming = null; // the request for the ticket that is on its way: the last one counts

/** Whether another ticket is on its way; "heed:came" says how that ended. */
export function ticketIsComing() {
  return Boolean(coming);
}

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.target?.id !== "ticket") return;
  coming = ctx;
  setTimeout(ended, LONGEST, ctx, false);
});
for (const trouble of ["htmx:response:error", "htmx:error"]) {
  document.addEventListener(trouble, ({ detail: { ctx } }) => ended(ctx, false));
}

function ended(ctx, came) {
  if (!ctx || coming !== ctx) return;
  coming = null;
  // Whatever else follows from a swap comes first.
  setTimeout(() => document.dispatchEvent(new CustomEvent("heed:came", { detail: { came } })));
}

function show(pane) {
  document.body.dataset.pane = pane;
  document.body.classList.remove("about");
}

function markCurrent() {
  const number = openNumber();
  for (const row of document.querySelectorAll(".ticket[aria-current]")) {
    if (row.id !== `t${number}`) row.removeAttribute("aria-current");
  }
  document.getElementById(`t${number}`)?.setAttribute("aria-current", "true");
}

function narrow() {
  return matchMedia("(max-width: 52rem)").matches;
}

/** What every address of a search ends with. */
function asked() {
  const { query } = document.body.dataset;
  return query ? `?${new URLSearchParams({ q: query })}` : "";
}

let opened = openNumber();
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  ended(ctx, true);
  const number = openNumber();
  markCurrent(); // a list asked for before the ticket was opened does not know it
  if (number === opened) return;
  opened = number;
  show(number ? "thread" : "queue");
  document.dispatchEvent(new CustomEvent("heed:opened", { detail: { number } }));
  if (narrow()) document.querySelector("#ticket h1")?.focus();
});

document.addEventListener("click", (event) => {
  const target = event.target.closest?.("[data-back], [data-about]");
  if (!target) return;
  if (target.matches("[data-about]")) {
    document.body.classList.toggle("about");
    return;
  }
  event.preventDefault();
  show("queue");
  history.pushState({ htmx: true }, "", document.body.dataset.base + asked());
  document.querySelector(`#t${openNumber()} .name, .ticket .name`)?.focus();
});

// Back and forward between tickets change the pane and leave the list where it is.
document.addEventListener("htmx:before:history:restore", (event) => {
  const { path } = event.detail;
  const base = document.body.dataset.base;
  if (!base || !path.startsWith(base)) return;
  event.preventDefault();
  const number = path.slice(base.length).match(/^\d*/)[0];
  if (!number) show("queue");
  else if (number === openNumber()) show("thread");
  else htmx.ajax("GET", path, { target: "#ticket", swap: "outerHTML", push: "false" });
});

// The button one pressed may be gone with what it did, or the row with its ticket: who works by keyboard stays in
// the ticket that is open, else in the list.
let at = null;
document.addEventListener("htmx:before:swap", () => {
  at = document.activeElement?.closest("#ticket, #who, #tickets");
});
document.addEventListener("htmx:after:swap", () => {
  if (!at || document.activeElement !== document.body) return;
  (document.querySelector("#ticket[data-number] h1") ?? document.getElementById("tickets")).focus({ preventScroll: true });
});

// What opens at the foot of the pane beside comes into sight, once more when the server has brought it.
const atFoot = (part) => part?.open && part.scrollIntoView({ block: "nearest" });
document.addEventListener("toggle", ({ target }) => target.id === "matters" && atFoot(target), true);
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx?.target?.id?.startsWith("matters-of-")) atFoot(ctx.target.closest("#matters"));
});

// A click anywhere on a row opens it, as a link would.
document.addEventListener("click", (event) => {
  const row = event.target.closest?.("li.ticket");
  if (row && !event.target.closest("a, button")) row.querySelector("a.name").click();
});
