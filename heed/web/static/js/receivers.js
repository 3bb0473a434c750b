// To whom a mail goes: the first two by their addresses, the others as a number.
const SHOWN = 2;

export function showReceivers(line, receivers) {
  const all = receivers.join(", ");
  line.hidden = !all;
  if (line.title === all) return;
  line.title = all;
  const named = receivers.slice(0, SHOWN).flatMap((each, place) => [place ? ", " : "", made("bdi", each)]);
  const others = receivers.slice(SHOWN);
  const more = others.length ? [" ", made("bdi", `+${others.length}`, "num"), made("span", `, ${others.join(", ")}`, "unseen")] : [];
  line.querySelector("span").replaceChildren(...named, ...more);
}

function made(tag, words, look = "") {
  const element = document.createElement(tag);
  element.textContent = words;
  if (look) element.className = look;
  return element;
}
