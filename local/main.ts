import { appendFileSync } from 'node:fs'
import { enableCompileCache, flushCompileCache } from 'node:module'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { reasonOf } from './state.ts'

const usage = `The whole system on this machine, with a simulated StorPool cluster.

  npm start -- [--port N] [--host ADDR] [--state DIR] [--fresh] [--no-images] [--verbose]

  --port N     the port of the API; 8776 unless said, 0 for any free one
  --host ADDR  the address it listens on; 127.0.0.1 unless said, another only with CINDERLESS_AUTH
  --state DIR  the folder that keeps everything; .local unless said
  --fresh      forget what the folder holds
  --no-images  make no example images
  --verbose    show what functions log
  --help       this text

Who calls is believed, unless CINDERLESS_AUTH says how to check it: docs/auth.md.
With SP_API_HTTP_HOST, SP_API_HTTP_PORT and SP_AUTH_TOKEN in the environment it talks to that cluster instead.`

const fail = (line: string): never => {
  console.error(line)
  process.exit(1)
}

const argumentsOf = () => {
  try {
    return parseArgs({
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        state: { type: 'string' },
        fresh: { type: 'boolean', default: false },
        images: { type: 'boolean', default: true },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
      allowNegative: true,
    }).values
  } catch (error) {
    return fail(`${reasonOf(error)}\n\n${usage}`)
  }
}

const portOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const port = Number(text)
  return /^\d+$/.test(text) && port < 65_536
    ? port
    : fail(`--port ${text} is no port: give a number from 0 to 65535`)
}

/** Something to copy onto a volume; made in the background, as it takes longer than a start, and told of when it is there. */
const makeImages = async (folder: string): Promise<void> => {
  try {
    const { makeDemoImages } = await import('./demo-image.ts')
    const { raw, qcow2 } = await makeDemoImages(folder)
    console.log(`Example images: ${raw}, ${basename(qcow2)}`)
  } catch (error) {
    console.error(`The example images could not be made: ${reasonOf(error)}. npm run setup brings qemu-img`)
  }
}

const { port: portText, host, state, fresh, images, verbose, help } = argumentsOf()
if (help) {
  console.log(usage)
  process.exit(0)
}
const port = portOf(portText)

try {
  // Half of what a start takes is compiling: kept from one start to the next, where node_modules may be written.
  enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)))
  const [{ startSystem }, { walk }] = await Promise.all([import('./system.ts'), import('./walk.ts')])
  const system = await startSystem({
    fresh,
    verbose,
    threads: true,
    ...(port !== undefined && { port }),
    ...(host !== undefined && { host }),
    ...(state !== undefined && { state }),
  })
  // A function that fails outside of its invocation would end its own sandbox on AWS, and must not end this.
  for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
    process.on(event, (error: unknown) => {
      try {
        appendFileSync(system.log, `${error instanceof Error ? error.stack : String(error)}\n`)
      } catch {
        // What is said on the terminal is all there is, then.
      }
      console.error(`Something failed outside of any request: ${reasonOf(error)}; more in ${system.log}`)
    })
  }
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(130)
      stopping = true
      console.log('Stopping; what runs may end. Again to stop at once.')
      void system.close().then(() => process.exit(0))
    })
  }
  console.log(`ready ${system.url}`)
  console.log(walk(system))
  for (const line of system.cluster.missing) console.error(line)
  for (const { key, reason } of await system.functions.load())
    console.error(`Function ${key} cannot be loaded: ${reason}`)
  flushCompileCache()
  if (images) await makeImages(join(system.state, 'images'))
} catch (error) {
  if (error instanceof Error && error.name === 'CannotStart') fail(error.message)
  throw error
}
