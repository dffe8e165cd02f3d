// Opens each page in a browser, light and dark, on a phone and for paper, and looks at it: no message on the console,
// nothing fetched, nothing wider than the window, every anchor there, no column hidden, no serious accessibility fault.
// What it saw is kept as pictures, because whether a page is good to read is for eyes to say.
//
//     node look.mjs FOLDER-FOR-PICTURES PAGE...

import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const looks = [
  { name: "light", scheme: "light", width: 1280, height: 900 },
  { name: "dark", scheme: "dark", width: 1280, height: 900 },
  { name: "phone", scheme: "light", width: 360, height: 780, mobile: true },
  { name: "print", scheme: "light", width: 794, height: 1123, media: "print" },
];

const [folder, ...pages] = process.argv.slice(2);
if (!folder || pages.length === 0) {
  console.error("usage: node look.mjs FOLDER-FOR-PICTURES PAGE...");
  process.exit(2);
}
fs.mkdirSync(folder, { recursive: true });

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none", "--hide-scrollbars"],
});

let complaints = 0;
const complain = (where, what) => {
  complaints += 1;
  console.error(`${where}: ${what}`);
};

for (const file of pages) {
  const label = path.basename(path.dirname(path.resolve(file))) + "-" + path.basename(file, ".html");
  for (const look of looks) {
    const where = `${label} ${look.name}`;
    const page = await browser.newPage();
    page.on("console", (message) => complain(where, `console: ${message.text()}`));
    page.on("pageerror", (error) => complain(where, `error: ${error.message}`));
    page.on("request", (request) => {
      const own = request.url().startsWith("file:") || request.url().startsWith("data:");
      if (!own) complain(where, `it fetches ${request.url()}`);
    });
    await page.setViewport({ width: look.width, height: look.height, isMobile: look.mobile ?? false });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: look.scheme }]);
    if (look.media) await page.emulateMediaType(look.media);
    await page.goto(pathToFileURL(path.resolve(file)).href, { waitUntil: "load" });

    for (const fault of await page.evaluate(inspect, look.media === "print", look.mobile ?? false)) complain(where, fault);
    if (!look.media) {
      // axe runs in the page's own world, which the page's policy closes to scripts; the debugger may enter it.
      await page.evaluate(axeSource);
      const { violations } = await page.evaluate(async () => {
        document.querySelectorAll("details").forEach((details) => { details.open = true; });
        return globalThis.axe.run(document, { resultTypes: ["violations"] });
      });
      for (const violation of violations) {
        if (!["serious", "critical"].includes(violation.impact)) continue;
        const nodes = violation.nodes.slice(0, 3).map((node) => `${node.target.join(" ")} (${node.failureSummary?.split("\n")[1]?.trim()})`);
        complain(where, `${violation.id}: ${violation.help}: ${nodes.join("; ")} (${violation.nodes.length} in all)`);
      }
      await page.evaluate(() => document.querySelectorAll("details:not(.block)").forEach((d) => { d.open = false; }));
    }
    const pictures = path.join(folder, `${label}-${look.name}`);
    if (look.media === "print") {
      await page.pdf({ path: `${pictures}.pdf`, format: "A4", margin: { top: "12mm", bottom: "12mm", left: "12mm", right: "12mm" } });
    }
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.screenshot({ path: `${pictures}.png`, clip: { x: 0, y: 0, width: look.width, height: Math.min(height, 6000) } });
    await page.close();
  }
  console.log(`${label}: looked at`);
}
await browser.close();
if (complaints > 0) {
  console.error(`${complaints} complaints`);
  process.exit(1);
}

// Runs in the page.
function inspect(print, phone) {
  const faults = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) {
    const wide = [...document.body.querySelectorAll("*")].filter((element) => {
      const inOwnScroll = element.closest(".wide, .contents") && !element.matches(".wide, .contents");
      return element.getBoundingClientRect().right > width + 1 && (print || !inOwnScroll);
    });
    const names = wide.slice(0, 3).map((element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class")}`);
    faults.push(`wider than the window: ${document.documentElement.scrollWidth} > ${width}: ${names.join(", ")}`);
  }
  for (const link of document.querySelectorAll("a[href^='#']")) {
    if (!document.getElementById(link.getAttribute("href").slice(1))) {
      faults.push(`no place for the link ${link.getAttribute("href")}`);
    }
  }
  // On a phone, findings and claims are read without scrolling sideways, with everything that a wide screen shows.
  for (const cell of phone ? document.querySelectorAll(".all td, .held td") : []) {
    const { right, width: own } = cell.getBoundingClientRect();
    if (cell.textContent !== "" && (own === 0 || right > width + 1)) {
      faults.push(`"${cell.textContent.slice(0, 40)}" cannot be seen on a phone`);
      break;
    }
  }
  // On paper, a timeline stands in parts below the names of its hosts, which a browser repeats on each page.
  for (const sheets of document.querySelectorAll(".sheets")) {
    const [head, ...parts] = [...sheets.children].map((part) => getComputedStyle(part));
    const shown = head.display === "table-header-group" && parts.every((part) => part.breakInside === "avoid");
    if (print && !shown) faults.push("a timeline is not cut into parts on paper");
    if (!print && sheets.getBoundingClientRect().height > 0) faults.push("parts for paper are on the screen");
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (twice.length > 0) faults.push(`ids that are there twice: ${twice.slice(0, 3).join(", ")}`);
  let last = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const level = Number(heading.tagName[1]);
    if (level > last + 1) faults.push(`heading "${heading.textContent}" skips a level`);
    last = level;
  }
  if (document.querySelectorAll("h1").length !== 1) faults.push("there is not exactly one h1");
  return faults;
}
