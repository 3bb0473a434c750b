// Where an answer is written. It refuses before the network would, says why, and loses nothing.
import { Choices } from "heed/composer-choices";
import { Drafts } from "heed/drafts";
import { Uploads } from "heed/uploads";
import { tightest } from "heed/measure";
import { tellTimes, until } from "heed/times";
import { headers, post } from "heed/request";
import { misfit } from "heed/misfit";
import { say, sayTrouble } from "heed/toasts";
import { sentence } from "heed/sentences";
import { show } from "heed/parts";
import { showReceivers } from "heed/receivers";
import { toEnd } from "heed/log";
import { Templates } from "heed/templates";
import { Typing } from "heed/typing";

const READ_IN = 2e3;

class Composer {
  constructor(form) {
    this.form = form;
    this.field = form.elements.text;
    this.texts = {};
    this.news = []; // the newest message of the page, and since when it is on it
    this.to = "";
    this.receivers = null; // of a message that was chosen; else of the newest
    this.key = crypto.randomUUID();
    this.drafts = new Drafts(document.body.dataset.user, form.dataset.ticket, form.dataset.drafts);
    this.templates = new Templates(form, () => this.weigh());
    this.choices = new Choices(form, `${this.drafts.prefix}choices`, this.facts("private").offered ?? {}, () => this.offered());
    this.drafts.choices = this.choices;
    this.typing = new Typing(form.dataset.typing);
    this.uploads = new Uploads(form.querySelector("[data-file-list]"), form.dataset.files, () => this.weigh());
    this.look(0);
    this.restore();
    this.choose(this.selected());
    this.listen();
  }

  get ways() {
    return [...this.form.querySelectorAll("[data-way]")];
  }

  facts(name = this.visibility) {
    const tab = this.form.querySelector(`[data-way="${name}"]`);
    return tab ? JSON.parse(tab.dataset.facts) : { allowed: false, limits: [], files: null, sentence: "" };
  }

  // ---------------------------------------------------------------- drafts

  restore() {
    for (const tab of this.ways) {
      const name = tab.dataset.way;
      const kept = this.drafts.unsaved(name);
      this.texts[name] = kept ?? this.facts(name).draft;
      if (kept !== null) this.drafts.keep(name, kept);
    }
  }

  selected() {
    const written = this.ways.find((tab) => this.drafts.unsaved(tab.dataset.way));
    return (written ?? this.form.querySelector("[aria-selected=true]")).dataset.way;
  }

  /** The server's view of the ways changed: what is being written stays as it is. */
  refresh() {
    this.look();
    this.mark();
    for (const tab of this.ways) {
      const name = tab.dataset.way;
      const facts = this.facts(name);
      if (!facts.failed || !facts.draft || this.current(name)) continue;
      this.put(name, facts.draft);
      if (name === "private" && !this.choices.rows.length) this.choices.fill(facts.offered);
    }
    this.weigh();
  }

  /** Note which message is the newest now, and since when. */
  look(at = Date.now()) {
    const newest = Number(this.form.querySelector(".ways").dataset.newest);
    if (newest !== this.news.at(-1)?.newest) this.news.push({ newest, at });
  }

  /** The newest message that one can have read: what came up this very moment nobody has. */
  get seen() {
    return Math.max(0, ...this.news.filter(({ at }) => Date.now() - at > READ_IN).map(({ newest }) => newest));
  }

  current(name) {
    return name === this.visibility ? this.field.value : this.texts[name] ?? "";
  }

  put(name, text) {
    this.texts[name] = text;
    if (name === this.visibility) this.field.value = text;
  }

  // ---------------------------------------------------------------- writing

  choose(name) {
    if (this.changing && name !== this.visibility) this.leave();
    if (this.visibility) this.texts[this.visibility] = this.field.value;
    this.visibility = name;
    this.field.value = this.texts[name] ?? "";
    this.form.classList.toggle("noting", name === "note");
    this.templates.offer(this.facts().templates ?? []);
    this.mark();
    this.weigh();
  }

