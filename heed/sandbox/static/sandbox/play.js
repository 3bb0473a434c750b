// Playing the customer: what is written goes to /_play, what changes comes back each second.

const stage = document.querySelector("[data-play]");
const scene = stage.querySelector("[data-scene]");
const trouble = stage.querySelector("[data-trouble]");
const { play: network, person } = stage.dataset;
const EVERY = 1000;
const LARGEST_PICTURE = 4 * 1024 * 1024;

async function act(verb, facts = {}) {
  try {
    const answer = await fetch(`/_play/${network}/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ person, ...facts }),
    });
    say(answer.ok ? "" : (await answer.json()).error);
    if (answer.ok) await refresh();
    return answer.ok;
  } catch {
    say(trouble.dataset.lost);
    return false;
  }
}

function say(words, good = false) {
  trouble.textContent = words;
  trouble.classList.toggle("good", good);
}

// ---------------------------------------------------------------- what changes

const version = () => scene.querySelector("[data-version]").dataset.version;

async function refresh() {
  const query = new URLSearchParams({ person, version: version() });
  const answer = await fetch(`/play/${network}/scene?${query}`);
  if (trouble.textContent === trouble.dataset.lost) say("");
  if (answer.status === 200) show(await answer.text());
}

function show(html) {
  const places = [...scene.querySelectorAll("[data-scroll]")].map((box) => [box.dataset.scroll, place(box)]);
  const focus = keyOf(document.activeElement);
  const open = new Set([...scene.querySelectorAll("details[open]")].map((menu) => menu.dataset.menu));
  scene.innerHTML = html;
  for (const menu of scene.querySelectorAll("details")) menu.open = open.has(menu.dataset.menu);
  for (const [name, { top, atEnd }] of places) {
    const box = scene.querySelector(`[data-scroll="${name}"]`);
    if (box) box.scrollTop = atEnd ? box.scrollHeight : top;
  }
  if (focus) [...scene.querySelectorAll("button")].find((button) => keyOf(button) === focus)?.focus();
  dress();
}

function place(box) {
  const atEnd = "stick" in box.dataset && box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  return { top: box.scrollTop, atEnd };
}

const keyOf = (element) => (element?.dataset?.id ? JSON.stringify(element.dataset) : "");

function dress() {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" });
  for (const time of scene.querySelectorAll("time")) time.textContent = format.format(new Date(time.dateTime));
  look();
}

// Who looks at the chat has read it; each state of the newest line is told once.
let looked = "";
function look() {
  const newest = [...scene.querySelectorAll("[data-unread]")].at(-1)?.dataset.unread;
  if (!newest || newest === looked || document.hidden || !("looks" in stage.dataset)) return;
  looked = newest;
  act("read");
}

async function watch() {
  try {
    if (!document.hidden) await refresh();
  } catch {
    say(trouble.dataset.lost);
  }
  setTimeout(watch, EVERY);
}

// ---------------------------------------------------------------- what one does

stage.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-verb]");
  if (!button) return;
  button.closest("details")?.removeAttribute("open");
  if (button.dataset.asks) aim(button);
  else done(button);
});

async function done(button) {
  const { verb, choice } = button.dataset;
  const facts = factsOf(button);
  if (choice) facts.choice = choice;
  if (button.ariaPressed) facts.on = button.ariaPressed !== "true";
  const went = await act(verb, facts);
  if (went && !button.dataset.id) say(`${trouble.dataset.done} ${button.textContent}`, true);
}

function factsOf({ dataset: { facts, id, aims } }) {
  return { ...JSON.parse(facts || "{}"), ...(id && { [aims]: id }) };
}

// A composer does what is chosen in it, or what one aimed at: an answer to a line, a change of it.
function aim(button) {
  const form = button.closest(".chat") ? composer("private") : composer("public");
  const { verb, name, text } = button.dataset;
  form.aimed = { verb, facts: factsOf(button), asks: button.dataset.asks };
  form.querySelector("[data-aim]").hidden = false;
  const replies = verb === "comment" || verb === "message";
  const words = replies ? `${trouble.dataset.reply} ${name}` : button.textContent;
  form.querySelector("[data-aim-text]").textContent = verb === "edit" ? trouble.dataset.edit : words;
  if (verb === "edit") form.elements.text.value = text;
  fit(form);
  form.elements.text.focus();
}

const composer = (name) => stage.querySelector(`[data-compose="${name}"]`);

function aimless(form) {
  form.aimed = null;
  form.querySelector("[data-aim]").hidden = true;
  fit(form);
}

function chosen(form) {
  const option = form.elements.kind.selectedOptions[0];
  return { verb: option.dataset.verb, facts: factsOf(option), asks: option.dataset.asks };
}

// Show what the chosen kind asks for, and nothing else.
function fit(form) {
  const asks = (form.aimed ?? chosen(form)).asks.split(" ");
  const { text, picture, stars, kind, own: file } = form.elements;
  text.hidden = !asks.includes("text") && !asks.includes("texts");
  picture.hidden = !asks.includes("picture");
  stars.hidden = !asks.includes("stars");
  file.hidden = picture.hidden || picture.value !== "own";
  kind.disabled = Boolean(form.aimed);
}

async function send(form) {
  const { verb, facts, asks } = form.aimed ?? chosen(form);
  const given = { ...facts };
  const { text, picture, stars } = form.elements;
  for (const each of asks.split(" ")) {
    if (each === "text") given.text = text.value;
    if (each === "texts") given.texts = text.value.split("\n").filter((line) => line.trim());
    if (each === "stars") given.stars = Number(stars.value);
    if (each === "picture" && picture.value)
      given.picture = picture.value === "own" ? await own(form.elements.own) : picture.value;
  }
  if (!given.picture) delete given.picture;
  if (await act(verb, given)) {
    form.reset();
    aimless(form);
  }
}

function own(input) {
  const file = input.files[0];
  if (!file || file.size > LARGEST_PICTURE) return Promise.resolve("");
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => resolve("");
    reader.readAsDataURL(file);
  });
}

for (const form of stage.querySelectorAll("[data-compose]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
  form.elements.text.addEventListener("keydown", (event) => {
    const lines = (form.aimed ?? chosen(form)).asks === "texts";
    if (event.key === "Enter" && !event.shiftKey && !lines && !event.isComposing) {
      event.preventDefault();
      send(form);
    }
  });
  form.elements.picture.addEventListener("change", () => fit(form));
  form.elements.kind.addEventListener("change", () => fit(form));
  form.querySelector("[data-aim-off]").addEventListener("click", () => {
    if (form.aimed?.verb === "edit") form.elements.text.value = "";
    aimless(form);
  });
  fit(form);
}

for (const box of scene.querySelectorAll("[data-stick]")) box.scrollTop = box.scrollHeight;
document.addEventListener("visibilitychange", look);
dress();
watch();
