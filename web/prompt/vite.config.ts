import { defineConfig } from "vite";

// The pages themselves come from the program (src/web); it finds these files through manifest.json.
export default defineConfig({
  base: "/assets/",
  build: {
    outDir: `${process.env.WEB_OUT ?? "../../build/web"}/prompt`,
    assetsDir: "",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: "manifest.json",
    rollupOptions: { input: { prompt: "src/prompt.ts" } },
  },
});
