// Files of an answer: uploaded at once, with their progress, and removed again.
import { headers, post } from "heed/request";
import { say, sayTrouble } from "heed/toasts";

export class Uploads {
  constructor(list, url, changed) {
    this.list = list;
    this.url = url;
    this.changed = changed;
    this.running = 0;
    list.addEventListener("click", (event) => this.clicked(event));
    list.addEventListener("keydown", (event) => event.key === "Enter" && event.target.dataset.describe && event.preventDefault());
    list.addEventListener("change", ({ target }) => target.dataset.describe && this.describe(target));
  }

  get ids() {
    return [...this.list.querySelectorAll("[data-file]")].map((item) => item.dataset.file);
  }

  get kept() {
    return [...this.list.querySelectorAll("[data-file]")].map((item) => ({ mime: item.dataset.mime, size: Number(item.dataset.size) }));
  }

  add(files) {
    for (const file of files) this.upload(file);
  }

  upload(file) {
    const item = this.waiting(file.name);
    const request = new XMLHttpRequest();
    request.upload.onprogress = (event) => {
      item.querySelector("progress").value = event.loaded / event.total;
    };
    request.onloadend = () => this.arrived(item, request);
    request.open("POST", this.url);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    const fields = new FormData();
    fields.append("file", file);
    request.send(fields);
    this.running += 1;
    this.changed();
  }

  waiting(name) {
    const item = document.createElement("li");
    item.className = "chip draft-file";
    const bar = document.createElement("progress");
    bar.setAttribute("aria-label", name);
    bar.value = 0;
    const words = document.createElement("bdi");
    words.textContent = name;
    item.append(words, bar);
    this.list.append(item);
    return item;
  }

  arrived(item, request) {
    this.running -= 1;
    if (request.status === 201) item.outerHTML = request.responseText;
    else {
      item.remove();
      const plain = (request.getResponseHeader("Content-Type") || "").startsWith("text/plain");
      say(plain ? request.responseText : "");
    }
    this.changed();
  }

  async clicked(event) {
    const button = event.target.closest("[data-detach]");
    if (!button) return;
    const item = button.closest("li");
    item.remove();
    this.changed();
    await fetch(button.dataset.detach, { method: "DELETE", headers: headers() }).catch(() => {});
  }

  async describe({ dataset, value }) {
    await post(dataset.describe, new URLSearchParams({ alt: value })).catch((error) => sayTrouble(error));
  }

  clear() {
    this.list.replaceChildren();
    this.changed();
  }
}
