// Requests that htmx does not make for us.
import { openNumber } from "heed/panes";

/** The headers of our own requests: who asks, and the token against forged forms. */
export function headers() {
  return { "HX-Request": "true", "X-CSRFToken": token(), "Heed-Shown-Since": shownSince() };
}

/** The token of now: signing in again in another tab changes it. */
function token() {
  const cookie = document.cookie.split("; ").find((each) => each.startsWith("heed_csrf"));
  return cookie ? cookie.slice(cookie.indexOf("=") + 1) : document.body.dataset.token;
}

document.addEventListener("htmx:config:request", (event) => {
  const { headers } = event.detail.ctx.request;
  headers["X-CSRFToken"] = token();
  if (document.getElementById("log")) headers["Heed-Shown-Since"] = shownSince();
});

/** Where the story of the open ticket starts on this page: answers must not take away what one opened. */
function shownSince() {
  return document.getElementById("earlier")?.dataset.start ?? "*";
}

/** Ask for what belongs to the open ticket, once for each: gives a function for the server's answer. Where none
 * comes it is {}, and the next one asks again. */
export function ofTicket(part) {
  let asked = null;
  return () => {
    const url = `/tickets/${openNumber()}/${part}/`;
    if (asked?.url !== url) {
      const turn = (asked = { url });
      turn.answer = fetch(url, { headers: headers() })
        .then((response) => (response.ok ? response.json() : Promise.reject(response)))
        .catch(() => {
          if (asked === turn) asked = null;
          return {};
        });
    }
    return asked.answer;
  };
}

/** POST fields; throws a `Refusal` with the server's sentence, or a TypeError when the line broke. */
export async function post(url, fields, options = {}) {
  const response = await fetch(url, { method: "POST", body: fields, headers: headers(), ...options });
  if (!response.ok) throw new Refusal(await words(response), response.status, response.headers.has("Heed-Anyway"));
  const elsewhere = response.headers.get("HX-Redirect");
  if (elsewhere) location.href = elsewhere;
  return response;
}

export class Refusal extends Error {
  /** `anyway`: the same once more, with that said, is done. */
  constructor(message, status, anyway = false) {
    super(message);
    this.status = status;
    this.anyway = anyway;
  }
}

async function words(response) {
  const plain = (response.headers.get("Content-Type") || "").startsWith("text/plain");
  return plain ? response.text() : "";
}
