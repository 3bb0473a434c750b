// Short answers offered under a text: the customer taps one, and it comes in as their message.
import { measure } from "heed/measure";

const over = (text, limit) => (limit ? measure(text, limit[0]) - limit[1] : text ? Infinity : 0);

export class Choices {
  /** `place` is where the browser keeps them until the server has them, beside the text of the draft; `saved`
   * are those that the server has. */
  constructor(form, place, saved, changed) {
    this.button = form.querySelector("[data-offer]");
    this.sheet = form.querySelector("[data-offered]");
    this.list = this.sheet.querySelector("ol");
    this.opener = form.elements.opener;
    this.place = place;
    this.changed = changed;
    this.forms = [];
    this.fill(JSON.parse(localStorage.getItem(place)) ?? saved);
    this.button.addEventListener("click", () => (this.rows.length ? this.clear() : this.add().focus()));
    this.sheet.addEventListener("input", () => this.keep());
    this.sheet.addEventListener("keydown", (event) => this.pressed(event));
    this.sheet.addEventListener("click", ({ target }) => {
      if (target.closest("[data-no-choice]")) this.drop(target.closest("li"));
      if (target.closest("[data-add-choice]")) this.add().focus();
    });
  }

  get rows() {
    return [...this.list.children];
  }

  /** What was written, also where it cannot be offered now: rows without words do not count. */
  get written() {
    const read = (row) => ({ title: row.children[0].value.trim(), detail: row.children[1].value.trim() });
    return this.rows.map(read).filter(({ title }) => title);
  }

  /** What is offered. */
  get items() {
    return this.forms.length ? this.written : [];
  }

  /** The form in which they go out: the first that can show them, else the widest. */
  get form() {
    const { items } = this;
    const fits = ({ most, title, detail }) => items.length <= most && items.every((each) => over(each.title, title) <= 0 && over(each.detail, detail) <= 0);
    return this.forms.find(fits) ?? this.forms.at(-1);
  }

  /** The limit of the text above them, if it is another than usual. */
  get limits() {
    return this.items.length && this.form.text ? [this.form.text] : [];
  }

  /** By how much the first that is too long is so; each such field is marked. */
  excess() {
    const { form } = this;
    if (!this.items.length) return 0;
    const fields = this.rows.flatMap((row) => [[row.children[0], form.title], ...(form.detail ? [[row.children[1], form.detail]] : [])]);
    if (form.opener) fields.push([this.opener, form.opener]);
    const found = fields.map(([field, limit]) => {
      const size = over(field.value.trim(), limit);
      field.setAttribute("aria-invalid", String(size > 0));
      return size;
    });
    return Math.max(0, found.find((size) => size > 0) ?? 0);
  }

  /** What can be offered on this way, and with what is being written now. */
  offer(forms) {
    this.forms = forms;
    this.show();
  }

  show() {
    const { forms, rows } = this;
    this.button.hidden = !forms.length;
    this.button.setAttribute("aria-expanded", String(rows.length > 0));
    this.sheet.hidden = !forms.length || !rows.length;
    if (this.sheet.hidden) return;
    for (const row of rows) row.children[1].hidden = !forms.some(({ detail }) => detail);
    this.sheet.querySelector("[data-opener]").hidden = !this.form.opener;
    this.sheet.querySelector("[data-choice-count]").textContent = `${rows.length} / ${forms.at(-1).most}`;
    this.sheet.querySelector("[data-add-choice]").hidden = rows.length >= forms.at(-1).most;
  }

  add(title = "", detail = "") {
    const row = this.sheet.querySelector("template").content.firstElementChild.cloneNode(true);
    [row.children[0].value, row.children[1].value] = [title, detail];
    this.list.append(row);
    if (this.forms.length) this.keep();
    return row.children[0];
  }

  drop(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    this.keep();
    (next?.children[0] ?? this.button).focus();
  }

  clear() {
    this.list.replaceChildren();
    this.keep();
    this.button.focus();
  }

  pressed(event) {
    const row = event.target.closest("li");
    if (event.key === "Enter" && event.target.matches("input") && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (row?.nextElementSibling) row.nextElementSibling.children[0].focus();
      else if (row && this.rows.length < this.forms.at(-1).most) this.add().focus();
    }
    if (event.key === "Backspace" && row && !event.target.value && event.target.name === "choice") {
      event.preventDefault();
      this.drop(row);
    }
  }

  get kept() {
    return JSON.stringify({ items: this.written, opener: this.opener.value });
  }

  keep() {
    localStorage.setItem(this.place, this.kept);
    this.show();
    this.changed();
  }

  /** Show these, as they were kept. */
  fill({ items = [], opener = "" }) {
    for (const { title, detail } of items) this.add(title, detail);
    if (opener) this.opener.value = opener;
  }

  /** Write all of them into the fields of a draft; gives back what the browser need not keep once that is saved. */
  write(fields) {
    for (const { title, detail } of this.written) {
      fields.append("choices", title);
      fields.append("details", detail);
    }
    if (this.written.length) fields.set("opener", this.opener.value);
    return this.kept;
  }

  forget(kept) {
    if (localStorage.getItem(this.place) === kept) localStorage.removeItem(this.place);
  }

  addTo(fields) {
    for (const { title, detail } of this.items) {
      fields.append("choices", title);
      fields.append("details", this.form.detail ? detail : "");
    }
    if (this.items.length && this.form.opener) fields.set("opener", this.opener.value.trim());
  }

  /** They went out: nothing of them is kept, nor told to the server, which knows. */
  sent() {
    this.list.replaceChildren();
    localStorage.removeItem(this.place);
    this.show();
  }
}
