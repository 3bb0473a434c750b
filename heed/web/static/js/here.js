// Tells colleagues who have the same ticket open that one looks at it or writes, and shows who else does.
import { headers, post } from "heed/request";
import { openNumber } from "heed/panes";

const AGAIN = 20e3;
const TYPES = 5e3;
const STAYS = 400; // who goes from ticket to ticket faster has not looked, and the next one comes sooner
const RESTS = 60e3;
let typed = 0;
let rests = null;
let over = null;
let shown = "";
let asked = 0;
let arrives = null;
let active = Date.now(); // when something was last done here
let told = 0; // when that was last told

function line() {
  return document.getElementById("here");
}

/** Show who is here. Who types is believed for a while only: then it is asked again, and where no answer comes,
 * it is said no more. */
function show(words) {
  line().innerHTML = words;
  clearTimeout(over);
  const left = [...line().querySelectorAll("[data-left]")].map((each) => Number(each.dataset.left));
  if (left.length) over = setTimeout(runOut, Math.min(...left));
}

async function runOut() {
  if (!line() || (await ask())) return;
  for (const each of line()?.querySelectorAll("[data-left]") ?? []) each.remove();
}

/** Ask who is here; whether an answer came. Answers may overtake each other. */
async function ask() {
  const turn = ++asked;
  const answer = await fetch(line().dataset.here, { headers: headers() }).catch(() => null);
  const words = answer?.ok ? await answer.text() : "";
  if (answer?.ok && line() && turn === asked) show(words);
  return Boolean(answer?.ok);
}

async function come(doing) {
  const at = line();
  if (!at || document.hidden) return;
  shown = at.dataset.here;
  const turn = ++asked;
  const idle = active < told;
  told = Date.now();
  const answer = await post(shown, new URLSearchParams({ doing, ...(idle && { idle }) })).catch(() => null);
  const words = await answer?.text();
  if (answer && line()?.dataset.here === shown && turn === asked) show(words);
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
  active = Date.now();
  for (const each of [arrives, rests, over]) clearTimeout(each);
  arrives = setTimeout(come, STAYS, "looking");
});
document.addEventListener("heed:nudge", ({ detail: { topics } }) => {
  if (line() && topics.some((topic) => topic === "all" || topic.startsWith(`here:${openNumber()}:`))) ask();
});
document.addEventListener("input", ({ target }) => {
  if (!target.closest?.("[data-composer]")) return;
  clearTimeout(rests);
  rests = setTimeout(rest, TYPES);
  if (Date.now() - typed < TYPES) return;
  typed = Date.now();
  come("typing");
});
document.addEventListener("heed:sent", rest);

/** Who sent it, or wrote nothing for a while, only looks. */
function rest() {
  clearTimeout(rests);
  if (!typed) return;
  typed = 0;
  come("looking");
}

function act() {
  const rested = Date.now() - active > RESTS;
  active = Date.now();
  if (rested) come("looking"); // work begins again now, and not with the next turn
}

for (const each of ["pointerdown", "keydown", "wheel"]) addEventListener(each, act, { capture: true, passive: true });
document.addEventListener("visibilitychange", () => {
  const at = line()?.dataset.here;
  if (document.hidden) go(at && `${at}?away=1`);
  else {
    active = Date.now();
    come("looking");
  }
});
addEventListener("pagehide", () => go(line()?.dataset.here));
setInterval(() => come(Date.now() - typed < TYPES ? "typing" : "looking"), AGAIN);
come("looking");
