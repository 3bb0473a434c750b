// What one begins to write is kept in the browser at every key and on the server soon after.
import { post } from "heed/request";

const PAUSE = 700;
// A page that was asked for just before the server saved shows an older draft: the browser's copy stays a while.
const LINGER = 5000;

export class Drafts {
  /** `url` is the address of a draft with its visibility left out at the end. */
  constructor(user, ticket, url) {
    this.prefix = `heed:draft:${user}:${ticket}:`;
    this.url = url;
    this.timers = {};
    this.safe = {};
    this.saving = Promise.resolve();
    this.choices = null; // what a private answer offers goes with its text
  }

  /** What the browser kept and the server may not have: the text, or null. */
  unsaved(visibility) {
    return localStorage.getItem(this.prefix + visibility);
  }

  keep(visibility, text) {
    localStorage.setItem(this.prefix + visibility, text);
    clearTimeout(this.timers[visibility]);
    this.timers[visibility] = setTimeout(() => this.save(visibility, text), PAUSE);
  }

  save(visibility, text) {
    delete this.timers[visibility];
    const fields = new URLSearchParams({ text });
    const offered = visibility === "private" ? this.choices.write(fields) : "";
    const url = this.url.replace(/[^/]+\/$/, `${visibility}/`);
    this.saving = this.saving
      .then(() => post(url, fields, { keepalive: text.length < 30000 }))
      .then(() => this.saved(visibility, text, offered))
      .catch(() => {}); // the browser's copy stays, and is saved when the page opens again
    return this.saving;
  }

  saved(visibility, text, offered) {
    setTimeout(() => this.forget(visibility, text, offered), LINGER);
    this.safe[visibility] = [text, offered];
    document.dispatchEvent(new CustomEvent("heed:kept"));
  }

  forget(visibility, text, offered) {
    if (this.unsaved(visibility) === text) localStorage.removeItem(this.prefix + visibility);
    if (offered) this.choices.forget(offered);
  }

  /** Nothing of this draft may be saved after it was sent. Resolves when nothing is on its way. */
  stop(visibility) {
    clearTimeout(this.timers[visibility]);
    delete this.timers[visibility];
    return this.saving;
  }

  sent(visibility) {
    localStorage.removeItem(this.prefix + visibility);
  }

  /** The page goes: save now whatever still waits for its pause, and keep no copy of what is safe. */
  leave() {
    this.flush();
    for (const [visibility, kept] of Object.entries(this.safe)) this.forget(visibility, ...kept);
  }

  /** Save now whatever still waits for its pause. */
  flush() {
    for (const visibility of Object.keys(this.timers)) {
      clearTimeout(this.timers[visibility]);
      this.save(visibility, this.unsaved(visibility) ?? "");
    }
  }
}
