// Runs one of the project's TypeScript programs: `node build/run.mjs local/main.ts [argument ...]`.
// Plain JavaScript, so that an old Node or a missing set-up is answered with one clear line.
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [program = '', ...rest] = process.argv.slice(2)

const fail = (line) => {
  console.error(line)
  process.exit(1)
}

if (!existsSync(resolve(root, 'node_modules/.package-lock.json'))) {
  fail('The Node packages are not installed. Run: npm run setup')
}
if (Number(process.versions.node.split('.')[0]) < 24) {
  fail(
    `Node ${process.versions.node} is too old: Node 24 or newer is needed. Run: npm run setup (it brings Node 24 for Linux on x64 and arm64)`,
  )
}

const file = resolve(root, program)
process.argv = [process.execPath, file, ...rest]
await import(pathToFileURL(file).href)
