// The words our scripts say, translated by the server and left in a template of the page.
export function sentence(name) {
  return document.getElementById("sentences")?.dataset[name] ?? "";
}
