import { AsyncLocalStorage } from 'node:async_hooks'

type Write = typeof process.stdout.write

/** Where the lines of the running invocation go. */
const sinks = new AsyncLocalStorage<(text: string) => void>()

const redirected = (original: Write): Write => {
  const write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    const sink = sinks.getStore()
    if (!sink) return Reflect.apply(original, undefined, [chunk, ...rest])
    sink(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())
    const done = rest.at(-1)
    if (typeof done === 'function') done()
    return true
  }
  return write
}

/** Redirect one stream. @returns what makes it as it was. */
const redirect = (stream: NodeJS.WriteStream): (() => void) => {
  const own = Object.getOwnPropertyDescriptor(stream, 'write')
  stream.write = redirected(stream.write.bind(stream))
  return () => {
    if (own) Object.defineProperty(stream, 'write', own)
    else Reflect.deleteProperty(stream, 'write')
  }
}

let installed: readonly (() => void)[] = []
let users = 0

/**
 * From now on what an invocation writes to standard output or error goes to its own sink: Lambda sends it to the
 * function's log, and a terminal stays readable. Everything else is written as before.
 *
 * @returns what takes the redirection away again, once nobody uses it.
 */
export const redirectOutput = (): (() => void) => {
  users += 1
  if (users === 1) installed = [redirect(process.stdout), redirect(process.stderr)]
  return () => {
    users -= 1
    if (users > 0) return
    for (const restore of installed) restore()
  }
}

/** Run with standard output and error going to `sink`, also in whatever it starts. */
export const withOutput = <T>(sink: (text: string) => void, run: () => T): T => sinks.run(sink, run)

/** Write to the real standard output, also from within an invocation. */
export const writeThrough = (text: string): boolean => sinks.exit(() => process.stdout.write(text))
