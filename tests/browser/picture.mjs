// Takes the README's picture: two people in the lobby of a real house. `npm run picture`.

import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { FLAGS } from "./flags.mjs";
import { makeHouse } from "./house.mjs";
import { Person } from "./person.mjs";

const PICTURE = fileURLToPath(new URL("../../docs/pictures/lobby.png", import.meta.url));

const house = await makeHouse();
await house.start();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
try {
  const ada = await Person.arrive(browser, house.url, "Ada");
  const bob = await Person.arrive(browser, house.url, "Bob");
  await ada.register();
  await bob.register();
  const talk = [
    [ada, "Good morning! The loquats by the south wall are ripe."],
    [ada, "I put two crates in the kitchen. Take as many as you can carry."],
    [bob, "Oh, wonderful. I will bring a basket after lunch."],
    [bob, "Does anybody have the recipe for the jam?\n\nOne kilo of fruit, stoned and halved\nSeven hundred grams of sugar\nTwo lemons, peel and juice"],
    [ada, "That is the one. Leave it overnight, then boil it for forty minutes."],
  ];
  for (const [person, text] of talk) {
    await person.say(text);
    const last = text.split("\n").at(-1);
    await ada.sees(last);
    await bob.sees(last);
  }
  await bob.at("composer").pressSequentially("See you at");
  await ada.at("typing-line").filter({ hasText: "Bob" }).waitFor();
  await ada.seesPresence("Bob", "online");
  await ada.page.screenshot({ path: PICTURE });
} finally {
  await browser.close();
  await house.remove();
}
