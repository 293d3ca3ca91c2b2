// Takes pictures of every screen, against the in-memory server of `src/api/fake`, in light and dark and at three widths:
// `npm run shots [-- part-of-a-name]`. They go to target/shots.
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const site = join(web, '../target/web/fixture');
const shots = join(web, '../target/shots');
const only = process.argv[2] ?? '';

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.webmanifest': 'application/manifest+json' };

function serve() {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const file = join(site, path === '/' ? 'index.html' : path);
    if (!file.startsWith(site) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const id = (name) => `[data-testid="${name}"]`;
const settled = async (page) => {
  await page.waitForSelector(`${id('timeline')}[data-history="ready"]`);
  await page.waitForTimeout(250);
};
const isPhone = (page) => page.viewportSize().width < 720;
const toRooms = async (page) => {
  if (isPhone(page)) await page.click('a.back:visible');
};

/** What each picture shows: the address to start from, and what to do there. */
const scenes = {
  'register-empty': { path: '/#/register' },
  'register-errors': {
    path: '/#/register',
    async act(page) {
      await page.fill(id('field-display-name'), 'Ines Marlowe');
      await page.fill(id('field-handle'), 'Ines Marlowe');
      await page.fill(id('field-password'), 'loquat');
      await page.locator(id('field-password')).blur();
      await page.waitForTimeout(300);
    },
  },
  'register-taken': {
    path: '/#/register',
    async act(page) {
      await page.fill(id('field-display-name'), 'Ada');
      await page.fill(id('field-handle'), 'ada');
      await page.fill(id('field-password'), 'a quiet room with good light');
      await page.click(id('submit-register'));
      await page.waitForSelector('#handle-note >> text=taken');
      await page.waitForTimeout(200);
    },
  },
  'register-ready': {
    path: '/#/register',
    async act(page) {
      await page.fill(id('field-display-name'), 'Ines Marlowe');
      await page.fill(id('field-handle'), 'ines');
      await page.fill(id('field-password'), 'a quiet room with good light');
      await page.waitForTimeout(300);
    },
  },
  'sign-in': { path: '/#/sign-in' },
  'sign-in-wrong': {
    path: '/#/sign-in',
    async act(page) {
      await page.fill(id('field-handle'), 'ada');
      await page.fill(id('field-password'), 'not the password');
      await page.click(id('submit-sign-in'));
      await page.waitForSelector('[role="alert"]');
    },
  },
  timeline: {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      await page.evaluate(() => {
        window.loquatStage.type('chiyo', true);
        window.loquatStage.say('fatou', 'Frost on Sunday, they say.', 'garden');
      });
      await page.waitForTimeout(150);
    },
  },
  'timeline-hover': {
    path: '/?as=ada',
    // The widest times.
    locale: 'en-US',
    async act(page) {
      await settled(page);
      await page.hover(`${id('message')}:has-text("recipe for the jam")`);
      await page.waitForTimeout(200);
    },
  },
  'put-out': {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      await page.evaluate(() => window.loquatStage.putOut('ada', 'bruno'));
      await page.waitForTimeout(400);
    },
  },
  'timeline-sending': {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      await page.evaluate(() => window.loquatStage.sends('fail'));
      await page.fill(id('composer'), 'I can bring sugar, and the large pot.');
      await page.keyboard.press('Enter');
      await page.waitForSelector('[data-state="failed"]', { timeout: 10_000 });
      await page.evaluate(() => window.loquatStage.sends('wait'));
      await page.fill(id('composer'), 'And lemons.');
      await page.keyboard.press('Enter');
      await page.evaluate(() => {
        window.loquatStage.type('bruno', true);
        window.loquatStage.type('elif', true);
      });
      await page.fill(id('composer'), 'A longer thought\nthat takes two lines');
      await page.waitForTimeout(200);
    },
  },
  'timeline-scrolled': {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      await page.locator(id('timeline')).evaluate((node) => (node.scrollTop -= 600));
      await page.waitForTimeout(200);
      await page.evaluate(() => window.loquatStage.say('bruno', 'The kettle is on.'));
      await page.waitForTimeout(200);
    },
  },
  'timeline-loading': {
    path: '/?as=ada&slow',
    async act(page) {
      await page.waitForTimeout(900);
    },
  },
  'empty-room': {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      await toRooms(page);
      await page.click(`${id('room-item')}:has-text("reading circle")`);
      await settled(page);
    },
  },
  'empty-direct': {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      await toRooms(page);
      await page.click(`${id('room-item')}:has-text("Gustav")`);
      await settled(page);
    },
  },
  people: {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      if (page.viewportSize().width < 1080) await page.click(id('show-people'));
      await page.waitForTimeout(300);
    },
  },
  rooms: {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      await toRooms(page);
      await page.waitForTimeout(200);
    },
  },
  'presence-menu': {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      await toRooms(page);
      await page.click(id('own-presence'));
      await page.waitForTimeout(250);
    },
  },
  'create-room': {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      await toRooms(page);
      await page.click(id('create-room'));
      await page.fill('#room-name', 'jam session');
      await page.waitForTimeout(300);
    },
  },
  'browse-rooms': {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      await toRooms(page);
      await page.click(id('browse-rooms'));
      await page.waitForSelector(id('directory-room'));
      await page.waitForTimeout(250);
    },
  },
  'direct-message': {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      await toRooms(page);
      await page.click(id('start-direct'));
      await page.fill(id('direct-search'), 'g');
      await page.waitForSelector(id('found-person'));
      await page.waitForTimeout(250);
    },
  },
  'leave-room': {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      if (page.viewportSize().width < 1080) await page.click(id('show-people'));
      await page.click(id('leave-room'));
      await page.waitForTimeout(250);
    },
  },
  reconnecting: {
    path: '/?as=ada',
    async act(page) {
      await settled(page);
      await page.evaluate(() => window.loquatStage.away(true));
      await page.waitForSelector(id('connection-banner'), { timeout: 5_000 });
      await page.waitForTimeout(200);
    },
  },
  'outside-public': { path: '/?as=ada#/rooms/00000002-0000-4000-8000-000000000014', act: (page) => page.waitForTimeout(500) },
  'outside-hidden': { path: '/?as=ada#/rooms/00000002-0000-4000-8000-00000000ffff', act: (page) => page.waitForTimeout(500) },
  'server-away': { path: '/?as=ada&away', act: (page) => page.waitForTimeout(800) },
};

