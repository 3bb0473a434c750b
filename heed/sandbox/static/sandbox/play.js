// Playing the customer: what is written goes to /_play, what changes comes back each second.

const stage = document.querySelector("[data-play]");
const scene = stage.querySelector("[data-scene]");
const trouble = stage.querySelector("[data-trouble]");
const { play: network, person, offers } = stage.dataset;
const EVERY = 1000;
const LARGEST_PICTURE = 4 * 1024 * 1024;

async function act(verb, facts = {}) {
  try {
    const answer = await fetch(`/_play/${network}/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ person, ...facts }),
    });
    trouble.textContent = answer.ok ? "" : (await answer.json()).error;
    if (answer.ok) await refresh();
    return answer.ok;
  } catch {
    trouble.textContent = trouble.dataset.lost;
    return false;
  }
}

// ---------------------------------------------------------------- what changes

const version = () => scene.querySelector("[data-version]").dataset.version;

async function refresh() {
  const query = new URLSearchParams({ person, version: version() });
  const answer = await fetch(`/play/${network}/scene?${query}`);
  if (trouble.textContent === trouble.dataset.lost) trouble.textContent = "";
  if (answer.status === 200) show(await answer.text());
}

function show(html) {
  const places = [...scene.querySelectorAll("[data-scroll]")].map((box) => [box.dataset.scroll, place(box)]);
  const focus = keyOf(document.activeElement);
  scene.innerHTML = html;
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
  if (!newest || newest === looked || document.hidden || !offers.split(" ").includes("read")) return;
  looked = newest;
  act("read");
}

async function watch() {
  try {
    if (!document.hidden) await refresh();
  } catch {
    trouble.textContent = trouble.dataset.lost;
  }
  setTimeout(watch, EVERY);
}

// ---------------------------------------------------------------- what one does

scene.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.do) done(button);
  if (button?.dataset.aimAt) aim(button);
});

function done(button) {
  const { do: verb, id, choice } = button.dataset;
  const facts = id ? { id } : {};
  if (choice) facts.choice = choice;
  if (verb === "react") facts.on = button.getAttribute("aria-pressed") !== "true";
  act(verb, facts);
}

function aim(button) {
  const form = button.closest(".chat") ? composer("private") : composer("public");
  const { aimAt, id, name, text } = button.dataset;
  form.aimed = { at: aimAt, id };
  form.querySelector("[data-aim]").hidden = false;
  const words = aimAt === "edit" ? trouble.dataset.edit : `${trouble.dataset.reply} ${name}`;
  form.querySelector("[data-aim-text]").textContent = words;
  if (aimAt === "edit") form.elements.text.value = text;
  form.elements.text.focus();
}

const composer = (name) => stage.querySelector(`[data-compose="${name}"]`);

function aimless(form) {
  form.aimed = null;
  form.querySelector("[data-aim]").hidden = true;
}

async function send(form) {
  const { text, picture, kind } = form.elements;
  const aimed = form.aimed;
  const facts = { text: text.value };
  if (aimed?.at === "edit") {
    facts.id = aimed.id;
  } else {
    const chosen = picture.value === "own" ? await own(form.elements.own) : picture.value;
    if (chosen) facts.picture = chosen;
    if (aimed) facts[aimed.at] = aimed.id;
  }
  const verb = aimed ? (aimed.at === "edit" ? "edit" : "comment") : kind?.value || form.dataset.kind;
  if (await act(verb, facts)) {
    form.reset();
    form.elements.own.hidden = true;
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
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send(form);
    }
  });
  form.elements.picture.addEventListener("change", (event) => {
    form.elements.own.hidden = event.target.value !== "own";
  });
  form.querySelector("[data-aim-off]").addEventListener("click", () => {
    if (form.aimed?.at === "edit") form.elements.text.value = "";
    aimless(form);
  });
}

for (const box of scene.querySelectorAll("[data-stick]")) box.scrollTop = box.scrollHeight;
document.addEventListener("visibilitychange", look);
dress();
watch();
