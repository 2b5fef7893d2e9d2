import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The program embeds the result and serves it on /authenticator/ under a policy without inline script or style, so
// nothing may be inlined, not even a small image.
export default defineConfig({
  base: "/authenticator/",
  plugins: [svelte()],
  build: {
    outDir: `${process.env.WEB_OUT ?? "../../build/web"}/authenticator`,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
