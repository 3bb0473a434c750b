// Lets the customer see that somebody types, at most every few seconds. Nothing depends on it.
import { post } from "heed/request";

const PAUSE = 4e3;

export class Typing {
  constructor(url) {
    this.url = url;
    this.told = 0;
  }

  tell(now = Date.now()) {
    if (now - this.told < PAUSE) return;
    this.told = now;
    post(this.url).catch(() => {});
  }
}
