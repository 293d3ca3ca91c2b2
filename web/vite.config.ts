import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` sends gRPC calls: the process that `make run` starts. */
const backend = process.env['LOQUAT_DEV_BACKEND'] ?? 'http://localhost:3000';

export default defineConfig(({ mode }) => ({
  plugins: [
    svelte({
      // lucide's icons are components written before runes were asked for everywhere.
      dynamicCompileOptions: ({ filename }) => (filename.includes('node_modules') ? { runes: undefined } : undefined),
    }),
  ],
  build: {
    outDir: mode === 'fixture' ? '../target/web/fixture' : 'dist',
    emptyOutDir: true,
    sourcemap: false,
    target: 'es2022',
    // A page under a strict content policy takes no inline images and no polyfill script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' as const },
  server: { proxy: { '^/loquat\\.': { target: backend } } },
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  test: {
    environment: 'node',
    include: ['tests/**/*.test.ts'],
    restoreMocks: true,
    css: true,
    // The machine may be busy with other builds.
    testTimeout: 30_000,
  },
}));
