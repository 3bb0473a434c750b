// A field for a condition proposes what could go on: the arrows choose, Enter and Tab take.

/** The server counts letters, the browser halves of them. */
export function letters(text, count) {
  return [...text].slice(0, count).join("").length;
}

/** The proposals of one field. `list` shows them, `from` is asked for them; `taken` hears that one was put in. */
export class Completion {
  constructor(field, list, from, taken) {
    Object.assign(this, { field, list, from, taken, found: [], chosen: -1 });
    field.addEventListener("blur", () => this.shut());
    field.addEventListener("input", () => this.choose(-1));
    field.addEventListener("keydown", (event) => this.key(event) && event.preventDefault());
    list.addEventListener("pointerdown", (event) => {
      const row = event.target.closest("li");
      event.preventDefault(); // the field keeps the focus
      if (row) this.take(Number(row.dataset.index));
    });
  }

  async propose(signal) {
    const { field } = this;
    if (document.activeElement !== field || field.selectionStart !== field.selectionEnd) return this.shut();
    const asked = new URLSearchParams({ q: field.value, at: [...field.value.slice(0, field.selectionStart)].length });
    const response = await fetch(`${this.from}?${asked}`, { headers: { "HX-Request": "true" }, signal });
    if (!response.ok || signal.aborted || document.activeElement !== field) return;
    const before = this.found[this.chosen]?.text; // one may have chosen already
    this.found = (await response.json()).items;
    this.list.replaceChildren(...this.found.map((each, index) => this.row(each, index)));
    this.list.hidden = !this.found.length;
    field.setAttribute("aria-expanded", String(Boolean(this.found.length)));
    this.choose(this.found.findIndex(({ text }) => text === before));
  }

  row(proposal, index) {
    const row = document.createElement("li");
    row.id = `${this.list.id}-${index}`;
    row.role = "option";
    row.dataset.index = index;
    const word = document.createElement("bdi");
    word.textContent = proposal.text;
    const hint = document.createElement("small");
    hint.textContent = proposal.hint;
    row.append(word, hint);
    return row;
  }

  shut() {
    this.found = [];
    this.chosen = -1;
    this.list.hidden = true;
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  /** Point at a proposal; at none with -1. */
  choose(index) {
    this.chosen = index;
    for (const row of this.list.children) row.setAttribute("aria-selected", String(Number(row.dataset.index) === index));
    const row = this.list.children[index];
    if (row) this.field.setAttribute("aria-activedescendant", row.id);
    else this.field.removeAttribute("aria-activedescendant");
    row?.scrollIntoView({ block: "nearest" });
  }

  /** To the next or the one before, round the ends. */
  step(by) {
    const from = this.chosen < 0 && by < 0 ? 0 : this.chosen;
    this.choose((from + by + this.found.length) % this.found.length);
  }

  /** Put a proposal in; after an operator one goes on, after a value comes a space. */
  take(index) {
    const { text, start, end } = this.found[index];
    this.replace(start, end, text.endsWith(":") ? text : `${text} `);
  }

  replace(start, end, text) {
    const { field } = this;
    const from = letters(field.value, start);
    field.setRangeText(text, from, Math.max(from, letters(field.value, end)), "end");
    field.focus();
    this.shut();
    this.taken();
  }

  /** Whether the key was for the proposals. */
  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!this.found.length) return false;
    if (step) this.step(step);
    else if ((event.key === "Enter" || event.key === "Tab") && this.chosen >= 0) this.take(this.chosen);
    else if (event.key === "Escape") this.shut();
    else return false;
    return true;
  }
}
