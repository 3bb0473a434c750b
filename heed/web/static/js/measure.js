// The length of a text in a network's own unit, as `heed.lib.text.measure` counts it.
const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const encoder = new TextEncoder();

const units = {
  chars: (text) => Array.from(text).length,
  utf16: (text) => text.length,
  graphemes: (text) => Array.from(segmenter.segment(text)).length,
  bytes: (text) => encoder.encode(text).length,
};

export function measure(text, unit) {
  return units[unit](text);
}

/** What a text leaves of several limits `[unit, most]`: the one that is nearest to being broken. */
export function tightest(text, limits) {
  const sizes = limits.map(([unit, most]) => ({ used: measure(text, unit), most }));
  return sizes.sort((one, other) => other.used / other.most - one.used / one.most)[0] ?? null;
}
