import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { defineConfig } from "vite";

const outDir = resolve(import.meta.dirname, process.env.WEB_OUT ?? "../../build/web", "authenticator");

// The shell is everything that the first build left, so it runs after it; its name is the digest of all of it.
function shell() {
  const files = readdirSync(outDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "sw.js")
    .map((entry) => join(entry.parentPath, entry.name).slice(outDir.length + 1))
    .sort();
  const digest = createHash("sha256");
  for (const file of files)
    digest
      .update(file)
      .update("\0")
      .update(readFileSync(join(outDir, file)));
  return { version: digest.digest("hex").slice(0, 16), files };
}

export default defineConfig(() => {
  const { version, files } = shell();
  return {
    define: { SHELL_VERSION: JSON.stringify(version), SHELL_FILES: JSON.stringify(files) },
    publicDir: false,
    build: {
      outDir,
      emptyOutDir: false,
      target: "es2022",
      reportCompressedSize: false,
      lib: { entry: "src/sw.ts", formats: ["iife"], name: "worker", fileName: () => "sw.js" },
    },
  };
});
