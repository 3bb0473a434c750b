// A list is put in another order: by dragging a line at its handle, or with the arrow keys on it.
import { post } from "heed/request";
import { sayTrouble } from "heed/toasts";

const list = document.querySelector("[data-order]");
let dragged = null;
let before = "";
let kept = Promise.resolve();

const numbers = () => [...list.querySelectorAll("[data-pk]")].map((row) => row.dataset.pk);

function keep() {
  if (before !== String(numbers())) kept = kept.then(() => send(numbers())); // the last order is kept last
}

async function send(order) {
  try {
    await post(list.dataset.order, new URLSearchParams(order.map((pk) => ["order", pk])));
    document.getElementById("moved").textContent = numbers().map((pk) => list.querySelector(`[data-pk="${pk}"] a`).textContent).join(", ");
  } catch (error) {
    sayTrouble(error);
  }
}

/** The line goes to where the other one stands. */
function put(row, other) {
  if (!other || other === row) return;
  const after = row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
  if (after) other.after(row);
  else other.before(row);
}

list?.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest(".handle");
  if (!handle || event.button !== 0) return;
  dragged = handle.closest("li");
  before = String(numbers());
  dragged.classList.add("dragged");
  handle.setPointerCapture(event.pointerId);
});

list?.addEventListener("pointermove", (event) => {
  if (dragged) put(dragged, document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-order] > li"));
});

for (const end of ["pointerup", "pointercancel"]) {
  list?.addEventListener(end, () => {
    dragged?.classList.remove("dragged");
    if (dragged) keep();
    dragged = null;
  });
}

list?.addEventListener("keydown", (event) => {
  const handle = event.target.closest(".handle");
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  if (!handle || !step) return;
  event.preventDefault();
  before = String(numbers());
  const row = handle.closest("li");
  put(row, row[step]);
  handle.focus();
  keep();
});
