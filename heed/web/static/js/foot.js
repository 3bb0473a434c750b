// What the pane ends with: the composer, or why there is none. It changes under one's hands where a colleague
// merges the ticket or takes that back; what one has begun to write stays, and is shown where it can go on.
import { headers, post } from "heed/request";
import { openComposer } from "heed/composer";
import { refresh } from "heed/live";
import { sayTrouble } from "heed/toasts";
import { show } from "heed/parts";

let changing = false;

const begun = () => document.getElementById("begun");

function differs() {
  const shown = begun()?.parentElement.querySelector(":scope > [data-foot]");
  return Boolean(shown) && shown.dataset.foot !== begun().dataset.endsWith;
}

/** Ask for what the pane ends with, once everything that was typed is kept. */
async function change() {
  if (changing) return;
  changing = true;
  const composer = openComposer();
  try {
    await keep(composer);
    const response = await fetch(begun().dataset.ask, { headers: headers() });
    if (response.ok) await show(await response.text());
  } catch {
    return; // the line broke: the next news tries again
  } finally {
    changing = false;
  }
  if (composer && !composer.form.isConnected) keep(composer); // what was typed meanwhile
}

/** Save what is written, the changes to an answer that was sent among it. */
function keep(composer) {
  if (!composer) return null;
  const changed = composer.changing ? composer.field.value : "";
  composer.leave();
  if (changed) composer.write(joined(composer.field.value, changed));
  composer.drafts.flush();
  return composer.drafts.saving;
}

function joined(...texts) {
  return texts.filter((text) => text.trim()).join("\n\n");
}

/** Go on in the open ticket with what was begun in one that went on in it. */
async function takeUp(button) {
  const composer = openComposer();
  if (!composer) return;
  const { takeUp: place, visibility, offered } = button.dataset;
  const text = button.closest("section").querySelector(".said").textContent;
  button.disabled = true;
  composer.leave();
  if (visibility === "private") composer.choices.fill(JSON.parse(offered));
  composer.write(joined(composer.current(visibility), text), visibility);
  await keep(composer);
  try {
    const [saved] = composer.drafts.safe[visibility] ?? [];
    if (saved?.includes(text)) await post(place, new URLSearchParams({ text: "" }));
  } catch (error) {
    sayTrouble(error);
  }
  refresh("ticket");
}

document.addEventListener("htmx:after:swap", () => differs() && change());
document.addEventListener("heed:kept", () => begun() && !openComposer() && change());
document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-take-up]");
  if (button) takeUp(button);
});
