// Generates `src/api/gen` from the contract, or, with `--check`, says whether it is as the contract would make it.
//
// The generated files import the descriptor of `buf/validate/validate.proto`, 5,000 lines that only a form needs. They
// get a descriptor of the same name without content: the rules stay in our descriptors as options nobody has read yet,
// and `@bufbuild/protovalidate`, which brings its own full copy, reads them where it is loaded.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, toBinary } from '@bufbuild/protobuf';
import { base64Encode } from '@bufbuild/protobuf/wire';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(web);
const checkedIn = join(web, 'src/api/gen');

function generate(into) {
  const scratch = mkdtempSync(join(tmpdir(), 'loquat-gen-'));
  try {
    const buf = join(web, 'node_modules/.bin/buf');
    execFileSync(buf, ['generate', '--output', scratch], { cwd: root, stdio: 'inherit' });
    rmSync(into, { recursive: true, force: true });
    cpSync(join(scratch, 'web/src/api/gen'), into, { recursive: true });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const name = 'buf/validate/validate.proto';
  const empty = base64Encode(toBinary(FileDescriptorProtoSchema, create(FileDescriptorProtoSchema, { name })));
  const stub = join(into, 'buf/validate/validate_pb.ts');
  mkdirSync(dirname(stub), { recursive: true });
  writeFileSync(
    stub,
    `// Written by scripts/generate.mjs: stands for ${name}, without its content.
/* eslint-disable */

import type { GenFile } from "@bufbuild/protobuf/codegenv2";
import { fileDesc } from "@bufbuild/protobuf/codegenv2";

export const file_buf_validate_validate: GenFile = /*@__PURE__*/ fileDesc("${empty}");
`,
  );
}

function read(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [relative(folder, path), readFileSync(path, 'utf8')];
    }),
  );
}

if (process.argv.includes('--check')) {
  const scratch = mkdtempSync(join(tmpdir(), 'loquat-gen-check-'));
  generate(scratch);
  const [fresh, kept] = [read(scratch), read(checkedIn)];
  rmSync(scratch, { recursive: true, force: true });
  const differing = [...new Set([...fresh.keys(), ...kept.keys()])].filter((file) => fresh.get(file) !== kept.get(file));
  if (differing.length > 0) {
    console.error(`web/src/api/gen is not what the contract makes; run "npm run generate". Differing:\n${differing.join('\n')}`);
    process.exit(1);
  }
  console.log(`${kept.size} generated files are as the contract makes them`);
} else {
  generate(checkedIn);
}
