// Approved templates: chosen from a menu, their blanks filled in beneath, sent instead of a text.
import { sentence } from "heed/sentences";

const blank = /\{\{(\d+)\}\}/g;

export class Templates {
  constructor(form, changed) {
    this.menu = form.querySelector("[data-templates]");
    this.list = form.querySelector("[data-template-list]");
    this.sheet = form.querySelector("[data-template]");
    this.field = form.elements.text;
    this.changed = changed;
    this.chosen = null;
    this.list.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.choose(this.offered[Number(button.value)] ?? null);
    });
    this.sheet.addEventListener("input", () => this.tell());
    this.sheet.querySelector("[data-no-template]").addEventListener("click", () => {
      this.choose(null);
      this.field.focus();
    });
  }

  /** Show what may be sent on this way; a choice that is no longer among them is dropped. */
  offer(templates) {
    this.offered = templates;
    this.menu.hidden = !templates.length;
    this.list.replaceChildren(...templates.map((template, index) => this.row(template, index)));
    if (!templates.some((each) => each.name === this.chosen?.name && each.language === this.chosen?.language)) this.choose(null);
  }

  row(template, index) {
    const button = document.createElement("button");
    const words = document.createElement("small");
    button.type = "button";
    button.value = String(index);
    words.dir = "auto";
    words.textContent = template.text;
    button.append(`${template.name} · ${template.language}`, words);
    return button;
  }

  choose(template) {
    this.chosen = this.chosen && this.chosen === template ? null : template;
    this.sheet.hidden = !this.chosen;
    this.field.hidden = Boolean(this.chosen);
    const blanks = this.chosen ? Array.from({ length: this.chosen.blanks }, (_, at) => this.input(at + 1)) : [];
    this.sheet.querySelector("[data-template-blanks]").replaceChildren(...blanks);
    this.tell();
    blanks[0]?.focus();
  }

  input(number) {
    const input = document.createElement("input");
    input.dir = "auto";
    input.placeholder = `${sentence("blank")} ${this.chosen.names[number - 1] ?? `{{${number}}}`}`;
    input.setAttribute("aria-label", input.placeholder);
    return input;
  }

  get values() {
    return [...this.sheet.querySelectorAll("input")].map((input) => input.value.trim());
  }

  get complete() {
    return this.values.every(Boolean);
  }

  get text() {
    const values = this.values;
    return this.chosen.text.replace(blank, (whole, number) => values[number - 1] || whole);
  }

  tell() {
    this.sheet.querySelector("[data-template-name]").textContent = this.chosen?.name ?? "";
    this.sheet.querySelector("[data-template-text]").textContent = this.chosen ? this.text : "";
    this.changed();
  }

  addTo(fields) {
    fields.set("template", this.chosen.name);
    fields.set("template_language", this.chosen.language);
    for (const value of this.values) fields.append("blanks", value);
  }
}
