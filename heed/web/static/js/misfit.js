// Whether files may go with an answer, by what its network takes.
import { sentence } from "heed/sentences";

/** The limit for a type: its own, its family's, else the one under an empty name. */
function most(limits, mime) {
  const family = mime.split("/")[0];
  for (const name of [mime, `${family}/`, family, `${family}/*`, ""]) if (name in limits) return limits[name];
  return Infinity;
}

/** Why these files cannot go with this text, or "". */
export function misfit(facts, files, text) {
  if (!facts.files) return facts.no_files || sentence("type");
  const fits = (mime) => facts.files.types.some((type) => (type.endsWith("/*") ? mime.startsWith(type.slice(0, -1)) : mime === type || type === "*"));
  if (!files.every((file) => fits(file.mime))) return sentence("type");
  if (files.length > facts.files.count) return sentence("count");
  if (!files.every((file) => file.size <= most(facts.files.most, file.mime))) return sentence("size");
  return !facts.files.with_text && text ? sentence("alone") : "";
}
