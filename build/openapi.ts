import { readFile, writeFile } from 'node:fs/promises'
import { openapi } from './openapi/document.ts'
import { format } from './openapi/format.ts'

/**
 * Writes `docs/openapi.json` from the schemas; with `--check` it only says whether that is what they say.
 */
const file = new URL('../docs/openapi.json', import.meta.url)
const text = format(openapi())

if (process.argv.includes('--check')) {
  const there = await readFile(file, 'utf8').catch(() => '')
  if (there !== text) {
    console.error('docs/openapi.json is not what the schemas say. Write it again: npm run openapi')
    process.exitCode = 1
  }
} else {
  await writeFile(file, text)
  console.log(`docs/openapi.json: ${Buffer.byteLength(text)} bytes`)
}
