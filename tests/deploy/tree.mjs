/** The repository as the checks read it. A test breaks a file of it without touching the disk. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const unread = new Set(['node_modules', 'target', 'dist', 'gen', '.git']);

export class Tree {
  #edits;

  constructor(edits = new Map()) {
    this.#edits = edits;
  }

  static get root() {
    return root;
  }

  has(path) {
    return this.#edits.has(path) ? this.#edits.get(path) !== null : existsSync(join(root, path));
  }

  /** Returns a file's text; fails where there is no such file. */
  text(path) {
    const edited = this.#edits.get(path);
    if (edited === null) throw new Error(`${path} is not there`);
    return edited ?? readFileSync(join(root, path), 'utf8');
  }

  /** Returns the files below a folder whose names end so. */
  files(folder, suffix) {
    const found = [];
    const visit = (path) => {
      for (const entry of readdirSync(path, { withFileTypes: true })) {
        if (entry.isDirectory()) {
          if (!unread.has(entry.name)) visit(join(path, entry.name));
        } else if (entry.name.endsWith(suffix)) {
          found.push(relative(root, join(path, entry.name)));
        }
      }
    };
    if (existsSync(join(root, folder))) visit(join(root, folder));
    return found.filter((path) => this.has(path)).sort();
  }

  folders(folder) {
    return readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  }

  /** Returns the tree with one text in a file put for another, which must be there. */
  with(path, before, after) {
    const text = this.text(path);
    const edited = text.replace(before, () => after);
    if (edited === text) throw new Error(`${path} has no ${before}`);
    return new Tree(new Map(this.#edits).set(path, edited));
  }

  without(path) {
    return new Tree(new Map(this.#edits).set(path, null));
  }
}
