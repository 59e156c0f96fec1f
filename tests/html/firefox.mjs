// Asks each page, as Firefox shows it, the same question; prints the answers as JSON.
// Standard input holds {"firefox": path, "pages": addresses, "question": the text of a function}.
import { readFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

const { firefox, pages, question } = JSON.parse(readFileSync(0, "utf8"));
const browser = await puppeteer.launch({
  browser: "firefox", executablePath: firefox, extraPrefsFirefox: { "ui.useOverlayScrollbars": 1 },
});
const page = await browser.newPage();
await page.setViewport({ width: 1280, height: 900 });
const answers = [];
for (const address of pages) {
  await page.goto(address);
  answers.push(await page.evaluate(`(${question})()`));
}
await browser.close();
console.log(JSON.stringify(answers));
