// Builds the page: `node build.mjs [OUT]`. The result is in the wheel; a test builds it again and compares.
import { copyFile, mkdir } from "node:fs/promises";
import { build } from "esbuild";

const out = process.argv[2] ?? "built";
await mkdir(`${out}/page`, { recursive: true });
await build({
  entryPoints: { page: "source/main.ts" },
  bundle: true,
  minify: true,
  target: "es2022",
  format: "esm",
  outdir: `${out}/page`,
});
await build({ entryPoints: { page: "source/page.css" }, minify: true, outdir: `${out}/page` });
await copyFile("source/index.html", `${out}/index.html`);
