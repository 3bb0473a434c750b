// The length of a text in a network's own unit, as `heed.lib.text.measure` counts it.
const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const encoder = new TextEncoder();
const emoji = /[\p{Extended_Pictographic}\p{Regional_Indicator}\u20e3]/u;
const light = [[0, 4351], [8192, 8205], [8208, 8223], [8242, 8247]];
const linkWeight = 23;
const link = new RegExp(
  "https?://[^\\s]+"
  + "|(?<![\\p{L}\\p{N}_@#$./\\-])(?:[\\p{L}\\p{N}](?:[\\p{L}\\p{N}_\\-]*[\\p{L}\\p{N}])?\\.)+"
  + "(?:com|org|net|info|biz|edu|gov|shop|store|online|site|website|app|dev|blog|news|[a-z]{2})"
  + "(?![\\p{L}\\p{N}_\\-])(?:[/?#][^\\s]*)?",
  "giu",
);
const afterLink = /[.,!?;:'")\]}»…]+$/u;

function clusterWeight(cluster) {
  const points = Array.from(cluster, (letter) => letter.codePointAt(0));
  if (emoji.test(cluster) && !(points.length === 1 && points[0] <= light[0][1])) return 2;
  return points.reduce(
    (sum, point) => sum + (light.some(([low, high]) => low <= point && point <= high) ? 1 : 2), 0,
  );
}

function plainWeight(text) {
  return Array.from(segmenter.segment(text)).reduce((sum, { segment }) => sum + clusterWeight(segment), 0);
}

function weight(text) {
  let total = 0;
  let at = 0;
  for (const found of text.matchAll(link)) {
    total += plainWeight(text.slice(at, found.index)) + linkWeight;
    at = found.index + found[0].replace(afterLink, "").length;
  }
  return total + plainWeight(text.slice(at));
}

const units = {
  chars: (text) => Array.from(text).length,
  utf16: (text) => text.length,
  graphemes: (text) => Array.from(segmenter.segment(text)).length,
  bytes: (text) => encoder.encode(text).length,
  weighted: (text) => weight(text.normalize("NFC")),
};

export function measure(text, unit) {
  return units[unit](text);
}

/** What a text leaves of several limits `[unit, most]`: the one that is nearest to being broken. */
export function tightest(text, limits) {
  const sizes = limits.map(([unit, most]) => ({ used: measure(text, unit), most }));
  return sizes.sort((one, other) => other.used / other.most - one.used / one.most)[0] ?? null;
}
