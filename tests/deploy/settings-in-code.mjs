/**
 * The settings that the code declares: each `#[arg(…, env = "LOQUAT_…")]` of a clap struct, with its comment, value,
 * default, and the services that read it.
 */

import { enclosed } from './rust-brackets.mjs';
import { withMacrosWritten } from './rust-macros.mjs';
import { Tree } from './tree.mjs';

/** The order in which people meet the services. */
const SERVICES = ['users', 'rooms', 'messages', 'presence', 'gateway', 'standalone'];

/**
 * Returns `{ services, settings, problems }`.
 *
 * `services` maps a service's folder to `{ binary, listen, settings: Set }`; `settings` holds
 * `{ name, comment, value, default, isRequired, isSecret, readBy }`; `problems` names what could not be read.
 */
export function settingsInCode(tree = new Tree()) {
  const problems = [];
  const crates = [...cratesIn(tree, 'crates'), ...cratesIn(tree, 'services')];
  const structs = crates.flatMap((crate) => structsOf(crate, crates, problems));
  const services = new Map();
  for (const folder of tree.folders('services').sort((a, b) => SERVICES.indexOf(a) - SERVICES.indexOf(b))) {
    const crate = crates.find((each) => each.folder === `services/${folder}`);
    const read = reachable(structs, crate);
    const listen = /const LISTEN: &'static str = "([^"]+)"/.exec(crate.text)?.[1] ?? null;
    services.set(folder, {
      binary: binaryOf(tree, folder),
      listen,
      settings: new Set(read.flatMap((struct) => struct.settings.map((setting) => setting.name))),
    });
  }
  return { services, settings: merged(structs, services, problems), problems };
}

function cratesIn(tree, folder) {
  return tree.folders(folder).map((name) => {
    const path = `${folder}/${name}`;
    const files = tree
      .files(`${path}/src`, '.rs')
      .map((file) => ({ file, text: withMacrosWritten(withoutTests(tree.text(file))) }));
    return { folder: path, name, files, text: files.map(({ text }) => text).join('\n') };
  });
}

function binaryOf(tree, folder) {
  const manifest = tree.text(`services/${folder}/Cargo.toml`);
  const named = /\[\[bin\]\][^[]*?\bname\s*=\s*"([^"]+)"/.exec(manifest)?.[1];
  return named ?? `loquat-${folder}`;
}

