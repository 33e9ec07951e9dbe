import { parseArgs } from 'node:util'
import { FolderError, reasonOf } from './errors.ts'
import { defaultToken, type Simulator, startSimulator } from './server.ts'
import { defaultLocation } from './world.ts'

const help = `A stand-in for StorPool's management API, with real bytes under it.

  npm run simulator -- [--port N] [--token T] [--data DIR] [--location L]

  --port N     port on 127.0.0.1; 81, as on a real node, needs root       (default 8081; 0: any free one)
  --token T    what clients send as SP_AUTH_TOKEN                         (default ${defaultToken})
  --data DIR   folder for objects, bytes and device links, kept over restarts  (default .local/simulator)
  --location L first part of the global ids: each of two simulators at one host needs its own  (default ${defaultLocation})
  --help       this text

Prints "ready http://127.0.0.1:PORT" when it takes calls; Ctrl-C ends it. What it does differently from a cluster,
its knobs and its faults on demand: simulator/README.md.
`

/** What went wrong, in one line that says what to do. */
class UsageError extends Error {}

const options = () => {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '8081' },
        token: { type: 'string', default: defaultToken },
        data: { type: 'string', default: '.local/simulator' },
        location: { type: 'string', default: defaultLocation },
        help: { type: 'boolean', default: false },
      },
    })
    const port = Number(values.port)
    if (!/^\d+$/.test(values.port) || port > 65_535) {
      throw new UsageError(`--port ${values.port} is no port: give a number from 0 to 65535`)
    }
    if (values.token === '') throw new UsageError('--token is empty: give one, or leave it out')
    if (!/^[a-z0-9]+$/.test(values.location)) {
      throw new UsageError(`--location ${values.location} is none: give lower-case letters and digits`)
    }
    return { ...values, port }
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${reasonOf(error)} (see --help)`)
  }
}

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

const remedy = (error: unknown, port: number): string => {
  if (error instanceof UsageError || error instanceof FolderError) return error.message
  const code = codeOf(error)
  if (code === 'EADDRINUSE') return `port ${port} is in use: choose another --port, or 0 for any free one`
  if (code === 'EACCES' && port > 0 && port < 1024)
    return `port ${port} needs root: choose a --port above 1023`
  return reasonOf(error)
}

/** End on the first signal, cleanly; at once on the second. */
const endOnSignal = (simulator: Simulator) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      simulator.close().then(
        () => process.exit(0),
        (error: unknown) => {
          process.stderr.write(`simulator: ${reasonOf(error)}\n`)
          process.exit(1)
        },
      )
    })
  }
}

let port = 0
try {
  const chosen = options()
  port = chosen.port
  if (chosen.help) process.stdout.write(help)
  else {
    const simulator = await startSimulator({
      port,
      token: chosen.token,
      data: chosen.data,
      location: chosen.location,
    })
    endOnSignal(simulator)
    process.stdout.write(`ready ${simulator.url}\n`)
  }
} catch (error) {
  process.stderr.write(`simulator: ${remedy(error, port)}\n`)
  process.exitCode = 1
}
