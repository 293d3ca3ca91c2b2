// The one process of `make run`, on a data folder of its own and a free port.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BINARY = fileURLToPath(new URL("../../target/release/loquat", import.meta.url));
const START_LIMIT_MS = 20_000;

/** Makes a house with nothing in it but what every first start seeds. */
export async function makeHouse() {
  const data = await mkdtemp(join(tmpdir(), "loquat-browser-"));
  return new House(data);
}

class House {
  #data;
  #process;
  #port = 0;

  constructor(data) {
    this.#data = data;
  }

  get url() {
    return `http://localhost:${this.#port}`;
  }

  /** Starts the process, on the same port as before where it had one, and waits until it says that it answers. */
  async start() {
    const environment = { ...process.env, LOQUAT_LISTEN: `127.0.0.1:${this.#port}`, LOQUAT_DATA_DIR: this.#data };
    this.#process = spawn(BINARY, { env: environment, stdio: ["ignore", "pipe", "inherit"] });
    this.#port = await greeting(this.#process);
  }

  /** Ends the process as an operator would. */
  async stop(signal = "SIGTERM") {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill(signal);
    await ended;
  }

  async remove() {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) {
      await this.stop("SIGKILL");
    }
    await rm(this.#data, { recursive: true, force: true });
  }
}

function greeting(child) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("the process did not say where it is")), START_LIMIT_MS);
    let said = "";
    child.stdout.on("data", (bytes) => {
      said += bytes;
      const found = /http:\/\/localhost:(\d+)/.exec(said);
      if (found) {
        clearTimeout(late);
        resolve(Number(found[1]));
      }
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the process ended with ${code}`)));
  });
}
