// Tells colleagues who have the same ticket open that one looks at it or writes, and shows who else does.
import { headers, post } from "heed/request";
import { openNumber } from "heed/panes";

const AGAIN = 20e3;
const TYPES = 5e3;
const STAYS = 400; // who goes from ticket to ticket faster has not looked, and the next one comes sooner
let typed = 0;
let shown = "";
let asked = 0;
let arrives = null;

function line() {
  return document.getElementById("here");
}

async function come(doing) {
  const at = line();
  if (!at || document.hidden) return;
  shown = at.dataset.here;
  const turn = ++asked;
  const answer = await post(shown, new URLSearchParams({ doing })).catch(() => null);
  const words = await answer?.text();
  if (answer && line()?.dataset.here === shown && turn === asked) line().innerHTML = words;
}

function go(url) {
  if (url) fetch(url, { method: "DELETE", headers: headers(), keepalive: true }).catch(() => {});
}

document.addEventListener("heed:opened", () => {
  if (shown && shown !== line()?.dataset.here) {
    go(shown);
    shown = "";
  }
  typed = 0;
  clearTimeout(arrives);
  arrives = setTimeout(come, STAYS, "looking");
});
document.addEventListener("heed:nudge", async ({ detail: { topics } }) => {
  if (!line() || !topics.some((topic) => topic === "all" || topic.startsWith(`here:${openNumber()}:`))) return;
  const turn = ++asked;
  const answer = await fetch(line().dataset.here, { headers: headers() }).catch(() => null);
  const words = answer?.ok ? await answer.text() : "";
  if (answer?.ok && line() && turn === asked) line().innerHTML = words; // answers may overtake each other
});
document.addEventListener("input", ({ target }) => {
  if (!target.closest?.("[data-composer]") || Date.now() - typed < TYPES) return;
  typed = Date.now();
  come("typing");
});
document.addEventListener("visibilitychange", () => (document.hidden ? go(line()?.dataset.here) : come("looking")));
addEventListener("pagehide", () => go(line()?.dataset.here));
setInterval(() => come(Date.now() - typed < TYPES ? "typing" : "looking"), AGAIN);
come("looking");
