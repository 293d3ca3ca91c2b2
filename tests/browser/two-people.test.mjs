// Two people at the real page, in Debian's Chromium, against the real process.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { chromium } from "playwright-core";

import { FLAGS } from "./flags.mjs";
import { makeHouse } from "./house.mjs";
import { Person } from "./person.mjs";

describe("two people", () => {
  let house, browser, ada, bob;

  before(async () => {
    house = await makeHouse();
    await house.start();
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  });

  after(async () => {
    await browser?.close();
    await house?.remove();
  });

  test("the registration form says what is missing as one types, and lets nobody through before", async () => {
    ada = await Person.arrive(browser, house.url, "Ada");
    await ada.goToRegister();
    const submit = ada.at("submit-register");
    assert.equal(await submit.isDisabled(), true);
    await ada.at("field-display-name").fill("Ada");
    await ada.at("field-handle").fill("Not a handle");
    await ada.at("field-password").fill("short");
    await ada.at("field-password").blur();
    for (const field of ["field-handle", "field-password"]) {
      const input = ada.at(field);
      await ada.page.waitForFunction(
        (id) => document.querySelector(`[data-testid="${id}"]`)?.getAttribute("aria-invalid") === "true",
        field,
      );
      const described = await input.getAttribute("aria-describedby");
      assert.ok(described, `${field} has a description`);
      const texts = await Promise.all(described.split(" ").map((id) => ada.page.locator(`[id="${id}"]`).textContent()));
      assert.ok(texts.join("").trim().length > 0, `${field} says what is wrong`);
    }
    assert.equal(await submit.isDisabled(), true);
  });

  test("two people register, land in the lobby, and see each other there", async () => {
    await ada.register();
    bob = await Person.arrive(browser, house.url, "Bob");
    await bob.register();
    for (const person of [ada, bob]) {
      await person.at("room-item").filter({ hasText: "lobby" }).first().waitFor();
    }
    await ada.seesPresence("Bob", "online");
    await bob.seesPresence("Ada", "online");
  });

  test("a handle that is taken is told at its field", async () => {
    const other = await Person.arrive(browser, house.url, "Ada");
    await other.goToRegister();
    await other.at("field-display-name").fill("Another Ada");
    await other.at("field-handle").fill("ada");
    await other.at("field-password").fill("a long enough password");
    await other.at("submit-register").click();
    await other.page.waitForFunction(
      () => document.querySelector('[data-testid="field-handle"]')?.getAttribute("aria-invalid") === "true",
    );
    await other.page.context().close();
  });

  test("what one says the other sees, once and in order", async () => {
    await ada.say("Hello Bob, are you there?");
    await bob.sees("Hello Bob, are you there?");
    await bob.say("I am. Nothing <b>bold</b> here.");
    await ada.sees("Nothing <b>bold</b> here.");
    for (const person of [ada, bob]) {
      assert.equal(await person.message("Hello Bob").count(), 1);
      const seqs = await person.at("message").evaluateAll((all) => all.map((one) => Number(one.dataset.seq)));
      assert.deepEqual(seqs, [...seqs].sort((one, other) => one - other));
      assert.equal(await person.page.locator("[data-testid=message] b").count(), 0);
    }
  });

  test("one sees that the other is typing", async () => {
    await ada.at("composer").pressSequentially("I am thinking");
    await bob.at("typing-line").filter({ hasText: "Ada" }).waitFor();
    await ada.at("composer").fill("");
  });

  test("history is there after a reload, without signing in again", async () => {
    await bob.page.reload();
    await bob.sees("Hello Bob, are you there?");
    await bob.sees("Nothing <b>bold</b> here.");
    assert.equal(await bob.message("Hello Bob").count(), 1);
  });

  test("history is there after a restart of the process, and talk goes on", async () => {
    await house.stop();
    await house.start();
    await ada.say("Did you see that?");
    await bob.sees("Did you see that?");
    await ada.sees("Did you see that?");
    assert.equal(await ada.message("Did you see that?").count(), 1);
    await ada.sees("Hello Bob, are you there?");
  });

  test("what is sent while the process is away arrives once when it is back", async () => {
    await house.stop("SIGKILL");
    await bob.at("composer").fill("Into the dark");
    await bob.at("send").click();
    await bob.message("Into the dark").waitFor();
    await house.start();
    const failed = bob.page.locator('[data-testid="message"][data-state="failed"]', { hasText: "Into the dark" });
    const sent = bob.page.locator('[data-testid="message"][data-state="sent"]', { hasText: "Into the dark" });
    await failed.or(sent).first().waitFor();
    if (await failed.count()) {
      await failed.getByRole("button").first().click();
    }
    await ada.sees("Into the dark");
    assert.equal(await ada.message("Into the dark").count(), 1);
    assert.equal(await bob.message("Into the dark").count(), 1);
  });

  test("one who leaves is seen to be gone, and no page has met an error", async () => {
    assert.deepEqual([...ada.errors, ...bob.errors], []);
    await bob.page.context().close();
    await ada.seesPresence("Bob", "offline");
  });
});
