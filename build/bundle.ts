import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { packagedFunctions } from './functions.ts'
import { printSizes, type Size } from './sizes.ts'
import { trim } from './trim.ts'
import { zip } from './zip.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Programs that are one file too: what a host, or a test elsewhere, is given. The agent is CommonJS, in which Node's
 * own modules are loaded when they are needed: sshd starts it for every call.
 */
const programs = [
  { name: 'agent', format: 'cjs', extension: '.cjs' },
  { name: 'simulator', format: 'esm', extension: '.mjs' },
] as const

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'dist') },
    'source-maps': { type: 'boolean', default: false },
  },
})

const write = async (file: string, content: Uint8Array) => {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, content)
}

const began = performance.now()
const functions = await packagedFunctions(root)

const bundles = async (
  entryPoints: { in: string; out: string }[],
  format: 'cjs' | 'esm',
  extension: string,
): Promise<ReadonlyMap<string, Uint8Array>> => {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: options.out,
    outExtension: { '.js': extension },
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format,
    mainFields: ['module', 'main'],
    legalComments: 'none',
    sourcemap: options['source-maps'] ? 'linked' : false,
    plugins: [trim],
    write: false,
    logLevel: 'warning',
  }).catch(() => process.exit(1))
  return new Map(outputFiles.map(({ path, contents }) => [relative(options.out, path), contents]))
}

// CommonJS: importing node:http from an ES module costs a function 28 ms of processor time when it starts.
const [handlers, ...mains] = await Promise.all([
  bundles(
    functions.map(({ module }) => ({ in: `${module}.ts`, out: module })),
    'cjs',
    '.cjs',
  ),
  ...programs.map(({ name, format, extension }) =>
    bundles([{ in: `${name}/main.ts`, out: name }], format, extension),
  ),
])

await rm(join(options.out, 'functions'), { recursive: true, force: true })
for (const [path, contents] of [handlers, ...mains].flatMap((files) => [...files]))
  await write(join(options.out, path), contents)

const sizes: Size[] = []
for (const { name, module, artifact } of functions) {
  const mine = [`${module}.cjs`, `${module}.cjs.map`]
  const entries = mine.flatMap((path) => {
    const content = handlers.get(path)
    return content === undefined ? [] : [{ path, content }]
  })
  const zipped = zip(entries)
  await write(join(options.out, relative('dist', artifact)), zipped)
  sizes.push({ name, minified: handlers.get(`${module}.cjs`)?.length ?? 0, zipped: zipped.length })
}
for (const [at, { name, extension }] of programs.entries()) {
  sizes.push({ name: `${name} (program)`, minified: mains[at]?.get(`${name}${extension}`)?.length ?? 0 })
}

printSizes(sizes)
console.log(`\n${functions.length} functions in ${Math.round(performance.now() - began)} ms`)
