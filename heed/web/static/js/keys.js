// A passkey or security key that did not work, or was put away: its own script tells only the console.
import { say } from "heed/toasts";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  say();
});
