// The line to the server: it says hello, nudges when something has changed, and comes back when it was lost.
const LONGEST_WAIT = 15e3;
let stream = null;
let wait = 1000;

/** Listen from now on: `hello` and `nudge` get what the server says, `lost` hears that the line broke. */
export function listen({ hello, nudge, lost = () => {} }) {
  function open() {
    if (stream && stream.readyState !== EventSource.CLOSED) return;
    stream = new EventSource("/live");
    stream.addEventListener("hello", (event) => {
      wait = 1000;
      hello(JSON.parse(event.data));
    });
    stream.addEventListener("nudge", (event) => nudge(JSON.parse(event.data)));
    stream.onerror = () => {
      lost();
      if (stream.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      setTimeout(open, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    };
  }
  open();
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => event.persisted && open());
}