  mark() {
    for (const tab of this.ways) {
      const chosen = tab.dataset.way === this.visibility;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen) this.field.setAttribute("aria-label", tab.textContent);
    }
  }

  write(text, visibility = this.visibility) {
    if (visibility !== this.visibility) this.choose(visibility);
    this.field.value = text;
    this.typed();
    this.field.focus();
  }

  typed() {
    if (this.changing) return this.weigh();
    this.drafts.keep(this.visibility, this.field.value);
    if (this.attempt !== undefined && this.attempt !== this.field.value) this.renewKey();
    if (this.facts().typing && this.field.value) this.typing.tell();
    this.weigh();
  }

  /** What the customer can choose from was changed: it is a part of the draft. */
  offered() {
    this.drafts.keep("private", this.current("private"));
    this.weigh();
  }

  /** Put words where the cursor is, apart from those around them. */
  insert(words) {
    const { selectionStart: start, selectionEnd: end, value } = this.field;
    const before = start && !/\s$/.test(value.slice(0, start)) ? " " : "";
    this.field.setRangeText(before + words, start, end, "end");
    this.typed();
    this.field.focus();
  }

  renewKey() {
    this.key = crypto.randomUUID();
    this.attempt = undefined;
  }

  replyTo(id, words, visibility, publicly = false, receivers = null) {
    this.to = id;
    this.receivers = receivers;
    this.publicly = publicly;
    this.say(publicly ? `${sentence("publicly")} ${words}` : words);
    if (id && this.facts(visibility).allowed) this.choose(visibility);
    if (id) this.field.focus();
  }

  /** Go on in the private talk, where there is one: where it is closed, one reads why. */
  privately() {
    if (this.ways.some((tab) => tab.dataset.way === "private")) this.choose("private");
    this.field.focus();
  }

  /** The line above the text: what it answers, quotes or changes. */
  say(words) {
    const line = this.form.querySelector("[data-quoting]");
    line.hidden = !words;
    line.querySelector("span").textContent = words;
  }

  /** Change what was sent before: what stood in the field comes back afterwards. */
  change(url, text, visibility) {
    this.leave();
    if (this.templates.chosen) this.templates.choose(null);
    if (this.ways.some((tab) => tab.dataset.way === visibility)) this.choose(visibility);
    this.set_aside = this.field.value;
    this.changing = url;
    this.field.value = text;
    this.say(`${sentence("editing")} ${text}`);
    this.field.focus();
    this.weigh();
  }

  unchange() {
    if (!this.changing) return;
    this.changing = "";
    this.field.value = this.set_aside;
  }

  /** Answer nothing in particular, quote nothing, change nothing. */
  leave() {
    this.unchange();
    this.replyTo("", "", this.visibility);
    this.weigh();
  }

  async sendChange() {
    try {
      const response = await post(this.changing, new URLSearchParams({ value: this.field.value }));
      this.leave();
      await show(await response.text());
    } catch (error) {
      sayTrouble(error, sentence("unsent"));
    }
  }

  // ---------------------------------------------------------------- refusing

  /** Why this cannot be sent, or "". */
  refusal() {
    const facts = this.facts();
    if (this.templates.chosen) return this.templates.complete ? "" : sentence("blanks");
    if (!facts.allowed && !this.changing && !this.elsewhere()) return facts.sentence;
    if (!this.changing && facts.closes && Date.parse(facts.closes) <= Date.now()) return sentence("closed");
    const size = tightest(this.field.value.trim(), this.limits(facts));
    if (size && size.used > size.most) return `${sentence("over")} ${size.used - size.most}`;
    const excess = this.choices.excess();
    if (excess) return `${sentence("ofThem")} ${excess}`;
    return this.changing ? "" : this.filesRefusal(facts);
  }

  /** Another account of ours that is to answer: what closes the one that was written to may leave it open. */
  elsewhere() {
    return this.visibility === "public" ? this.form.querySelector("[data-from]")?.value ?? "" : "";
  }

  /** The account that answers stands beside the ways as well. */
  tellSender(from) {
    const as = this.form.querySelector("#ways .chip bdi");
    as.dataset.own ??= as.textContent;
    const name = this.elsewhere() ? from.selectedOptions[0].textContent : as.dataset.own;
    if (as.textContent !== name) as.textContent = name;
  }

  limits(facts) {
    return [...facts.limits, ...this.choices.limits];
  }

  filesRefusal(facts) {
    const files = this.uploads.kept;
    if (!files.length || this.visibility === "note") return "";
    return this.choices.items.length ? sentence("noFiles") : misfit(facts, files, this.field.value.trim());
  }

  weigh() {
    const facts = this.facts();
    this.choices.offer(this.changing || this.templates.chosen ? [] : facts.choices ?? []);
    const size = tightest(this.field.value.trim(), this.limits(facts));
    const counter = this.form.querySelector("[data-counter]");
    counter.textContent = size ? `${size.used} / ${size.most}` : "";
    counter.classList.toggle("bad", Boolean(size) && size.used > size.most);
    const still = this.changing ? "" : limitsOf(facts);
    this.form.querySelector("[data-window]").textContent = still;
    const why = this.templates.chosen ? "" : this.refusal() || (this.changing ? "" : facts.failed || facts.late);
    const line = this.form.querySelector("[data-refusal]");
    line.hidden = !why;
    if (line.textContent !== why) line.textContent = why;
    this.form.querySelector("[data-attach]").hidden = !facts.files || this.visibility === "note" || Boolean(this.changing);
    const receivers = facts.receivers && !this.changing ? this.receivers ?? facts.receivers : [];
    showReceivers(this.form.querySelector("[data-to]"), receivers);
    const from = this.form.querySelector("[data-from]");
    if (from) {
      from.hidden = this.visibility !== "public" || Boolean(this.changing);
      this.tellSender(from);
    }
    this.form.querySelector("[data-private-link]").hidden = !facts.link || Boolean(this.changing);
    this.form.querySelector("[data-mark]").hidden = this.visibility === "note" || Boolean(this.changing);
    const words = this.form.querySelector("[data-send-words]");
    words.textContent = this.changing ? words.dataset.edit : this.visibility === "note" ? words.dataset.note : words.dataset.reply;
    const blocked = Boolean(this.refusal()) || this.uploads.running > 0;
    for (const button of this.form.querySelectorAll("[data-send], [data-mark]")) button.setAttribute("aria-disabled", String(blocked));
  }

  // ---------------------------------------------------------------- sending

  async send(mark) {
    const why = this.refusal() || (this.uploads.running ? sentence("uploading") : "");
    if (why) return say(why);
    const text = this.templates.chosen ? this.templates.text : this.field.value;
    if (!text.trim() && !this.uploads.ids.length) return say(sentence("empty"));
    if (this.changing) return this.sendChange();
    if (this.sending) return;
    this.sending = true;
    const visibility = this.visibility;
    this.attempt = text;
    this.form.classList.add("sending");
    const bubble = this.bubble(text, visibility);
    try {
      await this.drafts.stop(visibility);
      const response = await post(this.form.action, this.fields(text, visibility, mark));
      this.sent(visibility, text);
      document.dispatchEvent(new CustomEvent("heed:sent"));
      await show(await response.text());
      toEnd();
    } catch (error) {
      bubble.remove();
      this.anyway = error.anyway ? text : "";
      this.drafts.keep(this.visibility, this.field.value);
      if (error.status === 409 && !error.anyway) await this.overtaken();
      sayTrouble(error, sentence("unsent"));
    } finally {
      this.sending = false;
      this.form.classList.remove("sending");
    }
  }

  /** Somebody wrote meanwhile: show it. What is shown now, with the reason, has been seen. */
  async overtaken() {
    this.renewKey();
    const query = new URLSearchParams({ ticket: this.form.dataset.ticket });
    const response = await fetch(`${document.body.dataset.news}?${query}`, { headers: headers() });
    if (response.ok) await show(await response.text());
    this.look();
    for (const each of this.news) each.at = 0;
    toEnd();
  }

  /** The message as it will stand in the thread, from the same template; the server's own takes its place. */
  bubble(text, visibility) {
    const kind = visibility === "note" ? "note" : "message";
    const bubble = this.form.querySelector(`template[data-outgoing=${kind}]`).content.firstElementChild.cloneNode(true);
    bubble.id = `m-${this.key}`;
    bubble.classList.add("sending-now");
    bubble.querySelector(".said").textContent = text;
    bubble.querySelector("time").dateTime = new Date().toISOString();
    document.getElementById("log").append(bubble);
    tellTimes(bubble);
    toEnd();
    return bubble;
  }

  fields(text, visibility, mark) {
    const fields = new URLSearchParams({ text, visibility, key: this.key, to: visibility === "note" ? "" : this.to, mark: mark ? "1" : "" });
    if (visibility === "note") {
      if (this.anyway === text) fields.set("anyway", "1");
      return fields;
    }
    fields.set("seen", this.seen);
    fields.set("hold", "1");
    if (this.elsewhere()) fields.set("from", this.elsewhere());
    if (this.publicly) fields.set("quote", "1");
    if (this.templates.chosen) this.templates.addTo(fields);
    else for (const id of this.uploads.ids) fields.append("files", id);
    this.choices.addTo(fields);
    return fields;
  }

  sent(visibility, text) {
    this.renewKey();
    if (this.templates.chosen) {
      this.templates.choose(null);
      return;
    }
    this.drafts.sent(visibility);
    if (this.current(visibility) === text) this.put(visibility, "");
    else this.drafts.keep(visibility, this.current(visibility)); // one has gone on writing meanwhile
    if (visibility !== "note") this.uploads.clear();
    if (visibility === "private") this.choices.sent();
    this.replyTo("", "", visibility);
    this.weigh();
  }

  // ---------------------------------------------------------------- events

  listen() {
    this.field.addEventListener("input", () => this.typed());
    this.form.querySelector("[data-from]")?.addEventListener("change", () => this.weigh());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(event.submitter?.matches("[data-mark]") ?? false);
    });
    this.form.addEventListener("keydown", (event) => this.pressed(event));
    this.form.addEventListener("click", (event) => {
      const tab = event.target.closest("[data-way]");
      if (tab) this.choose(tab.dataset.way);
      if (tab) this.field.focus();
      if (event.target.closest("[data-private-link]")) this.insert(this.facts().link);
      if (event.target.closest("[data-unquote]")) this.leave();
    });
    const picker = this.form.querySelector("input[type=file]");
    picker.addEventListener("change", () => {
      this.uploads.add([...picker.files]);
      picker.value = "";
    });
    this.field.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length && this.facts().files) this.uploads.add(files);
    });
  }

  pressed(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.send(event.shiftKey && this.visibility !== "note");
    }
    if (event.target.matches("[data-way]") && (event.key === "ArrowRight" || event.key === "ArrowLeft")) this.step(event);
  }

  step(event) {
    const forward = (event.key === "ArrowRight") === (document.documentElement.dir !== "rtl");
    const tabs = this.ways;
    const next = tabs.at((tabs.indexOf(event.target) + (forward ? 1 : -1)) % tabs.length);
    this.choose(next.dataset.way);
    next.focus();
  }
}

