// The thread stays at its end while one reads the end, and stays put while one reads further up.
const NEAR = 48;

class Log {
  constructor(element) {
    this.element = element;
    this.newer = element.parentElement.querySelector("[data-newer]");
    this.height = element.clientHeight;
    this.toEnd();
    element.addEventListener("scroll", () => this.seen(), { passive: true });
    element.addEventListener("error", ({ target }) => this.over(target), true);
    element.addEventListener("load", () => this.atEnd && this.toEnd(), true);
    this.newer.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.resized()).observe(element);
  }

  seen() {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    const below = scrollHeight - scrollTop - clientHeight;
    const grown = Math.abs(this.height - clientHeight); // the composer grew by so much: nobody scrolled
    if (grown && below < NEAR + grown) return;
    this.atEnd = below < NEAR;
    if (this.atEnd) this.newer.hidden = true;
  }

  resized() {
    this.height = this.element.clientHeight;
    if (this.atEnd) this.toEnd();
  }

  /** What could be seen a while ago and cannot now is asked for once more; then words that say why take its place. */
  async over(target) {
    const { over, later, again } = target.dataset ?? {};
    if (!over) return;
    const answer = await fetch(target.src, { headers: { Range: "bytes=0-0" } }).catch(() => null);
    if (answer?.ok && !again) {
      target.dataset.again = "1";
      target.src = target.getAttribute("src");
      return;
    }
    const textContent = answer?.status === 404 ? over : later;
    const words = Object.assign(document.createElement("span"), { className: "file", textContent });
    (target.closest("a.picture") ?? target).replaceWith(words);
  }

  toEnd() {
    this.element.scrollTop = this.element.scrollHeight;
    this.atEnd = true;
    this.newer.hidden = true;
  }

  get start() {
    return this.element.querySelector("#earlier")?.dataset.start;
  }

  before() {
    this.seen(); // somebody may have scrolled this very moment, and the event is still to come
    this.shownFrom = this.start;
    this.fromEnd = this.element.scrollHeight - this.element.scrollTop;
    this.last = this.element.querySelector(":scope > :last-child")?.id;
  }

  after() {
    if (this.shownFrom && this.start !== this.shownFrom) {
      this.element.scrollTop = this.element.scrollHeight - this.fromEnd; // what was read stays in sight
      this.atEnd = false;
    } else if (this.atEnd) this.toEnd();
    else if (this.element.querySelector(":scope > :last-child")?.id !== this.last) this.newer.hidden = false;
  }
}

let log = null;

function take() {
  const element = document.getElementById("log");
  if (element && log?.element !== element) log = new Log(element);
}

/** Go to the newest message, after one's own. */
export function toEnd() {
  log?.toEnd();
}

take();
document.addEventListener("htmx:before:swap", () => log?.before());
document.addEventListener("htmx:after:swap", () => {
  take();
  log?.after();
});
