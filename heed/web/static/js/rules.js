// The page of a rule: the condition is checked while one types, and the rule is tried on the past.
import { tellTimes } from "heed/times";

const form = document.getElementById("rule");
const told = document.getElementById("condition-told");
const tried = document.getElementById("tried");
const PAUSE = 350;
const asking = {};
let timer = null;
let added = 0;

async function ask(address, place) {
  asking[place.id]?.abort(); // an answer of before must not come after the one of now
  asking[place.id] = new AbortController();
  const { signal } = asking[place.id];
  const response = await fetch(address, { method: "POST", body: new FormData(form), headers: { "HX-Request": "true" }, signal });
  const words = await response.text();
  if (!response.headers.get("content-type")?.startsWith("text/html")) return void (place.textContent = words);
  place.innerHTML = words;
  tellTimes(place);
}

function check() {
  clearTimeout(timer);
  timer = setTimeout(() => ask(form.dataset.check, told).catch(() => {}), PAUSE);
}

async function attempt(button) {
  button.disabled = true;
  tried.setAttribute("aria-busy", "true");
  try {
    await ask(form.dataset.try, tried);
  } finally {
    button.disabled = false;
    tried.removeAttribute("aria-busy");
  }
}

function add() {
  const template = document.querySelector(`template[data-deed="${document.getElementById("new-deed").value}"]`);
  const deed = document.createRange().createContextualFragment(template.innerHTML.replaceAll("__n__", `n${added++}`));
  const field = deed.querySelector("select, textarea, input:not([type=hidden])") ?? deed.querySelector("button");
  document.getElementById("deeds").append(deed);
  field.focus();
}

form.condition.addEventListener("input", check);
form.addEventListener("click", (event) => {
  if (event.target.closest("[data-add]")) add();
  const removed = event.target.closest("[data-remove]");
  if (removed) {
    removed.closest("fieldset").remove();
    document.getElementById("new-deed").focus();
  }
  const button = event.target.closest("button[data-try]");
  if (button) attempt(button);
});
if (form.condition.value && !told.textContent.trim()) check();
if ("atOnce" in form.dataset) attempt(form.querySelector("button[data-try]"));
