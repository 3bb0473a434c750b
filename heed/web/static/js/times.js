// Times in the reader's own language and zone. Every <time data-when> says how it wants to be shown.
const language = document.documentElement.lang;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const month = new Intl.DateTimeFormat(language, { month: "short" });
const ofThisYear = { day: "numeric", month: "short" };
const ofAnother = { ...ofThisYear, year: "numeric" };
const withClock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const [dayOfMonth, dayOfYear, dayAndClock, dateAndClock] = [ofThisYear, ofAnother, { ...ofThisYear, ...withClock }, { ...ofAnother, ...withClock }]
  .map((style) => new Intl.DateTimeFormat(language, style));
const wholeDay = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
const wholeDate = new Intl.DateTimeFormat(language, { dateStyle: "full" });
const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "narrow" });

const MINUTE = 60e3;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// Browsers do not know every language. For one they lack, the server's words stay, and short spans
// come from the patterns it sent along.
const known = Intl.DateTimeFormat.supportedLocalesOf([language]).length > 0;
const patterns = JSON.parse(document.body.dataset.units || "{}");

const spans = {}; // making one takes longer than all it will ever be asked for

function span(amount, unit) {
  if (!known) return patterns[unit].replace("{0}", amount);
  spans[unit] ??= new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" });
  return spans[unit].format(amount);
}

/** How long ago, as short as a list needs it: `now`, `4 min`, `2 hr`, `3 days`, `May 4`, `May 4, 2025`; null: as it stands. */
export function ago(at, now = Date.now()) {
  const passed = now - at;
  if (passed < MINUTE) return known ? relative.format(0, "second") : patterns.now;
  if (passed < HOUR) return span(Math.floor(passed / MINUTE), "minute");
  if (passed < DAY) return span(Math.floor(passed / HOUR), "hour");
  if (passed < 7 * DAY) return span(Math.floor(passed / DAY), "day");
  return known ? (thisYear(at) ? dayOfMonth : dayOfYear).format(at) : null;
}

/** How long still, for a window that closes: `23 hr`, `4 min`. */
export function until(at, now = Date.now()) {
  const left = Math.max(0, at - now);
  if (left >= 2 * DAY) return span(Math.floor(left / DAY), "day");
  if (left >= HOUR) return span(Math.floor(left / HOUR), "hour");
  return span(Math.ceil(left / MINUTE), "minute");
}

function sameDay(at) {
  return new Date(at).toDateString() === new Date().toDateString();
}

function thisYear(at) {
  return new Date(at).getFullYear() === new Date().getFullYear();
}

const titles = new WeakMap(); // of an element: the time its title tells

/** When something earlier was, as short as it can be told apart: `14:20` today, `4 May` within a month, `May`, `2025`. */
function day(at) {
  if (sameDay(at)) return clock.format(at);
  if (!known) return null;
  if (Date.now() - at < 30 * DAY) return (thisYear(at) ? dayOfMonth : dayOfYear).format(at);
  return thisYear(at) ? month.format(at) : String(new Date(at).getFullYear());
}

function entitle(element, at) {
  if (element.title && titles.get(element) === at) return;
  element.title = full.format(at);
  titles.set(element, at);
}

const styles = {
  ago,
  until,
  clock: (at) => clock.format(at),
  moment: (at) => (sameDay(at) ? clock.format(at) : known ? (thisYear(at) ? dayAndClock : dateAndClock).format(at) : null),
  day,
};

/** Write every time beneath `root` in the reader's words. */
export function tellTimes(root = document) {
  for (const element of root.querySelectorAll("time[data-when]")) {
    const at = Date.parse(element.dateTime);
    const told = styles[element.dataset.when](at);
    const text = told && element.dataset.words ? element.dataset.words.replace("{0}", told) : told;
    if (text !== null && element.textContent !== text) element.textContent = text;
    if (known) entitle(element, at);
  }
  if (!known) return;
  for (const element of root.querySelectorAll("time[data-day]")) {
    const day = new Date(`${element.dateTime}T12:00`);
    const text = (thisYear(day) ? wholeDay : wholeDate).format(day);
    if (element.textContent !== text) element.textContent = text;
  }
}

// The server groups a thread by days, and days begin when the reader's do.
if (!document.cookie.includes(`heed_zone=${zone}`)) {
  document.cookie = `heed_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
}

tellTimes();
setInterval(tellTimes, 20e3);
document.addEventListener("htmx:after:swap", () => tellTimes());
