import { resolve } from "node:path";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// Two pages, since they may do different things: the one that opens history has no way to the network at all, the one
// that sets up keys sends their public halves. As all pages, without inline script or style.
export default defineConfig({
  base: "/reader/",
  plugins: [svelte()],
  build: {
    outDir: `${process.env.WEB_OUT ?? "../../build/web"}/reader`,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      input: {
        open: resolve(import.meta.dirname, "index.html"),
        setup: resolve(import.meta.dirname, "setup/index.html"),
      },
    },
  },
});