/** How long and how often one may still write. */
function limitsOf(facts) {
  const closes = Date.parse(facts.closes) > Date.now() ? `${sentence("closes")} ${until(Date.parse(facts.closes))}` : "";
  const sends = facts.allowed && Number.isInteger(facts.sends) ? `${sentence("sends")} ${facts.sends}` : "";
  return [closes, sends].filter(Boolean).join(" · ");
}

let composer = null;

/** The composer of the open ticket, or null. */
export function openComposer() {
  const form = document.querySelector("[data-composer]");
  if (form && composer?.form !== form) {
    composer?.drafts.flush();
    composer = new Composer(form);
  }
  return form ? composer : null;
}

openComposer();
document.addEventListener("htmx:after:swap", () => {
  const before = composer;
  openComposer();
  if (composer && composer === before) composer.refresh();
});
setInterval(() => composer?.weigh(), 30e3);
addEventListener("pagehide", () => composer?.drafts.leave());

document.addEventListener("click", (event) => {
  const reply = event.target.closest?.("[data-reply-to]");
  if (reply) openComposer()?.replyTo(reply.dataset.replyTo, reply.dataset.quote, reply.dataset.visibility, "publicly" in reply.dataset, JSON.parse(reply.dataset.receivers || "null"));
  if (reply && "privately" in reply.dataset) openComposer()?.privately();
  const change = event.target.closest?.("[data-change]");
  if (change) openComposer()?.change(change.dataset.change, change.dataset.text, change.dataset.visibility);
  const again = event.target.closest?.("[data-edit-again]");
  if (again) openComposer()?.write(again.dataset.text, again.dataset.visibility);
});
