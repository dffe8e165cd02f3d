// Renders Markdown as GitHub does, by its own cmark-gfm, and complains of what did not become what it was meant to be.
//
//     node markdown.mjs FILE...

import fs from "node:fs";
import { execFileSync } from "node:child_process";

const EXTENSIONS = ["table", "strikethrough", "autolink", "tagfilter"].flatMap((name) => ["-e", name]);

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error("usage: node markdown.mjs FILE...");
  process.exit(2);
}

/** The lines outside of fenced code, and how many fences there are. */
function outside(text) {
  const lines = [];
  let fence = null;
  let fences = 0;
  for (const line of text.split("\n")) {
    const mark = line.match(/^ {0,3}(`{3,})/)?.[1];
    if (fence === null && mark) {
      fence = mark;
      fences += 1;
    } else if (fence !== null) {
      if (mark && mark.length >= fence.length && line.trim() === mark) fence = null;
    } else {
      lines.push(line);
    }
  }
  return { lines, fences, isOpen: fence !== null };
}

/** Bars that part the cells of a row: cmark-gfm heeds them in code spans too, unless a backslash is before them. */
const bars = (line) => (line.match(/(?<!\\)\|/g) ?? []).length;

function complaints(text) {
  const html = execFileSync("cmark-gfm", ["--unsafe", ...EXTENSIONS], { input: text, encoding: "utf8", maxBuffer: 1 << 28 });
  const found = [];
  const count = (what, pattern, wanted) => {
    const is = (html.match(pattern) ?? []).length;
    if (is !== wanted) found.push(`${is} ${what}, and ${wanted} in the source`);
  };
  const { lines, fences, isOpen } = outside(text);
  if (isOpen) found.push("a fence is not closed");
  const heads = lines.flatMap((line, at) => (/^\| ?:?-{3}/.test(line) ? [at - 1] : []));
  count("tables", /<table>/g, heads.length);
  count("blocks of code", /<pre>/g, fences);
  count("headings", /<h[1-6]>/g, lines.filter((line) => /^#{1,6} /.test(line)).length);
  count("foldings", /<details>/g, lines.filter((line) => /^<details>/.test(line)).length);
  count("ends of foldings", /<\/details>/g, lines.filter((line) => /^<\/details>/.test(line)).length);
  for (const head of heads) {
    for (let at = head; lines[at]?.startsWith("|"); at += 1) {
      // A cell too many is dropped without a word.
      if (bars(lines[at]) !== bars(lines[head])) found.push(`a row of other width: ${lines[at].slice(0, 200)}`);
    }
  }
  const words = html.replace(/<pre>.*?<\/pre>/gs, "").replace(/<code>.*?<\/code>/gs, "");
  for (const [left, what] of [[/^<p>\s*\|/m, "a table"], [/```/, "a fence"], [/^<p>#{1,6} /m, "a heading"]]) {
    if (left.test(words)) found.push(`${what} is shown as it was written`);
  }
  return found;
}

let isGood = true;
for (const file of files) {
  for (const complaint of complaints(fs.readFileSync(file, "utf8"))) {
    isGood = false;
    console.error(`${file}: ${complaint}`);
  }
}
if (!isGood) process.exit(1);
console.log(`${files.length} Markdown files: rendered`);