const widths = { 320: 640, 768: 900, 1280: 800 };

execFileSync(join(web, 'node_modules/.bin/vite'), ['build', '--mode', 'fixture', '--logLevel', 'error'], { cwd: web, stdio: 'inherit' });
mkdirSync(shots, { recursive: true });
const server = await serve();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
let failures = 0;
for (const [width, height] of Object.entries(widths)) {
  for (const colorScheme of ['light', 'dark']) {
    for (const [name, { path, act, locale = 'en-GB' }] of Object.entries(scenes)) {
      if (!name.startsWith(only)) continue;
      const context = await browser.newContext({ viewport: { width: Number(width), height }, colorScheme, locale, hasTouch: width === '320' });
      const page = await context.newPage();
      page.on('pageerror', (error) => {
        failures += 1;
        console.error(`${name} ${width} ${colorScheme}: ${error.message}`);
      });
      try {
        await page.goto(`http://127.0.0.1:${server.address().port}${path}`);
        await page.waitForTimeout(350);
        await act?.(page);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (overflow > 0) throw new Error(`${overflow} px wider than the screen`);
      } catch (error) {
        failures += 1;
        console.error(`${name} ${width} ${colorScheme}: ${error.message}`);
      }
      await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`) });
      await context.close();
    }
  }
}
await browser.close();
server.close();
console.log(`pictures in ${shots}`);
if (failures > 0) process.exit(1);
