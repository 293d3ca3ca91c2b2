// Says what a fresh browser fetches from `dist`, in gzip: until it can sign in, and until a message can be sent.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const assets = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist/assets');
const files = readdirSync(assets).map((name) => ({ name, size: gzipSync(readFileSync(join(assets, name)), { level: 9 }).length }));
const sum = (...starts) => files.filter(({ name }) => starts.some((start) => name.startsWith(start))).reduce((total, { size }) => total + size, 0);
const kilobytes = (size) => `${(size / 1000).toFixed(1)} kB`;

for (const { name, size } of files) console.log(`${kilobytes(size).padStart(9)}  ${name}`);
console.log(`${kilobytes(sum('index-', 'shared-')).padStart(9)}  sign in: page and worker`);
console.log(`${kilobytes(sum('index-', 'shared-', 'Chat-')).padStart(9)}  chat: page, worker and chat`);
console.log(`${kilobytes(sum('rules-', 'auth_service_pb-')).padStart(9)}  more for a form that is judged by the contract's rules`);
