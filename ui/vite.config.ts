// Builds the page into the webserver's package; nothing inline, and packed copies beside what is worth it.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const SERVER = process.env.RUNFOLD_URL ?? "http://127.0.0.1:8080";
const PACKED = /\.(js|css|svg)$/;
const PACKED_MIN_BYTES = 1_000;

/** Write a .br and a .gz beside each built text. */
function packed(): Plugin {
  let folder = "";
  return {
    name: "packed",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir, "assets");
    },
    closeBundle() {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        if (!PACKED.test(name) || statSync(path).size < PACKED_MIN_BYTES) continue;
        const content = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
        const quality = { [constants.BROTLI_PARAM_QUALITY]: 10 };
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params: quality }));
      }
    },
  };
}

/** Libraries that few places need, and come when they are. */
const BIG = /@codemirror|@lezer|@marijn|@xyflow|@dagrejs|uplot|d3-|Drawn|parts\/(code|editor)\//;
/** What several pages share comes as one file: the first view would wait for some forty, six at a time. */
const isSmall = (id: string) => !BIG.test(id);

export default defineConfig({
  base: "/ui/",
  plugins: [react(), packed()],
  resolve: { alias: { "~": join(import.meta.dirname, "src") } },
  html: { cspNonce: "NONCE-OF-THIS-ANSWER" },
  build: {
    outDir: "../services/runfold/webserver/page",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2024",
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "shared", test: isSmall, minShareCount: 2 }] } },
    },
  },
  server: { proxy: { "/api": { target: SERVER, changeOrigin: false } } },
});
