import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from 'aws-lambda'
import { type Functions, functionRunner } from '../../local/functions.ts'
import { redirectOutput } from '../../local/output.ts'
import { describeService, type Service } from '../../local/service.ts'

// What the SDK and functions write belongs to the lines a test asks for, not on its screen.
redirectOutput()

export type Handlers = Record<string, (event: never, context: Context) => unknown>

/** A service with a function for each handler, and whatever else of the file a test is about. */
export const serviceOf = (yaml: string): Service =>
  describeService(`service: test\nprovider: { name: aws, timeout: 5 }\n${yaml}`, { env: {}, options: {} })

export const functionsOf = (service: Service, handlers: Handlers, lines: string[] = []): Functions =>
  functionRunner(
    service,
    async ({ key }) => {
      const handler = handlers[key]
      if (!handler) throw new Error(`no handler ${key}`)
      return (event, context) => handler(event as never, context)
    },
    (text) => lines.push(text),
  )

/** A folder that is gone after the test. */
export const temporaryFolder = async (): Promise<{ path: string } & AsyncDisposable> => {
  const path = await mkdtemp(join(tmpdir(), 'cinderless-local-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Ask until it is so; the test's own time-out is the limit. */
export const eventually = async <T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> => {
  for (;;) {
    const found = await ask()
    if (found !== undefined && found !== false) return found
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
}
