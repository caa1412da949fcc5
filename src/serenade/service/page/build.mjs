// Builds both pages: `node build.mjs [OUT]`. The result is in the wheel; a test builds it again and compares.
// OUT is the page of the service; OUT/static is the page of `serenade page --static`, without style and models.
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const RUNTIME = "ort-wasm-simd-threaded.wasm";

const out = process.argv[2] ?? "built";
const options = { bundle: true, minify: true, target: "es2022", format: "esm", legalComments: "none" };
await mkdir(`${out}/static/page`, { recursive: true });
await mkdir(`${out}/page`, { recursive: true });
await build({ ...options, entryPoints: { page: "source/main.ts" }, outdir: `${out}/page` });
await build({ entryPoints: { page: "source/page.css" }, minify: true, outdir: `${out}/page` });
await build({
  ...options,
  entryPoints: { page: "source/browser/main.ts", worker: "source/browser/worker.ts" },
  outdir: `${out}/static/page`,
});
await copyFile(`node_modules/onnxruntime-web/dist/${RUNTIME}`, `${out}/static/page/${RUNTIME}`);
await copyFile("source/browser/onnxruntime-web.LICENSE", `${out}/static/page/onnxruntime-web.LICENSE`);
const html = await readFile("source/index.html", "utf8");
await writeFile(`${out}/index.html`, pageOf("service"));
await writeFile(`${out}/static/index.html`, pageOf("browser"));

/** The page without the blocks `<!-- other -->…<!-- end -->` of the other one. */
function pageOf(name) {
  return html.replace(/ *<!-- (\w+)\b[^>]*-->\n([^]*?) *<!-- end -->\n?/g, (_, only, content) => (only === name ? content : ""));
}