/** What stands in a crate's test modules is no setting of a process. */
function withoutTests(text) {
  const tests = text.search(/^#\[cfg\(test\)\]\s*\nmod \w+ \{/m);
  return tests < 0 ? text : text.slice(0, tests);
}

/** Finds the clap structs of a crate: those with a setting, or with another such struct flattened into them. */
function structsOf(crate, crates, problems) {
  const structs = [];
  for (const { file, text } of crate.files) {
    for (const match of text.matchAll(/\bstruct (\w+)(?:<[^>{]*>)?[^{;(]*\{/g)) {
      const body = enclosed(text, match.index + match[0].length - 1);
      const fields = fieldsOf(body);
      const constants = [crate, ...crates];
      const settings = fields
        .filter((field) => field.argument)
        .flatMap((field) => setting(field, file, constants, problems));
      const flattened = fields.filter((field) => field.isFlattened).map((field) => field.type);
      if (settings.length > 0 || flattened.length > 0) structs.push({ name: match[1], file, crate, settings, flattened });
    }
  }
  return structs;
}

function fieldsOf(body) {
  const fields = [];
  let comment = [];
  let attributes = [];
  for (let at = 0; at < body.length;) {
    const rest = body.slice(at);
    const doc = /^\s*\/\/\/ ?(.*)\n/.exec(rest);
    const note = /^\s*\/\/.*\n/.exec(rest);
    const attribute = /^\s*#\[/.exec(rest);
    const field = /^\s*(?:pub(?:\([^)]*\))? )?(\w+)\s*:\s*/.exec(rest);
    if (doc) {
      comment.push(doc[1].trim());
      at += doc[0].length;
    } else if (note) {
      at += note[0].length;
    } else if (attribute) {
      const inner = enclosed(body, at + attribute[0].length - 1);
      const written = /^doc\s*=\s*(?:concat!\()?([\s\S]*)/.exec(inner)?.[1];
      if (written) comment.push([...written.matchAll(/"([^"]*)"/g)].map(([, part]) => part).join(''));
      else attributes.push(inner);
      at += attribute[0].length + inner.length + 1;
    } else if (field) {
      const type = typeAt(rest.slice(field[0].length));
      const argument = attributes.find((text) => /^arg\s*\(/.test(text) && /\benv\b/.test(text));
      const isFlattened = attributes.some((text) => /^(command|clap)\s*\(\s*flatten/.test(text));
      fields.push({ name: field[1], type, comment: comment.join(' ').trim(), argument, isFlattened });
      [comment, attributes] = [[], []];
      at += field[0].length + type.length + 1;
    } else {
      at += 1;
    }
  }
  return fields;
}

function typeAt(text) {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if ('<([{'.includes(text[at])) depth += 1;
    else if ('>)]}'.includes(text[at])) depth -= 1;
    else if (text[at] === ',' && depth === 0) return text.slice(0, at);
  }
  return text;
}

function setting(field, file, crates, problems) {
  const name = literal(/\benv\s*=\s*("[^"]+"|[\w:]+)/.exec(field.argument)?.[1] ?? '', crates);
  if (!name) {
    problems.push(`${file}: the environment variable of ${field.name} cannot be read`);
    return [];
  }
  const value = /\bvalue_name\s*=\s*"([^"]+)"/.exec(field.argument)?.[1] ?? '';
  const fallback = defaultOf(field.argument, crates);
  if (fallback === undefined) problems.push(`${file}: the default of ${name} cannot be read`);
  if (!field.comment) problems.push(`${file}: ${name} has no comment`);
  const isRequired =
    /\brequired\s*=\s*true\b/.test(field.argument) ||
    (fallback === null && !/^(?:\w+::)*(?:Option|Vec)\b/.test(field.type)) ||
    // The one process has stores of its own; a service has not.
    (fallback === null && /_(?:DATABASE|STORE)_URL$/.test(name));
  const isSecret = /\bSecret\b/.test(field.type);
  return [{ name, comment: field.comment, value, default: fallback ?? null, isRequired, isSecret }];
}

/** Returns the default as a person would write it; null where there is none; undefined where it cannot be read. */
function defaultOf(argument, crates) {
  const list = /\bdefault_values(?:_t)?\s*=\s*(?:vec!)?\[([^\]]*)\]/.exec(argument);
  if (list) return [...list[1].matchAll(/"([^"]*)"/g)].map((item) => item[1]).join(',');
  const given = /\bdefault_value(?:_t)?\s*=\s*("(?:[^"\\]|\\.)*"|[^,\n]+?(?:\([^)]*\))?)\s*(?:,|\)\s*$|\s*$)/m.exec(
    argument,
  );
  if (!given) return null;
  return literal(given[1], crates);
}

function literal(text, crates) {
  const plain = text.trim();
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(plain);
  if (quoted) return quoted[1];
  if (/^-?[\d_]+(?:\.[\d_]+)?(?:[iuf]\d+|usize)?$/.test(plain))
    return plain.replace(/(?:[iuf]\d+|usize)$/, '').replaceAll('_', '');
  if (plain === 'true' || plain === 'false') return plain;
  const constant = /^(?:\w+::)*([A-Z][A-Z0-9_]+)$/.exec(plain)?.[1];
  if (constant) {
    for (const crate of crates) {
      const found = new RegExp(`\\bconst ${constant}: [^=]+= ([^;]+);`).exec(crate.text);
      if (found) return literal(found[1], crates);
    }
  }
  const variant = /^\w+::([A-Z][a-z]\w*)$/.exec(plain)?.[1];
  return variant?.replace(/(?<=.)(?=[A-Z])/g, '-').toLowerCase();
}

/** A service reads its own structs, those of shared crates that it names, and what is flattened into any of them. */
function reachable(structs, service) {
  const named = (struct) => new RegExp(`\\b${struct.name}\\b`).test(service.text);
  const found = new Set(
    structs.filter((struct) => {
      if (struct.crate === service || struct.name === 'ProcessSettings') return true;
      return struct.crate.folder.startsWith('crates/') && named(struct);
    }),
  );
  for (const struct of found) {
    for (const type of struct.flattened) {
      for (const other of structs) if (isNamed(type, other, struct.crate)) found.add(other);
    }
  }
  return [...found];
}

function isNamed(type, struct, from) {
  const path = new RegExp(`\\b(?:loquat_(\\w+?)::(?:\\w+::)*)?${struct.name}\\b`).exec(type);
  if (path) {
    if (path[1]) return path[1] === struct.crate.name;
    return struct.crate === from || struct.crate.folder.startsWith('crates/');
  }
  // `use loquat_users::Settings as UsersSettings;`
  const alias = new RegExp(`\\bloquat_${struct.crate.name}::[^;]*\\b${struct.name} as (\\w+)`).exec(from.text)?.[1];
  return alias !== undefined && new RegExp(`\\b${alias}\\b`).test(type);
}

/** Finds the structs of commands beside serving: those that a clap enum of commands names, and what they alone flatten. */
function ofCommands(structs) {
  const modules = (crate) =>
    [...crate.text.matchAll(/#\[derive\([^)]*\bSubcommand\b[^)]*\)\]\s*(?:pub )?enum \w+ \{/g)].flatMap((match) =>
      [...enclosed(crate.text, match.index + match[0].length - 1).matchAll(/\((\w+)::\w+\)/g)].map(([, name]) => name),
    );
  const isNamedByOne = (struct) =>
    modules(struct.crate).some((name) => struct.file.startsWith(`${struct.crate.folder}/src/${name}`));
  const found = new Set(structs.filter(isNamedByOne));
  const flattens = (struct, other) => struct.flattened.some((type) => isNamed(type, other, struct.crate));
  for (const struct of found) {
    for (const other of structs.filter((each) => flattens(struct, each))) {
      if (!structs.some((each) => !found.has(each) && flattens(each, other))) found.add(other);
    }
  }
  return found;
}

/** Joins declarations of one variable in several structs. A command's, which may say less, come after those that serve. */
function merged(structs, services, problems) {
  const settings = new Map();
  const commands = ofCommands(structs);
  for (const struct of [...structs].sort((a, b) => commands.has(a) - commands.has(b))) {
    for (const declared of struct.settings) {
      const known = settings.get(declared.name);
      if (!known) {
        const readBy = [...services]
          .filter(([, service]) => service.settings.has(declared.name))
          .map(([folder]) => folder);
        settings.set(declared.name, { ...declared, readBy });
        if (readBy.length === 0) problems.push(`${declared.name} of ${struct.name} is read by no service`);
      } else if (known.default !== declared.default) {
        problems.push(
          `${declared.name} has two defaults: ${known.default} and ${declared.default} (${struct.crate.folder})`,
        );
      }
    }
  }
  return [...settings.values()];
}
