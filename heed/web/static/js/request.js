// Requests that htmx does not make for us.

/** The headers of our own requests: who asks, and the token against forged forms. */
export function headers() {
  const given = document.body.getAttribute("hx-headers:inherited");
  return { "HX-Request": "true", ...JSON.parse(given || "{}") };
}

/** POST fields; throws a `Refusal` with the server's sentence, or a TypeError when the line broke. */
export async function post(url, fields, options = {}) {
  const response = await fetch(url, { method: "POST", body: fields, headers: headers(), ...options });
  if (!response.ok) throw new Refusal(await words(response), response.status);
  return response;
}

export class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function words(response) {
  const plain = (response.headers.get("Content-Type") || "").startsWith("text/plain");
  return plain ? response.text() : "";
}
