/** Put the parts the server sent back into the page, as a live update does. */
export function show(text) {
  return htmx.swap({ text, target: document.body, swap: "none", sourceElement: document.body, hx: {}, request: {}, response: {} });
}
