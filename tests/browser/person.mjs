// Somebody at the page, in a browser profile of its own.

const PATIENCE_MS = 15_000;

export class Person {
  constructor(page, name) {
    this.page = page;
    this.name = name;
    this.handle = name.toLowerCase();
    this.password = `${name} has a long password`;
    page.setDefaultTimeout(PATIENCE_MS);
  }

  /** Opens the page in a window of its own: nothing is shared with anybody else's. */
  static async arrive(browser, url, name, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const person = new Person(await context.newPage(), name);
    person.errors = [];
    person.page.on("pageerror", (error) => person.errors.push(String(error)));
    await person.page.goto(url);
    return person;
  }

  at(id) {
    return this.page.getByTestId(id);
  }

  async register() {
    await this.goToRegister();
    await this.at("field-display-name").fill(this.name);
    await this.at("field-handle").fill(this.handle);
    await this.at("field-password").fill(this.password);
    await this.at("submit-register").click();
    await this.at("timeline").waitFor();
  }

  async goToRegister() {
    const form = this.at("register-form");
    await form.or(this.at("go-register")).first().waitFor();
    if (!(await form.isVisible())) {
      await this.at("go-register").click();
    }
    await form.waitFor();
  }

  async say(text) {
    await this.at("composer").fill(text);
    await this.at("send").click();
  }

  message(text) {
    return this.at("message").filter({ hasText: text });
  }

  /** Waits until a message is there as sent. */
  async sees(text) {
    await this.page.locator('[data-testid="message"][data-state="sent"]', { hasText: text }).first().waitFor();
  }

  /** Waits until somebody shows as available in some way. */
  async seesPresence(name, availability) {
    await this.page
      .locator(`[data-testid="person"][data-availability="${availability}"]`, { hasText: name })
      .first()
      .waitFor();
  }
}
