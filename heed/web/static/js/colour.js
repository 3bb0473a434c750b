// A colour that is typed and one that is picked beside it say the same.
const SHAPE = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i;

/** The colour of these words with six digits; null where they are none. */
function colourOf(words) {
  const digits = words.trim().match(SHAPE)?.[1];
  if (!digits) return null;
  return `#${digits.length === 3 ? digits.replace(/./g, "$&$&") : digits}`.toLowerCase();
}

document.addEventListener("input", ({ target }) => {
  const both = target.closest?.(".colour");
  if (!both) return;
  const [picked, typed] = both.querySelectorAll("input");
  if (target === picked) typed.value = picked.value;
  else picked.value = colourOf(typed.value) ?? picked.dataset.usual;
});
