// A menu beside what one writes, after a sign such as @ or /: the arrows choose, Enter and Tab take.
const FIELD = "#composer textarea";

/** Makes such a menu. `begun(field)` gives the letters after the sign, or null; `find(letters)` what fits them, or
 *  a sentence that is said instead; `fill(line, each)` writes a line; `take(field, each)` is told what was chosen.
 *  Gives back the function that offers it in a field. */
export function choices({ id, sign, begun, find, fill, take }) {
  let box = null;
  let found = [];
  let at = 0;
  let coming = null; // what fits, while it is on its way

  async function offer(field) {
    const letters = begun(field);
    if (letters === null) return close(field);
    const looking = find(letters);
    coming = looking;
    const fits = await looking;
    if (coming === looking) coming = null;
    if (begun(field) === letters) show(field, fits);
  }

  function close(field) {
    box?.remove();
    box = null;
    found = [];
    field?.removeAttribute("aria-activedescendant");
    field?.removeAttribute("aria-controls");
  }

  function show(field, fits) {
    close(field);
    if (!fits.length) return;
    box = document.createElement(typeof fits === "string" ? "p" : "ul");
    box.className = "mentionable";
    field.before(box);
    if (typeof fits === "string") return say(fits);
    found = fits;
    box.id = id;
    box.role = "listbox";
    box.ariaLabel = sign;
    box.append(...found.map(line));
    field.setAttribute("aria-controls", id);
    point(field, 0);
  }

  function say(words) {
    box.role = "status";
    box.textContent = words;
  }

  function line(each, index) {
    const row = document.createElement("li");
    row.id = `${id}-${index}`;
    row.role = "option";
    fill(row, each);
    return row;
  }

  function point(field, to) {
    at = (to + found.length) % found.length;
    [...box.children].forEach((each, index) => each.setAttribute("aria-selected", String(index === at)));
    field.setAttribute("aria-activedescendant", box.children[at].id);
    box.children[at].scrollIntoView({ block: "nearest" });
  }

  function chosen(field, each) {
    take(field, each);
    close(field);
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches?.(FIELD)) offer(event.target);
  });

  /** Enter was faster than what fits: it takes the first of it, or begins a line where nothing does. */
  async function enterWhenThere(field) {
    await coming;
    if (found.length) return chosen(field, found[at]);
    field.setRangeText("\n", field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("keydown", (event) => {
    const waits = coming && event.target.matches?.(FIELD) && begun(event.target) !== null;
    if (!(box || waits) || !event.target.matches?.(FIELD)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const enter = event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    const enters = event.key === "Tab" || enter;
    if (waits && enter) enterWhenThere(event.target);
    else if (!box) return;
    else if (step && found.length) point(event.target, at + step);
    else if (enters && found.length) chosen(event.target, found[at]);
    else if (event.key === "Escape") close(event.target);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  document.addEventListener("pointerdown", (event) => {
    if (!box) return;
    const field = document.querySelector(FIELD);
    const row = box.contains(event.target) && event.target.closest("li");
    if (!row) return close(field);
    event.preventDefault(); // the field keeps the focus
    chosen(field, found[[...box.children].indexOf(row)]);
  });

  return offer;
}
