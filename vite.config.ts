// Builds the camera path widget, web/src, into the one file that ComfyUI loads, web/js/camera_path.js. ComfyUI loads every .js file
// below web/, so that this file and node_modules stay outside it. The first line of the built file names the sources by a digest, which a
// test compares where there is no node.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig, type Plugin } from 'vite'

const SOURCES = 'web/src'

function digestSources(): string {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replaceAll('\\', '/'))
    .sort()
  const hash = createHash('sha256')
  for (const name of files) hash.update(name + '\n' + readFileSync(join(SOURCES, name), 'utf8').replaceAll('\r\n', '\n') + '\n')
  hash.update(readFileSync('package-lock.json', 'utf8').replaceAll('\r\n', '\n'))
  return hash.digest('hex')
}

const NOTICE = `/*! mvcustom camera path widget, Apache-2.0, without foreign code. Built from ${SOURCES} by "npm run build": do not edit. Sources ${digestSources()} */`

const noticeFirst: Plugin = {
  name: 'notice-first',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) if (chunk.type === 'chunk') chunk.code = `${NOTICE}\n${chunk.code}`
  }
}

export default defineConfig({
  publicDir: false,
  plugins: [noticeFirst],
  build: {
    outDir: process.env.MVCUSTOM_WIDGET_OUTPUT ?? 'web/js',
    emptyOutDir: false,
    target: 'es2022',
    minify: 'esbuild',
    modulePreload: false,
    rollupOptions: {
      input: 'web/src/main.ts',
      preserveEntrySignatures: 'strict', // the tests read what main.ts exports
      external: [/\/scripts\/(app|api)\.js$/],
      output: { format: 'es', entryFileNames: 'camera_path.js' }
    }
  }
})
