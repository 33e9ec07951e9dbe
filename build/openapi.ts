import { readFile, writeFile } from 'node:fs/promises'
import { actionsPage } from './openapi/actions-page.ts'
import { openapi } from './openapi/document.ts'
import { format } from './openapi/format.ts'

/**
 * Writes what the schemas and the table of actions say: `docs/openapi.json` and `docs/volume-actions.md`. With `--check` it
 * only says whether that is what is there.
 */
const pages = { 'openapi.json': format(openapi()), 'volume-actions.md': actionsPage() }

for (const [name, text] of Object.entries(pages)) {
  const file = new URL(`../docs/${name}`, import.meta.url)
  if (!process.argv.includes('--check')) {
    await writeFile(file, text)
    console.log(`docs/${name}: ${Buffer.byteLength(text)} bytes`)
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    console.error(`docs/${name} is not what the schemas say. Write it again: npm run openapi`)
    process.exitCode = 1
  }
}
