// Writes src/events.gen.ts from schema.json, the service's JSON Schema of its records and events.
// `--check` writes nothing and fails when the committed file differs.
//
// schema.json is exported by the service (scripts/schema.py).
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const SCHEMA = new URL("../schema.json", import.meta.url);
const TARGET = new URL("../src/events.gen.ts", import.meta.url);
const BANNER = "/* Generated from schema.json by `npm run types`. Do not edit. */";

/** Titles of fields would become one type alias each; only those of definitions are names. */
function tidy(node, isDefinition = false) {
  if (Array.isArray(node)) return node.map((item) => tidy(item));
  if (node === null || typeof node !== "object") return node;
  const tidied = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === "default" || key === "discriminator") continue;
    if (key === "title" && typeof value === "string" && !isDefinition) continue;
    const named = key === "properties" || key === "$defs";
    tidied[key] = named
      ? Object.fromEntries(Object.entries(value).map(([name, child]) => [name, tidy(child, key === "$defs")]))
      : tidy(value);
  }
  return tidied.properties ? { ...tidied, additionalProperties: false } : tidied;
}

const { $defs } = tidy(JSON.parse(await readFile(SCHEMA, "utf8")));
const { Record: root, ...others } = $defs;
const generated = await compile({ ...root, $defs: others }, "Record", { bannerComment: BANNER });

if (process.argv.includes("--check")) {
  const committed = await readFile(TARGET, "utf8").catch(() => "");
  if (committed !== generated) {
    console.error("src/events.gen.ts is not what schema.json gives: run `npm run types`");
    process.exit(1);
  }
} else {
  await writeFile(TARGET, generated);
}
