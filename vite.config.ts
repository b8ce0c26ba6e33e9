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

const NOTICE = `/*! mvcustom camera path widget, Apache-2.0; built from ${SOURCES} with "npm run build", do not edit; sources ${digestSources()}
three.js: Copyright 2010-2025 three.js authors, MIT License: Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without
limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions: The above copyright notice and this permission
notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY
KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN
ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE. */`

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
