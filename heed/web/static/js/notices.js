// The bell: what one is told, counted live, and shown outside the tab for whoever asked for it.
import { openNumber } from "heed/panes";
import { headers, post } from "heed/request";
import { tellTimes } from "heed/times";

let newest = 0;
let asked = 0;

function bell() {
  return document.getElementById("bell");
}

function allowed() {
  return "Notification" in window && Notification.permission === "granted" && localStorage.getItem("heed-notices") === "on";
}

async function part(url) {
  const response = await fetch(url, { headers: headers() });
  if (!response.ok) throw new Error(String(response.status));
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return template.content;
}

async function count() {
  const turn = ++asked;
  const fresh = (await part(bell().dataset.at)).querySelector("#bell");
  if (turn !== asked) return; // answers may overtake each other
  const other = fresh.dataset.count !== bell().dataset.count;
  const more = Number(fresh.dataset.count) > Number(bell().dataset.count);
  bell().dataset.count = fresh.dataset.count;
  bell().querySelector("summary").innerHTML = fresh.querySelector("summary").innerHTML;
  if (other) document.dispatchEvent(new CustomEvent("heed:sent")); // the list of mentions counts them, too
  if (bell().open) await list();
  if (more && allowed()) await outside();
}

async function list() {
  const lines = await part(bell().dataset.list);
  const ask = lines.querySelector("[data-allow-notices]");
  ask.hidden = !("Notification" in window) || allowed() || Notification.permission === "denied";
  tellTimes(lines);
  bell().querySelector("[data-bell-list]").replaceChildren(lines);
}

/** Show the newest that was not shown yet as the browser's own notice. */
async function outside() {
  const line = (await part(bell().dataset.list)).querySelector(".told.fresh");
  if (!line || Number(line.dataset.notice) <= newest || document.hasFocus()) return;
  newest = Number(line.dataset.notice);
  const shown = new Notification(line.querySelector("b").textContent, {
    body: [...line.querySelectorAll("small")].map((each) => each.textContent.trim()).join("\n"),
    tag: `heed-${line.dataset.notice}`,
  });
  shown.addEventListener("click", () => {
    window.focus();
    location.assign(line.getAttribute("href"));
  });
}

async function seen(ticket) {
  if (!Number(bell()?.dataset.count)) return;
  await post(bell().dataset.seen, new URLSearchParams(ticket ? { ticket } : {}));
  await count();
}

document.addEventListener("heed:nudge", ({ detail: { topics } }) => {
  if (bell() && (topics.includes(bell().dataset.topic) || topics.includes("all"))) count().catch(() => {});
});
document.addEventListener("heed:opened", ({ detail: { number } }) => number && seen(number).catch(() => {}));
if (openNumber()) seen(openNumber()).catch(() => {});

document.addEventListener("toggle", (event) => {
  if (event.target.id === "bell" && event.target.open) list().catch(() => {});
}, true);

document.addEventListener("click", async (event) => {
  if (event.target.closest?.("[data-all-seen]")) seen("").catch(() => {});
  // The permission is only asked for by the person's own click.
  if (event.target.closest?.("[data-allow-notices]") && (await Notification.requestPermission()) === "granted") {
    localStorage.setItem("heed-notices", "on");
  }
});
